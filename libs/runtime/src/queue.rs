use std::collections::BTreeSet;
use std::time::Duration;

use fault::Fault;
use kernel::{Clock, Tenant, Time};
use store::{Db, StuckItem, stuck};
use telemetry::Red;

use crate::{Deps, caught};

/// The pause after an item's first failure; it doubles with each further one.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_mins(5);
/// How often an item is tried before it is parked: over some twelve minutes.
const TRIES_MAX: u32 = 10;
/// How many items that failed before are looked up after a success.
const RETRIED_MAX: i64 = 1_000;

/// The list that a worker works off: none of its items holds up the others.
///
/// What fails is noted (`stuck_item`), tried again after a pause that grows, and parked in the end, or at once where it is
/// refused: then `doctor` shows it, and it waits for an operator or for another definition. Trouble of the database is no
/// item's fault: it is the worker's, who tries everything again.
#[derive(Clone)]
pub struct Queue {
    name: &'static str,
    db: Db,
    clock: Clock,
    red: Red,
}

/// What is done about a failure.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Nothing about this item: whatever is tried would fail.
    Trouble,
    /// It is tried again after a while.
    Pause(Duration),
    /// It waits for an operator.
    Park,
}

impl Queue {
    /// The queue of this name, in the service's own database.
    pub fn new(name: &'static str, deps: &Deps) -> Self {
        Self {
            name,
            db: deps.db.clone(),
            clock: deps.clock.clone(),
            red: deps.red.clone(),
        }
    }

    /// Its name, which is also its worker's.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether an item is not set aside, for a list that is none of the database's.
    pub async fn has_free(&self, tenant: Tenant, item: &str) -> Result<bool, Fault> {
        let stuck = self.db.stuck_item(self.name, tenant, item).await?;
        let now = self.clock.now();
        Ok(stuck.is_none_or(|stuck| stuck.may_be_tried(now)))
    }

    /// Works on one item. Where that fails, or panics, the item is set aside, and there is no outcome.
    pub async fn attempt<T, F, W>(&self, tenant: Tenant, item: &str, work: F) -> Result<Option<T>, Fault>
    where
        F: Fn() -> W,
        W: Future<Output = Result<T, Fault>>,
    {
        match rpc::retry(|| caught(work())).await {
            Ok(outcome) => {
                self.forget(&BTreeSet::from([(tenant, item.to_owned())])).await?;
                Ok(Some(outcome))
            }
            Err(fault) => self.set_aside(tenant, item, fault).await.map(|_| None),
        }
    }

    /// Works on many items at once: on all of them, and where that fails on halves, down to those that fail by themselves,
    /// which are set aside. Answers how many it has worked on, those among them.
    pub async fn attempt_all<T, F, W>(
        &self,
        items: Vec<T>,
        name: impl Fn(&T) -> (Tenant, String),
        work: F,
    ) -> Result<usize, Fault>
    where
        T: Clone,
        F: Fn(Vec<T>) -> W,
        W: Future<Output = Result<(), Fault>>,
    {
        let count = items.len();
        let names: BTreeSet<(Tenant, String)> = items.iter().map(&name).collect();
        let (mut left, mut failed) = (vec![items], BTreeSet::new());
        while let Some(mut some) = left.pop() {
            if some.is_empty() {
                continue;
            }
            let outcome = rpc::retry(|| caught(work(some.clone()))).await;
            match (outcome, &*some) {
                (Ok(()), _) => {}
                (Err(fault @ Fault::Unavailable { .. }), _) => return Err(fault),
                (Err(fault), [one]) => {
                    let (tenant, item) = name(one);
                    self.set_aside(tenant, &item, fault).await?;
                    failed.insert((tenant, item));
                }
                (Err(_), _) => {
                    let second = some.split_off(some.len().div_ceil(2));
                    left.extend([second, some]);
                }
            }
        }
        self.forget(&names.difference(&failed).cloned().collect()).await?;
        Ok(count)
    }

