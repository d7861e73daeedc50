use std::time::Duration;

use store::Fence;
use tokio::sync::watch;

/// How long work under way may take to end by itself when the turn is over.
const ENDING: Duration = Duration::from_secs(1);

/// Whether it is this process's turn to work: of several replicas one has it at a time. Clones are the same turn.
#[derive(Debug, Clone)]
pub struct Turn(Option<watch::Receiver<Option<Fence>>>);

impl Turn {
    /// For ever: the process is the only one.
    pub const fn always() -> Self {
        Self(None)
    }

    /// As long as the other end names a lease under which it is.
    pub const fn as_told(told: watch::Receiver<Option<Fence>>) -> Self {
        Self(Some(told))
    }

    /// Whether it is on.
    pub fn is_on(&self) -> bool {
        self.0.as_ref().is_none_or(|told| told.borrow().is_some())
    }

    /// Resolves when it is on.
    pub(crate) async fn begins(&self) {
        self.is(true).await;
    }

    /// Resolves when it is over.
    pub(crate) async fn ends(&self) {
        self.is(false).await;
    }

    /// Runs `work` during the turn. Work that sees the end of it is given a moment to come to a good place by itself; after
    /// that it is dropped where it waits, and what it had not committed has not happened. Where it does not see the end,
    /// because the process stood still, the database refuses what it would commit.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let over = async {
            self.ends().await;
            kernel::pause(ENDING).await;
        };
        tokio::select! {
            biased;
            outcome = self.fence().around(work) => Some(outcome),
            () = over => None,
        }
    }

    /// That of the lease under which it is on; of none that is over already.
    fn fence(&self) -> Fence {
        let told = self.0.as_ref().and_then(|told| told.borrow().clone());
        told.unwrap_or_default()
    }

    async fn is(&self, on: bool) {
        let Some(told) = &self.0 else {
            match on {
                true => return,
                false => return std::future::pending().await,
            }
        };
        if told.clone().wait_for(|fence| fence.is_some() == on).await.is_err() {
            // Nobody can tell any more, and so it stays as it is.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn it_is_as_it_was_told_last() {
        let told = watch::Sender::new(None);
        let turn = Turn::as_told(told.subscribe());
        assert!(!turn.is_on() && turn.begins().now_or_never().is_none());
        told.send_replace(Some(Fence::none()));
        assert!(turn.is_on() && turn.begins().now_or_never().is_some() && turn.ends().now_or_never().is_none());
        assert!(Turn::always().is_on() && Turn::always().ends().now_or_never().is_none());
    }

    #[tokio::test]
    async fn work_is_dropped_that_outlasts_the_turn() {
        let told = watch::Sender::new(Some(Fence::none()));
        let turn = Turn::as_told(told.subscribe());
        assert_eq!(turn.during(std::future::ready(7)).await, Some(7));
        let kept = std::sync::Arc::new(());
        let held = kept.clone();
        let work = async move {
            std::future::pending::<()>().await;
            drop(held);
        };
        told.send_replace(None);
        let outcome = tokio::time::timeout(ENDING.saturating_mul(20), turn.during(work)).await;
        assert_eq!(outcome, Ok(None), "it is not waited for");
        assert_eq!(std::sync::Arc::strong_count(&kept), 1, "it was dropped");
    }
}
