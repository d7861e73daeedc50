use std::time::Duration;

use contracts::campaign::v1::*;
use runtime::Worker;

use super::drafts::*;
use super::stage::Stage;
use super::world::Mood;

fn gifts() -> JourneyDefinition {
    journey(
        registered(),
        vec![
            grant("points", "points", 1, "coupon"),
            issue("coupon", "june", "tag", ""),
            tag("tag", "greeted", "pause"),
            wait("pause", DAY, "end"),
            exit("end"),
        ],
    )
}

/// Runs a tick until its peers have done what they were asked, and kills it before it hears of it.
async fn crash(stage: &mut Stage) {
    stage.world.feel(Mood::Silent);
    let done = stage.world.state().calls;
    let world = stage.world.clone();
    let asked = async {
        while world.state().calls == done {
            tokio::task::yield_now().await;
        }
        // Long enough for every call of the round to have come.
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        outcome = stage.runner.tick() => panic!("the tick ended: {outcome:?}"),
        () = asked => {}
    }
    stage.world.feel(Mood::Well);
}

#[tokio::test]
async fn a_crash_between_call_and_commit_repeats_the_call_and_doubles_nothing() {
    let mut stage = Stage::new().await;
    stage.open("gifts", gifts()).await;
    let members: Vec<_> = (0..10).map(|_| stage.member()).collect();
    let facts: Vec<_> = members.iter().map(|member| stage.registered(*member)).collect();
    stage.tell(&facts).await;

    // At each of the three actions the process dies after the peer has acted.
    for _ in 0..3 {
        crash(&mut stage).await;
        stage.runner = stage.another_runner().await;
        // Under the lease of the dead nobody touches its runs.
        let calls = stage.world.state().calls;
        stage.run().await;
        assert_eq!(stage.world.state().calls, calls);
        stage.pass(121);
    }
    stage.run().await;
    stage.turn(DAY).await;
    for member in members {
        assert_eq!(stage.path(member).await, "points, coupon, tag, pause, end");
    }
    {
        let done = stage.world.state();
        assert_eq!((done.grants.len(), done.coupons.len(), done.tags.len()), (10, 10, 10));
    }
    stage.check_figures("gifts").await;
}

#[tokio::test]
async fn an_answer_that_comes_after_the_lease_is_dropped() {
    let mut stage = Stage::new().await;
    stage.open("gifts", gifts()).await;
    let ann = stage.member();
    stage.tell(&[stage.registered(ann)]).await;
    let mut other = stage.another_runner().await;

    // The first replica falls asleep over its call; the second one takes over after the lease.
    stage.world.feel(Mood::Silent);
    let calls = stage.world.state().calls;
    let (world, clock) = (stage.world.clone(), stage.clock.clone());
    let take_over = async {
        while world.state().calls == calls {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(121));
        world.feel(Mood::Well);
        while other.tick().await.unwrap() > 0 {}
    };
    // The silent call of the first one ends by its deadline, after the second one has finished.
    let (first, ()) = tokio::join!(stage.runner.tick(), take_over);
    first.unwrap();
    stage.run().await;
    assert_eq!(stage.path(ann).await, "points, coupon, tag, pause");
    {
        let done = stage.world.state();
        assert_eq!((done.grants.len(), done.coupons.len(), done.tags.len()), (1, 1, 1));
    }
    stage.check_figures("gifts").await;
}

#[tokio::test]
async fn several_replicas_share_the_work_and_double_nothing() {
    let mut stage = Stage::new().await;
    stage.open("gifts", gifts()).await;
    let members: Vec<_> = (0..1_500).map(|_| stage.member()).collect();
    for members in members.chunks(512) {
        let facts: Vec<_> = members.iter().map(|member| stage.registered(*member)).collect();
        stage.tell(&facts).await;
    }
    let (mut second, mut third) = (stage.another_runner().await, stage.another_runner().await);
    let work = async |runner: &mut crate::workers::Runner| {
        let mut idle = 0;
        while idle < 5 {
            match runner.tick().await {
                Ok(0) => idle += 1,
                Ok(_) => idle = 0,
                // A lost race is repeated, as the worker's loop does.
                Err(fault::Fault::Contended) => {}
                Err(fault) => panic!("{fault}"),
            }
        }
    };
    tokio::join!(work(&mut stage.runner), work(&mut second), work(&mut third));
    {
        let done = stage.world.state();
        assert_eq!(
            (done.grants.len(), done.coupons.len(), done.tags.len()),
            (1_500, 1_500, 1_500)
        );
    }
    let waiting = stage
        .statistics("gifts")
        .await
        .nodes
        .into_iter()
        .find(|node| node.node_id == "pause")
        .unwrap();
    assert_eq!(waiting.waiting_count, 1_500);
    stage.check_figures("gifts").await;
}
