use std::sync::Mutex;

use futures::FutureExt;
use tokio::sync::Semaphore;

use super::*;

/// What each run did, which begins when it may.
#[derive(Clone)]
struct Steps {
    may_run: Arc<Semaphore>,
    runs: Arc<Mutex<Vec<Vec<i64>>>>,
}

/// A number of whose outcome its sign and size tell: negative ones break their run.
const PANICS: i64 = -1;
const LOSES: i64 = -2;
const IS_AWAY: i64 = -3;
const FAILS: i64 = -4;
const REFUSED: i64 = 13;

impl Batch for Steps {
    const NOUN: &'static str = "numbers";
    const FULL: &'static str = "full";
    const STOPPED: &'static str = "stopped";

    type Ask = i64;
    type Answer = i64;
    type Key = i64;

    fn key(ask: &i64) -> i64 {
        *ask
    }

    fn weight(ask: &i64) -> u32 {
        if *ask >= 1_000 { u32::try_from(*ask).unwrap() } else { 1 }
    }

    async fn run(&self, asked: &[Asked<Self>]) -> Outcomes<Self> {
        self.may_run.acquire().await.unwrap().forget();
        let wanted: Vec<i64> = asked.iter().filter(|it| it.is_wanted()).map(|it| it.ask).collect();
        self.runs.lock().unwrap().push(wanted.clone());
        assert!(!wanted.contains(&PANICS), "panics");
        if wanted.contains(&LOSES) {
            return Err(Fault::Contended);
        }
        if wanted.contains(&IS_AWAY) {
            return Err(Fault::unavailable("away"));
        }
        if wanted.contains(&FAILS) {
            return Err(Fault::internal("fails"));
        }
        let outcome = |it: &Asked<Self>| match it.ask {
            REFUSED => Err(Fault::invalid("number", "is refused")),
            number => Ok(number + 1),
        };
        Ok(asked.iter().map(outcome).collect())
    }
}

fn start(runs: usize, waiting_max: u32, run_max: u32) -> (Steps, Batcher<Steps>) {
    let steps = Steps {
        may_run: Arc::new(Semaphore::new(0)),
        runs: Arc::default(),
    };
    let bounds = Bounds {
        lanes: 1,
        runs,
        waiting_max,
        run_max,
    };
    (steps.clone(), Batcher::start(steps, bounds))
}

impl Steps {
    fn go_on(&self) {
        self.may_run.add_permits(1_000);
    }

    fn runs(&self) -> Vec<Vec<i64>> {
        self.runs.lock().unwrap().clone()
    }
}

impl Batcher<Steps> {
    /// As many runs as may be are under way with one ask each, and nothing waits.
    async fn busy(&self, runs: usize) -> Vec<Pending<Steps>> {
        let mut under_way = Vec::new();
        for _ in 0..runs {
            let all = self.room(0);
            under_way.push(self.hand_in(0).unwrap());
            self.until_room(all).await;
        }
        under_way
    }

    async fn until_room(&self, room: usize) {
        while self.room(0) != room {
            tokio::task::yield_now().await;
        }
    }
}

fn reason(outcome: &Outcome<Steps>) -> String {
    outcome
        .as_ref()
        .err()
        .map(|fault| fault.reason().to_owned())
        .unwrap_or_default()
}

async fn reasons(pending: Vec<Pending<Steps>>) -> Vec<String> {
    let mut reasons = Vec::new();
    for pending in pending {
        reasons.push(reason(&pending.answer().await));
    }
    reasons
}

#[tokio::test]
async fn what_comes_while_a_run_is_under_way_is_the_next_one() {
    let (steps, batcher) = start(1, 100, 100);
    let first = batcher.busy(1).await;
    let others: Vec<_> = [7, REFUSED, 9].map(|number| batcher.hand_in(number).unwrap()).into();
    steps.go_on();
    assert_eq!(reasons(first).await, [""]);
    assert_eq!(reasons(others).await, ["", "INVALID_FIELD", ""]);
    assert_eq!(steps.runs(), [vec![0], vec![7, REFUSED, 9]]);
    assert_eq!(batcher.ask(20).await.unwrap(), 21);
}

