use contracts_campaign::v1::*;

use super::drafts::*;
use super::stage::Stage;
use super::world::{DRAFT_TEMPLATE, EXHAUSTED_TEMPLATE, Mood, UNKNOWN_ASSET};

fn gifts() -> JourneyDefinition {
    journey(
        registered(),
        vec![
            grant("points", "points", 1, "coupon"),
            issue("coupon", "june", "tag", ""),
            tag("tag", "greeted", "end"),
            exit("end"),
        ],
    )
}

#[tokio::test]
async fn a_refusal_is_written_down_and_the_run_goes_where_the_node_says() {
    let mut stage = Stage::new().await;
    let nodes = vec![
        grant("points", UNKNOWN_ASSET, 1, "coupon"),
        issue("coupon", EXHAUSTED_TEMPLATE, "end", "other"),
        issue("other", DRAFT_TEMPLATE, "end", "sorry"),
        exit("end"),
        exit("sorry"),
    ];
    stage.open("gifts", journey(registered(), nodes)).await;
    let ann = stage.member();
    stage.tell(&[stage.registered(ann)]).await;
    stage.run().await;
    // Without a way for refusals, the next node is the next node.
    assert_eq!(stage.path(ann).await, "points, coupon, other, sorry");
    let steps = stage.steps(&stage.run_of(ann).await).await;
    let reasons: Vec<&str> = steps.iter().map(|step| step.refusal_reason.as_str()).collect();
    assert_eq!(reasons, ["NOT_FOUND", "TOTAL_CAP_REACHED", "TEMPLATE_NOT_ACTIVE", ""]);
    assert!(steps[1].explanation.contains("all are issued"));
    let failed: i64 = stage
        .statistics("gifts")
        .await
        .nodes
        .iter()
        .map(|node| node.failed_count)
        .sum();
    assert_eq!(failed, 3);
    stage.check_figures("gifts").await;
}

#[tokio::test]
async fn a_peer_that_is_away_is_asked_again_until_it_answers() {
    let mut stage = Stage::new().await;
    stage.open("gifts", gifts()).await;
    let ann = stage.member();
    stage.world.feel(Mood::Away);
    stage.tell(&[stage.registered(ann)]).await;
    for _ in 0..5 {
        stage.turn(60).await;
    }
    let run = stage.run_of(ann).await;
    assert_eq!(
        (run.state(), run.node_id.as_str()),
        (JourneyRunState::Running, "points")
    );
    assert!(stage.steps(&run).await[0].attempts >= 5);
    stage.check_figures("gifts").await;

    stage.world.feel(Mood::Well);
    stage.turn(300).await;
    assert_eq!(stage.path(ann).await, "points, coupon, tag, end");
    let done = stage.world.state();
    assert_eq!((done.grants.len(), done.coupons.len(), done.tags.len()), (1, 1, 1));
}

#[tokio::test]
async fn a_peer_that_is_away_is_asked_less_and_less_often() {
    let mut stage = Stage::new().await;
    stage.open("gifts", gifts()).await;
    stage.world.feel(Mood::Away);
    stage.tell(&[stage.registered(stage.member())]).await;
    for _ in 0..3_600 {
        stage.turn(1).await;
    }
    // 1 + 2 + 4 + ... + 256 seconds, then every 300.
    let calls = stage.world.state().calls;
    assert!((15..=25).contains(&calls), "{calls} calls in an hour");
}

#[tokio::test]
async fn answers_that_are_lost_double_nothing() {
    let mut stage = Stage::new().await;
    stage.open("gifts", gifts()).await;
    let ann = stage.member();
    stage.tell(&[stage.registered(ann)]).await;
    for mood in [
        Mood::LosesAnswers,
        Mood::Well,
        Mood::LosesAnswers,
        Mood::Well,
        Mood::LosesAnswers,
        Mood::Well,
    ] {
        stage.world.feel(mood);
        stage.turn(10).await;
    }
    stage.turn(600).await;
    assert_eq!(stage.path(ann).await, "points, coupon, tag, end");
    let done = stage.world.state();
    assert_eq!((done.grants.len(), done.coupons.len(), done.tags.len()), (1, 1, 1));
    assert!(done.calls > 3);
}

#[tokio::test]
async fn who_is_not_known_yet_is_asked_for_again_for_a_while() {
    let mut stage = Stage::new().await;
    stage
        .open(
            "gifts",
            journey(registered(), vec![tag("tag", "greeted", "end"), exit("end")]),
        )
        .await;
    let (ann, bob) = (stage.member(), stage.member());
    stage.world.state().knows_nobody = true;
    stage.tell(&[stage.registered(ann)]).await;
    stage.turn(5).await;
    assert_eq!(stage.run_of(ann).await.state(), JourneyRunState::Running);
    stage.world.state().knows_nobody = false;
    stage.turn(60).await;
    assert_eq!(stage.run_of(ann).await.state(), JourneyRunState::Completed);

    // But not for ever.
    stage.world.state().knows_nobody = true;
    stage.tell(&[stage.registered(bob)]).await;
    for _ in 0..20 {
        stage.turn(60).await;
    }
    let steps = stage.steps(&stage.run_of(bob).await).await;
    assert_eq!(
        (steps[0].state(), steps[0].refusal_reason.as_str()),
        (JourneyRunStepState::Failed, "MEMBER_NOT_FOUND")
    );
    stage.check_figures("gifts").await;
}

#[tokio::test]
async fn coupons_of_many_members_are_asked_for_in_few_calls() {
    let mut stage = Stage::new().await;
    stage
        .open(
            "gifts",
            journey(registered(), vec![issue("coupon", "june", "end", ""), exit("end")]),
        )
        .await;
    let members: Vec<_> = (0..700).map(|_| stage.member()).collect();
    for members in members.chunks(512) {
        let facts: Vec<_> = members.iter().map(|member| stage.registered(*member)).collect();
        stage.tell(&facts).await;
    }
    stage.run().await;
    assert_eq!(stage.statistics("gifts").await.completed_count, 700);
    let done = stage.world.state();
    assert_eq!(done.coupons.len(), 700);
    assert!(done.batches.len() <= 4, "{:?}", done.batches);
}
