use contracts_campaign::v1::*;

use super::drafts::*;
use super::stage::Stage;

#[tokio::test]
async fn a_wait_ends_at_its_moment_and_not_before() {
    let mut stage = Stage::new().await;
    stage
        .open(
            "slow",
            journey(registered(), vec![wait("pause", 3_600, "thanks"), exit("thanks")]),
        )
        .await;
    let ann = stage.member();
    stage.tell(&[stage.registered(ann)]).await;
    stage.run().await;
    let wait_until_time = stage.run_of(ann).await.wait_until_time.unwrap();
    assert_eq!(
        kernel::Time::from_wire(&wait_until_time),
        Some(stage.clock.now().plus(std::time::Duration::from_hours(1)))
    );
    stage.turn(3_599).await;
    assert_eq!(stage.run_of(ann).await.state(), JourneyRunState::Waiting);
    stage.turn(1).await;
    assert_eq!(stage.run_of(ann).await.state(), JourneyRunState::Completed);
    stage.check_figures("slow").await;
}

#[tokio::test]
async fn time_passes_in_waits_alone_however_late_they_are_processed() {
    let mut stage = Stage::new().await;
    let nodes = vec![
        wait("one", DAY, "two"),
        wait("two", DAY, "three"),
        wait("three", 10 * DAY, "end"),
        exit("end"),
    ];
    stage.open("slow", journey(registered(), nodes)).await;
    let ann = stage.member();
    stage.tell(&[stage.registered(ann)]).await;
    // Nobody works for five days; the first two waits are long over then, the third has a week left.
    stage.turn(5 * DAY).await;
    assert_eq!(stage.run_of(ann).await.node_id, "three");
    stage.turn(7 * DAY - 1).await;
    assert_eq!(stage.run_of(ann).await.node_id, "three");
    stage.turn(1).await;
    assert_eq!(stage.run_of(ann).await.node_id, "end");
}

#[tokio::test]
async fn a_fact_that_came_in_time_counts_even_if_it_is_looked_at_too_late() {
    let mut stage = Stage::new().await;
    let nodes = vec![until("order", order_paid(), DAY, "yes", "no"), exit("yes"), exit("no")];
    stage.open("quick", journey(registered(), nodes)).await;
    let (ann, bob) = (stage.member(), stage.member());
    stage.tell(&[stage.registered(ann), stage.registered(bob)]).await;
    stage.run().await;
    stage.pass(86_400);
    let in_time = stage.order(ann, 1);
    stage.pass(1);
    let too_late = stage.order(bob, 1);
    stage.tell(&[in_time, too_late]).await;
    stage.run().await;
    assert_eq!(stage.path(ann).await, "order, yes");
    assert_eq!(stage.path(bob).await, "order, no");
    stage.check_figures("quick").await;
}

#[tokio::test]
async fn timers_survive_a_restart() {
    let mut stage = Stage::new().await;
    stage
        .open(
            "slow",
            journey(registered(), vec![wait("pause", DAY, "thanks"), exit("thanks")]),
        )
        .await;
    let ann = stage.member();
    stage.tell(&[stage.registered(ann)]).await;
    stage.run().await;
    stage.runner = stage.another().await.runner;
    stage.turn(DAY).await;
    assert_eq!(stage.run_of(ann).await.state(), JourneyRunState::Completed);
}

#[tokio::test]
async fn a_run_that_goes_round_for_ever_is_stopped() {
    let mut stage = Stage::new().await;
    let nodes = vec![
        wait("tick", 1, "tock"),
        when("tock", "run.visit == 1", "tick", "end"),
        exit("end"),
    ];
    stage.open("clock", journey(registered(), nodes)).await;
    let ann = stage.member();
    stage.tell(&[stage.registered(ann)]).await;
    stage.turn(DAY).await;
    let run = stage.run_of(ann).await;
    assert_eq!(
        (run.state(), run.stop_reason.as_str()),
        (JourneyRunState::Stopped, "STEPS_EXHAUSTED")
    );
    assert_eq!(stage.steps(&run).await.len(), 1_000);
    assert_eq!(stage.statistics("clock").await.stopped_count, 1);
    stage.check_figures("clock").await;
}