#[tokio::test(start_paused = true)]
async fn what_breaks_a_run_breaks_alone() {
    for (poison, told) in [(PANICS, "INTERNAL"), (LOSES, "CONTENDED"), (FAILS, "INTERNAL")] {
        let (steps, batcher) = start(1, 100, 100);
        let first = batcher.busy(1).await;
        let others: Vec<_> = [1, 2, poison, 4, 5]
            .map(|number| batcher.hand_in(number).unwrap())
            .into();
        steps.go_on();
        assert_eq!(reasons(first).await, [""]);
        assert_eq!(reasons(others).await, ["", "", told, "", ""]);
        assert_eq!(batcher.ask(1).await.unwrap(), 2, "the runner lives on");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_away_is_away_for_all_of_a_run() {
    let (steps, batcher) = start(1, 100, 100);
    let first = batcher.busy(1).await;
    let others: Vec<_> = [1, IS_AWAY].map(|number| batcher.hand_in(number).unwrap()).into();
    steps.go_on();
    assert_eq!(reasons(first).await, [""]);
    assert_eq!(reasons(others).await, ["UNAVAILABLE", "UNAVAILABLE"]);
}

#[tokio::test]
async fn a_run_takes_a_bounded_weight_and_leaves_the_rest_to_the_next() {
    let (steps, batcher) = start(1, 20_000, 2_000);
    let first = batcher.busy(1).await;
    let others: Vec<_> = [1_000, 1, 1_999, 1, 5_000, 2]
        .map(|number| batcher.hand_in(number).unwrap())
        .into();
    steps.go_on();
    assert_eq!(reasons(first).await.len() + reasons(others).await.len(), 7);
    assert_eq!(
        steps.runs(),
        [vec![0], vec![1_000, 1], vec![1_999, 1], vec![5_000], vec![2]]
    );
}

#[tokio::test]
async fn who_comes_alone_is_turned_away_where_it_is_full_and_who_come_many_at_a_time_wait() {
    let (steps, batcher) = start(1, 8, 100);
    let first = batcher.busy(1).await;
    let many = tokio::spawn({
        let batcher = batcher.clone();
        async move { batcher.hand_in_all((100..120).collect()).await.unwrap() }
    });
    batcher.until_room(4).await;
    let alone: Vec<_> = [1, 2, 3, 4].map(|number| batcher.hand_in(number).unwrap()).into();
    let refused = batcher.hand_in(5).err().unwrap();
    assert_eq!(refused.reason(), "OVERLOADED");
    steps.go_on();
    assert_eq!(reasons(first).await, [""]);
    assert!(
        reasons(many.await.unwrap())
            .await
            .iter()
            .chain(&reasons(alone).await)
            .all(String::is_empty)
    );
    assert_eq!(batcher.ask_when_room(1).await.unwrap(), 2);
}

#[tokio::test]
async fn what_is_heavier_than_the_room_waits_for_all_of_it() {
    let (steps, batcher) = start(1, 100, 10);
    steps.go_on();
    assert_eq!(batcher.ask(5_000).await.unwrap(), 5_001);
    assert_eq!(batcher.ask_when_room(5_000).await.unwrap(), 5_001);
    batcher.until_room(100).await;
}

#[tokio::test]
async fn who_has_gone_gets_nothing_done() {
    let (steps, batcher) = start(1, 100, 100);
    let first = batcher.busy(1).await;
    drop(batcher.hand_in(1).unwrap());
    let stays = batcher.hand_in(2).unwrap();
    let late = batcher.clone();
    let late = tokio::spawn(rpc::within(Duration::from_millis(1), async move { late.ask(3).await }));
    assert_eq!(late.await.unwrap().err().unwrap().reason(), "DEADLINE_EXCEEDED");
    steps.go_on();
    assert_eq!(reasons(first).await, [""]);
    assert_eq!(stays.answer().await.unwrap(), 3);
    assert_eq!(steps.runs(), [vec![0], vec![2]]);
}

/// Look-ups: as many runs at a time as there are connections for them; what comes beyond gathers.
#[tokio::test]
async fn look_ups_gather_once_as_many_runs_are_under_way_as_may_be() {
    let (steps, batcher) = start(2, 100, 100);
    let under_way = batcher.busy(2).await;
    let others: Vec<_> = [7, 8, 9].map(|number| batcher.hand_in(number).unwrap()).into();
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(batcher.room(0), 97, "both are busy");
    steps.go_on();
    assert_eq!(reasons(under_way).await.len() + reasons(others).await.len(), 5);
    let mut runs = steps.runs();
    runs.sort();
    assert_eq!(runs, [vec![0], vec![0], vec![7, 8, 9]]);
}

#[tokio::test]
async fn what_was_handed_in_is_done_when_the_last_handle_is_gone() {
    let (steps, batcher) = start(2, 100, 1);
    let pending: Vec<_> = (0..9).map(|number| batcher.hand_in(number).unwrap()).collect();
    drop(batcher);
    steps.go_on();
    assert!(reasons(pending).await.iter().all(String::is_empty));
}

#[test]
fn who_waits_when_the_process_ends_is_told() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (waits, batcher) = runtime.block_on(async {
        let (_, batcher) = start(1, 2, 100);
        let waits = batcher.busy(1).await;
        (waits, batcher)
    });
    let for_room = batcher.hand_in_all(vec![1, 2, 3]);
    runtime.shutdown_background();
    for pending in waits {
        let outcome = pending.answer().now_or_never().unwrap();
        assert_eq!(reason(&outcome), "UNAVAILABLE");
    }
    let stopped = for_room.now_or_never().unwrap().err().unwrap();
    assert_eq!(stopped.to_string(), "stopped");
}
