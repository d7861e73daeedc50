use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::Time;
use tokio::sync::watch;

/// What becomes due, by the names under which it was told, and when the first of it does.
pub(crate) type DueTimes = BTreeMap<&'static str, Time>;

/// Tells those who sleep until the next deadline that a nearer one was committed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alarm(Arc<watch::Sender<DueTimes>>);

/// The nearest deadline of a name that was committed through a handle of this process since somebody looked. Of those that
/// other processes commit nothing is known.
#[derive(Debug, Clone)]
pub struct Deadlines {
    alarm: Alarm,
    name: &'static str,
}

impl Alarm {
    /// Wakes nobody for what comes due later than is known already.
    pub(crate) fn tell(&self, due: &DueTimes) {
        self.0.send_if_modified(|known| {
            let mut is_nearer = false;
            for (name, time) in due {
                if known.get(name).is_none_or(|before| time < before) {
                    known.insert(name, *time);
                    is_nearer = true;
                }
            }
            is_nearer
        });
    }

    pub(crate) fn listen(&self, name: &'static str) -> Deadlines {
        let alarm = self.clone();
        Deadlines { alarm, name }
    }
}

impl Deadlines {
    /// Forgets what was told: a worker that looks now finds it in the database. To be called before the look.
    pub fn see(&self) {
        self.alarm.0.send_if_modified(|known| {
            known.remove(self.name);
            false
        });
    }

    /// Waits until `wait` does for the nearest of `known` and what is told meanwhile.
    pub async fn wait_for_nearest<W>(&self, known: Option<Time>, wait: impl Fn(Time) -> W)
    where
        W: Future<Output = ()>,
    {
        let mut told = self.alarm.0.subscribe();
        loop {
            let nearer = told.borrow_and_update().get(self.name).copied();
            let wait = async {
                match known.into_iter().chain(nearer).min() {
                    Some(due) => wait(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = wait => return,
                // The sender lives in `self`.
                _ = told.changed() => {}
            }
        }
    }
}
