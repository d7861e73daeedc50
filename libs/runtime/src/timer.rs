use std::time::Duration;

use kernel::{Clock, Time};
use store::Deadlines;

use crate::Deps;

/// How long a worker sleeps that knows of nothing, or of nothing sooner. Another process may have written a deadline and died
/// before it came; what was set aside at its time is tried again.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// The same where other replicas write to the database too, whose nearer deadlines nobody tells.
const LOOK_AGAIN_AMONG_OTHERS: Duration = Duration::from_millis(500);

/// The rest of a worker whose work becomes due: it ends when the next deadline comes that was found, or a nearer one that is
/// committed meanwhile ([`store::Tx::comes_due`]).
///
/// For deadlines that somebody waits for. What nobody waits for is better done many at a time, after a pause.
pub struct Timer {
    clock: Clock,
    deadlines: Deadlines,
    look_again: Duration,
    looked: Time,
    next: Option<Time>,
}

impl Timer {
    /// The timer of the deadlines of this name, which is also their worker's.
    pub fn new(name: &'static str, deps: &Deps) -> Self {
        let is_alone = deps.db.commits().is_some();
        Self {
            clock: deps.clock.clone(),
            deadlines: deps.db.deadlines(name),
            look_again: match is_alone {
                true => LOOK_AGAIN,
                false => LOOK_AGAIN_AMONG_OTHERS,
            },
            looked: Time::EPOCH,
            next: None,
        }
    }

    /// Begins a look, and answers the time by which something is due in it.
    pub fn look(&mut self) -> Time {
        // In this order: what is committed from here on is either seen by the look, or told.
        self.deadlines.see();
        (self.looked, self.next) = (self.clock.now(), None);
        self.looked
    }

    /// The look has done all that is due, and this comes due next.
    pub fn found_next(&mut self, due: Option<Time>) {
        // What was due by then and was not done waits for something else than the clock.
        self.next = due.filter(|due| *due > self.looked);
    }

    /// Returns when something may be due.
    pub async fn rest(&self) {
        tokio::select! {
            () = self.deadlines.wait_for_nearest(self.next, |due| self.clock.sleep_until(due)) => {}
            () = self.clock.sleep(self.look_again) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::pin::pin;
    use std::sync::Arc;

    use futures::FutureExt;
    use rpc::{Peers, Signer};
    use store::{Db, DbConfig};

    use super::*;

    const NAME: &str = "test.deadlines";

    struct Setting {
        _folder: tempfile::TempDir,
        clock: Clock,
        db: Db,
        timer: Timer,
    }

    async fn setting() -> Setting {
        let folder = tempfile::tempdir().unwrap();
        let config = DbConfig::new(format!("sqlite:{}", folder.path().join("test.db").display()));
        let db = Db::open(&config, "test", Vec::new()).await.unwrap();
        let clock = Clock::manual(Time::from_seconds(1_000));
        let deps = Deps {
            clock: clock.clone(),
            db: db.clone(),
            peers: Peers::new("test", Signer::new(&[7; 32]), BTreeMap::new()),
            facts: Arc::new(crate::NoFacts),
            red: telemetry::Red::default(),
        };
        let timer = Timer::new(NAME, &deps);
        Setting {
            _folder: folder,
            clock,
            db,
            timer,
        }
    }

    async fn commit(db: &Db, name: &'static str, time: Time) {
        let tx = db.begin().await.unwrap();
        tx.comes_due(name, time);
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn it_rests_until_the_next_deadline_and_not_longer() {
        let Setting { clock, mut timer, .. } = setting().await;
        let due = timer.look().plus(Duration::from_secs(2));
        timer.found_next(Some(due));
        let mut rest = pin!(timer.rest());
        clock.advance(Duration::from_millis(1_999));
        assert!(rest.as_mut().now_or_never().is_none());
        clock.turn_to(due);
        assert!(rest.now_or_never().is_some());
    }

    #[tokio::test]
    async fn it_looks_again_after_a_while_whatever_it_knows() {
        let Setting { clock, mut timer, .. } = setting().await;
        let far = timer.look().plus(Duration::from_hours(1));
        for known in [None, Some(far)] {
            timer.found_next(known);
            let mut rest = pin!(timer.rest());
            assert!(rest.as_mut().now_or_never().is_none());
            clock.advance(LOOK_AGAIN);
            assert!(rest.now_or_never().is_some());
        }
    }

    #[tokio::test]
    async fn a_nearer_deadline_that_is_committed_meanwhile_shortens_the_rest() {
        let Setting {
            clock, db, mut timer, ..
        } = setting().await;
        let now = timer.look();
        timer.found_next(Some(now.plus(Duration::from_secs(4))));
        let mut rest = pin!(timer.rest());
        assert!(rest.as_mut().now_or_never().is_none());
        commit(&db, "test.others", now.plus(Duration::from_secs(1))).await;
        commit(&db, NAME, now.plus(Duration::from_secs(2))).await;
        commit(&db, NAME, now.plus(Duration::from_secs(3))).await;
        clock.advance(Duration::from_secs(1));
        assert!(rest.as_mut().now_or_never().is_none(), "it was another name's");
        clock.advance(Duration::from_secs(1));
        assert!(rest.now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_deadline_that_is_committed_during_the_look_is_not_missed_and_one_from_before_is_not_told_again() {
        let Setting {
            clock, db, mut timer, ..
        } = setting().await;
        commit(&db, NAME, clock.now()).await;
        let now = timer.look();
        assert!(timer.rest().now_or_never().is_none(), "the look has seen it");
        commit(&db, NAME, now).await;
        timer.found_next(None);
        assert!(timer.rest().now_or_never().is_some());
    }

    #[tokio::test]
    async fn what_was_due_at_the_look_and_waits_for_something_else_is_no_reason_to_look_at_once() {
        let Setting { mut timer, .. } = setting().await;
        let now = timer.look();
        timer.found_next(Some(now));
        assert!(timer.rest().now_or_never().is_none());
    }
}
