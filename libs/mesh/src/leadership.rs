use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use store::Fence;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// How long to wait after leadership could not be asked for.
const PAUSE: Duration = Duration::from_millis(500);

/// Chooses one of several replicas.
#[async_trait]
pub trait Leadership: Send + Sync {
    /// Waits until this process leads in `role` ("ledger.workers").
    async fn lead(&self, role: &str) -> Result<Lease, Fault>;
}

/// Leadership, for as long as it lasts.
#[derive(Debug)]
pub struct Lease {
    fence: Fence,
    lost: watch::Receiver<bool>,
    keeper: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Lease {
    /// A lease that is lost when the sender says so or goes away. Its fence keeps what is written under it from being
    /// committed once another process has the lease.
    pub fn new(fence: Fence, lost: watch::Receiver<bool>) -> Self {
        let keeper = None;
        Self { fence, lost, keeper }
    }

    /// The same, kept by a task that is told when it is given up, and ends when others may have it.
    #[must_use]
    pub(crate) fn kept_by(self, told: oneshot::Sender<()>, keeper: JoinHandle<()>) -> Self {
        let keeper = Some((told, keeper));
        Self { keeper, ..self }
    }

    /// Greater than those of all leases of the role before it.
    pub fn token(&self) -> i64 {
        self.fence.token()
    }

    /// Resolves when another replica may lead.
    pub async fn lost(&mut self) {
        // The sender going away is a loss too.
        let _ = self.lost.wait_for(|lost| *lost).await;
    }

    /// Gives it up, so that another one need not wait for its end.
    pub async fn give_up(self) {
        if let Some((told, keeper)) = self.keeper {
            // It may have ended with the loss.
            let _ = told.send(());
            let _ = keeper.await;
        }
    }
}

/// A replica that leads in everything: it is the only one.
#[derive(Debug)]
pub struct Unopposed(watch::Sender<bool>);

impl Default for Unopposed {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

#[async_trait]
impl Leadership for Unopposed {
    async fn lead(&self, _: &str) -> Result<Lease, Fault> {
        Ok(Lease::new(Fence::none(), self.0.subscribe()))
    }
}

/// Leads in `role` whenever it can, until `end`: `turn` has the fence of the lease meanwhile. What that opens is to be closed by
/// the caller, who waits for the end, before the lease that is answered is given up.
pub async fn follow(
    leadership: &dyn Leadership,
    role: &str,
    turn: &watch::Sender<Option<Fence>>,
    end: impl Future<Output = ()>,
) -> Option<Lease> {
    tokio::pin!(end);
    loop {
        let outcome = tokio::select! {
            outcome = leadership.lead(role) => outcome,
            () = &mut end => return None,
        };
        let mut lease = match outcome {
            Ok(lease) => lease,
            Err(fault) => {
                tracing::warn!(role, %fault, "leadership cannot be asked for");
                tokio::select! {
                    () = kernel::pause(PAUSE) => continue,
                    () = &mut end => return None,
                }
            }
        };
        tracing::info!(role, token = lease.token(), "this process leads");
        turn.send_replace(Some(lease.fence.clone()));
        tokio::select! {
            () = lease.lost() => {}
            () = &mut end => return Some(lease),
        }
        turn.send_replace(None);
        tracing::warn!(role, "this process no longer leads");
    }
}
