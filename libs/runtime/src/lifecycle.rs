use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How a process ends: asked once, it takes nothing new and finishes what is under way (soft); asked twice, or after
/// the time that it was given, it ends at once (hard). Every acknowledged write is on disk either way.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self::new()
    }
}

impl Lifecycle {
    /// A process that nobody has asked to end.
    pub fn new() -> Self {
        Self {
            soft: CancellationToken::new(),
            hard: CancellationToken::new(),
        }
    }

    /// Listens for SIGINT and SIGTERM: the first asks to end, the second ends at once, and so does `drain` after the
    /// first.
    pub fn listen_to_signals(&self, drain: Duration) -> std::io::Result<()> {
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let lifecycle = self.clone();
        tokio::spawn(async move {
            for token in [&lifecycle.soft, &lifecycle.hard] {
                let drained = async {
                    match lifecycle.soft.is_cancelled() {
                        true => kernel::pause(drain).await,
                        false => std::future::pending().await,
                    }
                };
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    () = drained => {}
                }
                token.cancel();
            }
        });
        Ok(())
    }

    /// Asks the process to end.
    pub fn stop(&self) {
        self.soft.cancel();
    }

    /// Whether the process has been asked to end.
    pub fn is_stopping(&self) -> bool {
        self.soft.is_cancelled()
    }

    /// Resolves when the process shall take nothing new.
    pub async fn stopping(&self) {
        self.soft.cancelled().await;
    }

    /// Runs `work`, the finishing of what is under way, until the process must end at once.
    pub async fn unless_ended<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            outcome = work => Some(outcome),
            () = self.hard.cancelled() => None,
        }
    }
}
