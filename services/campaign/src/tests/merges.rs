use contracts_campaign::v1::*;

use super::drafts::*;
use super::lifecycle::lifecycle;
use super::stage::Stage;

#[tokio::test]
async fn a_run_goes_on_for_the_member_who_survives() {
    let mut stage = Stage::new().await;
    stage.open("lifecycle", lifecycle()).await;
    let (old, new) = (stage.member(), stage.member());
    stage.tell(&[stage.registered(new)]).await;
    stage.turn(DAY).await;
    stage.tell(&[stage.merged(new, old)]).await;
    // The fact still names the absorbed member.
    stage.tell(&[stage.order(new, 2_000)]).await;
    stage.run().await;
    assert_eq!(stage.path(old).await, "welcome, first_order, gift, repeat");
    assert_eq!(stage.run_of(old).await.member_id, old.to_string());
    // The old id leads to the same run for ever.
    assert_eq!(stage.run_of(new).await, stage.run_of(old).await);
    let issued: Vec<String> = stage
        .world
        .state()
        .coupons
        .values()
        .map(|(member, _)| member.clone())
        .collect();
    assert_eq!(issued, [old.to_string()]);
}

#[tokio::test]
async fn of_two_runs_of_one_journey_the_one_that_began_first_goes_on() {
    let mut stage = Stage::new().await;
    stage.open("lifecycle", lifecycle()).await;
    let (old, new) = (stage.member(), stage.member());
    stage.tell(&[stage.registered(new)]).await;
    stage.turn(DAY).await;
    stage.tell(&[stage.registered(old)]).await;
    stage.turn(DAY).await;
    stage.tell(&[stage.merged(new, old)]).await;
    stage.run().await;
    let runs = stage.runs_of(old).await;
    assert_eq!(runs.len(), 2);
    let (stopped, going): (Vec<_>, Vec<_>) = runs
        .into_iter()
        .partition(|run| run.state() == JourneyRunState::Stopped);
    assert_eq!(stopped[0].stop_reason, "MEMBERS_MERGED");
    assert!(going[0].start_time.unwrap().seconds < stopped[0].start_time.unwrap().seconds);
    let steps = stage.steps(&stopped[0]).await;
    assert_eq!(steps.last().unwrap().state(), JourneyRunStepState::Failed);
    stage.tell(&[stage.order(old, 1)]).await;
    stage.run().await;
    assert_eq!(stage.world.state().coupons.len(), 1);
    assert_eq!(stage.statistics("lifecycle").await.stopped_count, 1);
    stage.check_figures("lifecycle").await;
}

#[tokio::test]
async fn who_has_entered_as_either_has_entered() {
    let mut stage = Stage::new().await;
    stage.open("once", journey(order_paid(), vec![exit("end")])).await;
    let (old, new) = (stage.member(), stage.member());
    stage.tell(&[stage.order(new, 1)]).await;
    stage.run().await;
    stage.tell(&[stage.merged(new, old)]).await;
    stage.tell(&[stage.order(old, 2), stage.order(new, 3)]).await;
    stage.run().await;
    assert_eq!(stage.runs_of(old).await.len(), 1);
}

#[tokio::test]
async fn merges_in_a_chain_and_told_twice_come_to_one_member() {
    let mut stage = Stage::new().await;
    stage.open("lifecycle", lifecycle()).await;
    let (one, two, three) = (stage.member(), stage.member(), stage.member());
    stage
        .tell(&[stage.registered(one), stage.registered(two), stage.registered(three)])
        .await;
    stage.run().await;
    let chain = [stage.merged(one, two), stage.merged(two, three)];
    stage.tell(&chain).await;
    stage.tell(&chain).await;
    stage.tell(&[stage.order(one, 1)]).await;
    stage.run().await;
    let runs = stage.runs_of(three).await;
    let going: Vec<&JourneyRun> = runs
        .iter()
        .filter(|run| run.state() != JourneyRunState::Stopped)
        .collect();
    assert_eq!((runs.len(), going.len(), going[0].node_id.as_str()), (3, 1, "repeat"));
    assert_eq!(stage.runs_of(one).await, runs);
    stage.check_figures("lifecycle").await;
}

#[tokio::test]
async fn what_one_had_done_ends_the_other_s_wait() {
    let mut stage = Stage::new().await;
    stage.open("lifecycle", lifecycle()).await;
    let (old, new) = (stage.member(), stage.member());
    stage.tell(&[stage.registered(old)]).await;
    stage.turn(DAY).await;
    stage.tell(&[stage.order(new, 1)]).await;
    stage.run().await;
    assert_eq!(stage.run_of(old).await.node_id, "first_order");
    stage.tell(&[stage.merged(new, old)]).await;
    stage.run().await;
    assert_eq!(stage.run_of(old).await.node_id, "repeat");
}