    /// Notes that an item has failed. Answers when it is tried again; none where it is parked. Fails with what is not the
    /// item's own fault.
    pub async fn set_aside(&self, tenant: Tenant, item: &str, fault: Fault) -> Result<Option<Time>, Fault> {
        let before = self.db.stuck_item(self.name, tenant, item).await?;
        let tries = before.map_or(1, |before| before.tries.saturating_add(1));
        let now = self.clock.now();
        let retry_time = match verdict(&fault, tries) {
            Verdict::Trouble => return Err(fault),
            Verdict::Pause(pause) => Some(now.plus(pause)),
            Verdict::Park => None,
        };
        let stuck = StuckItem {
            queue: self.name.to_owned(),
            tenant,
            item: item.to_owned(),
            tries,
            reason: fault.to_string(),
            retry_time,
            fail_time: now,
        };
        let tx = self.db.begin().await?;
        stuck.save(&tx).await?;
        tx.commit().await?;
        self.tell(&stuck);
        Ok(retry_time)
    }

    fn tell(&self, stuck: &StuckItem) {
        let StuckItem {
            queue,
            tenant,
            item,
            tries,
            reason,
            ..
        } = stuck;
        self.red.add(
            "worker_item_failures_total",
            "How often an item of a worker's queue has failed, the others going on.",
            1,
        );
        if stuck.is_parked() {
            self.red.add(
                "worker_items_parked_total",
                "Items of workers' queues that were parked; `quanyu parked list` shows them.",
                1,
            );
            tracing::error!(queue, %tenant, item, tries, reason, "an item was parked: mend the cause, then `quanyu parked replay`");
        } else {
            tracing::warn!(queue, %tenant, item, tries, reason, "an item failed and is tried again; the others go on");
        }
    }

    /// What has succeeded has no failures any more.
    pub async fn forget(&self, succeeded: &BTreeSet<(Tenant, String)>) -> Result<(), Fault> {
        let retried = self.db.retried_items(self.name, self.clock.now(), RETRIED_MAX).await?;
        let healed: Vec<_> = retried.iter().filter(|item| succeeded.contains(item)).collect();
        if healed.is_empty() {
            return Ok(());
        }
        let tx = self.db.begin().await?;
        for (tenant, item) in healed {
            stuck::release(&tx, self.name, *tenant, item).await?;
        }
        tx.commit().await
    }
}

/// What is done after so many failures of an item. A lost race may be the item's own, where a key was not foreseen: it is
/// counted as any other failure.
fn verdict(fault: &Fault, tries: u32) -> Verdict {
    match fault {
        Fault::Unavailable { .. } => Verdict::Trouble,
        _ if fault.is_refusal() || tries >= TRIES_MAX => Verdict::Park,
        Fault::Refused(_) | Fault::Contended | Fault::Internal(_) => {
            let doublings = tries.saturating_sub(1).min(16);
            Verdict::Pause(PAUSE.saturating_mul(2_u32.saturating_pow(doublings)).min(PAUSE_MAX))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_waits_longer_each_time_and_is_parked_in_the_end() {
        let fault = Fault::internal("broken");
        let pauses: Vec<Verdict> = (1..=TRIES_MAX).map(|tries| verdict(&fault, tries)).collect();
        let seconds = [1, 2, 4, 8, 16, 32, 64, 128, 256].map(|seconds| Verdict::Pause(Duration::from_secs(seconds)));
        assert_eq!(pauses, seconds.into_iter().chain([Verdict::Park]).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_refused_is_parked_at_once_and_what_is_away_never() {
        assert_eq!(verdict(&Fault::invalid("number", "is odd"), 1), Verdict::Park);
        assert_eq!(
            verdict(&Fault::unavailable("the disk is full"), 1_000),
            Verdict::Trouble
        );
        let overloaded = Fault::overloaded("too much waits", Duration::from_secs(1));
        assert_eq!(verdict(&overloaded, 1), Verdict::Pause(PAUSE));
        assert_eq!(verdict(&Fault::Contended, 2), Verdict::Pause(PAUSE * 2));
    }
}