#[tokio::test]
async fn a_call_that_was_under_way_during_a_merge_is_repeated_as_it_was() {
    let mut stage = Stage::new().await;
    stage
        .open(
            "hello",
            journey(registered(), vec![grant("greet", "points", 1, "end"), exit("end")]),
        )
        .await;
    let (old, new) = (stage.member(), stage.member());
    stage.tell(&[stage.registered(new)]).await;
    stage.world.feel(super::world::Mood::LosesAnswers);
    stage.run().await;
    stage.tell(&[stage.merged(new, old)]).await;
    stage.world.feel(super::world::Mood::Well);
    // Under another member's name the same request id would be another request, and be refused for ever.
    stage.turn(60).await;
    let run = stage.run_of(old).await;
    assert_eq!(run.state(), JourneyRunState::Completed);
    assert_eq!(stage.steps(&run).await[0].state(), JourneyRunStepState::Completed);
    assert_eq!(stage.world.state().grants.len(), 1);
}

const MERGE: &str = "mrg_01h455vb4pex5vsknk084sn02q";
const MERGE_AGAIN: &str = "mrg_01h455vb4pex5vsknk084sn02r";

#[tokio::test]
async fn by_an_undo_a_run_goes_back_to_the_member_for_whom_it_began_and_goes_on() {
    let mut stage = Stage::new().await;
    stage.open("lifecycle", lifecycle()).await;
    let (old, new) = (stage.member(), stage.member());
    stage.tell(&[stage.registered(new)]).await;
    stage.turn(DAY).await;
    stage.tell(&[stage.merged_as(MERGE, new, old)]).await;
    stage.run().await;
    assert_eq!(stage.run_of(new).await.member_id, old.to_string());
    stage.tell(&[stage.undone(MERGE, new, old, &[])]).await;
    stage
        .tell(&[stage.undone(MERGE, new, old, &[]), stage.merged_as(MERGE, new, old)])
        .await;
    assert_eq!(stage.run_of(new).await.member_id, new.to_string());
    assert!(stage.runs_of(old).await.is_empty());
    // Neither the second look at merges nor a fact of the other member takes it away again.
    stage.turn(DAY).await;
    stage.tell(&[stage.order(old, 2_000)]).await;
    stage.run().await;
    assert_eq!(stage.run_of(new).await.member_id, new.to_string());
    stage.tell(&[stage.order(new, 2_000)]).await;
    stage.run().await;
    assert_eq!(stage.path(new).await, "welcome, first_order, gift, repeat");
    stage.check_figures("lifecycle").await;
}

#[tokio::test]
async fn after_an_undo_each_member_has_entered_as_often_as_before() {
    let mut stage = Stage::new().await;
    stage.open("once", journey(order_paid(), vec![exit("end")])).await;
    let (old, new) = (stage.member(), stage.member());
    stage.tell(&[stage.order(new, 1)]).await;
    stage.run().await;
    stage.tell(&[stage.merged_as(MERGE, new, old)]).await;
    stage.tell(&[stage.undone(MERGE, new, old, &[])]).await;
    stage.tell(&[stage.merged_as(MERGE_AGAIN, new, old)]).await;
    stage.tell(&[stage.undone(MERGE_AGAIN, new, old, &[])]).await;
    stage.tell(&[stage.order(old, 2), stage.order(new, 3)]).await;
    stage.run().await;
    assert_eq!((stage.runs_of(old).await.len(), stage.runs_of(new).await.len()), (1, 1));
    stage.check_figures("once").await;
}

#[tokio::test]
async fn what_a_merge_has_stopped_stays_stopped_after_its_undo() {
    let mut stage = Stage::new().await;
    stage.open("lifecycle", lifecycle()).await;
    let (old, new) = (stage.member(), stage.member());
    stage.tell(&[stage.registered(new)]).await;
    stage.turn(DAY).await;
    stage.tell(&[stage.registered(old)]).await;
    stage.tell(&[stage.merged_as(MERGE, new, old)]).await;
    stage.run().await;
    stage.tell(&[stage.undone(MERGE, new, old, &[])]).await;
    stage.run().await;
    let [of_old, of_new] = [stage.runs_of(old).await, stage.runs_of(new).await];
    assert_eq!((of_old.len(), of_new.len()), (1, 1));
    assert_eq!(of_old[0].stop_reason, "MEMBERS_MERGED");
    assert_ne!(
        of_new[0].state(),
        JourneyRunState::Stopped,
        "it began first, and goes on"
    );
    stage.check_figures("lifecycle").await;
}
