use contracts_campaign::v1::*;

use super::drafts::*;
use super::stage::Stage;

fn greeting(points: i64) -> JourneyDefinition {
    journey(
        registered(),
        vec![
            wait("pause", DAY, "greet"),
            grant("greet", "points", points, "end"),
            exit("end"),
        ],
    )
}

#[tokio::test]
async fn members_under_way_stay_with_the_version_that_they_entered() {
    let mut stage = Stage::new().await;
    stage.open("hello", greeting(1)).await;
    let (ann, bob) = (stage.member(), stage.member());
    stage.tell(&[stage.registered(ann)]).await;
    stage.run().await;
    // The second version has another node in Ann's place.
    let nodes = vec![grant("gift", "points", 2, "end"), exit("end")];
    stage.replace("hello", journey(registered(), nodes)).await;
    stage.tell(&[stage.registered(bob)]).await;
    stage.turn(DAY).await;

    assert_eq!(
        (stage.run_of(ann).await.version, stage.run_of(bob).await.version),
        (1, 2)
    );
    assert_eq!(stage.path(ann).await, "pause, greet, end");
    assert_eq!(stage.path(bob).await, "gift, end");
    let amounts: Vec<(String, i64)> = stage
        .world
        .state()
        .grants
        .values()
        .map(|grant| (grant.member_id.clone(), grant.amount))
        .collect();
    assert!(
        amounts.contains(&(ann.to_string(), 1)) && amounts.contains(&(bob.to_string(), 2)),
        "{amounts:?}"
    );
    stage.check_figures("hello").await;
}

#[tokio::test]
async fn a_draft_lets_nobody_in_and_an_edit_changes_nothing_until_it_is_published() {
    let mut stage = Stage::new().await;
    let journey = Journey {
        code: "hello".to_owned(),
        definition: Some(greeting(1)),
        ..Journey::default()
    };
    let request = CreateJourneyRequest {
        request_id: stage.request_id(),
        journey: Some(journey),
    };
    stage.journeys().create_journey(request).await.unwrap();
    let ann = stage.member();
    stage.tell(&[stage.registered(ann)]).await;
    stage.run().await;
    assert!(stage.runs_of(ann).await.is_empty());
}

#[tokio::test]
async fn nobody_enters_an_archived_journey_and_who_is_under_way_goes_on() {
    let mut stage = Stage::new().await;
    stage.open("hello", greeting(1)).await;
    let (ann, bob) = (stage.member(), stage.member());
    stage.tell(&[stage.registered(ann)]).await;
    let request = ArchiveJourneyRequest {
        request_id: stage.request_id(),
        journey_code: "hello".to_owned(),
        etag: String::new(),
    };
    stage.journeys().archive_journey(request).await.unwrap();
    stage.tell(&[stage.registered(bob)]).await;
    stage.turn(DAY).await;
    assert_eq!(stage.run_of(ann).await.state(), JourneyRunState::Completed);
    assert!(stage.runs_of(bob).await.is_empty());
}

#[tokio::test]
async fn once_is_once_ever_whatever_the_version() {
    let mut stage = Stage::new().await;
    let nodes = || vec![wait("pause", DAY, "end"), exit("end")];
    stage.open("first", journey(order_paid(), nodes())).await;
    let ann = stage.member();
    stage.tell(&[stage.order(ann, 1), stage.order(ann, 2)]).await;
    stage.turn(DAY).await;
    stage
        .replace("first", journey(only(order_paid(), "fact.items_count >= 0"), nodes()))
        .await;
    stage.tell(&[stage.order(ann, 3)]).await;
    stage.run().await;
    assert_eq!(stage.run_of(ann).await.version, 1);
}

#[tokio::test]
async fn who_may_enter_again_waits_for_the_end() {
    let mut stage = Stage::new().await;
    let nodes = vec![
        wait("pause", DAY, "twice"),
        when("twice", "run.visit == 2", "again", "end"),
        exit("again"),
        exit("end"),
    ];
    stage.open("thanks", again(journey(order_paid(), nodes))).await;
    let ann = stage.member();
    // The second order comes while the first one's run waits.
    stage.tell(&[stage.order(ann, 1), stage.order(ann, 2)]).await;
    stage.run().await;
    assert_eq!(stage.runs_of(ann).await.len(), 1);
    stage.turn(DAY).await;
    stage.tell(&[stage.order(ann, 3)]).await;
    stage.turn(DAY).await;
    let outcomes: Vec<String> = stage
        .runs_of(ann)
        .await
        .into_iter()
        .map(|run| run.outcome_code)
        .collect();
    assert_eq!(outcomes, ["again", "end"]);
    assert_eq!(stage.statistics("thanks").await.started_count, 2);
    stage.check_figures("thanks").await;
}

#[tokio::test]
async fn a_trigger_s_condition_decides_who_enters() {
    let mut stage = Stage::new().await;
    let trigger = only(order_paid(), "fact.amount >= 10000 && fact.currency_code == \"CNY\"");
    stage.open("big", journey(trigger, vec![exit("end")])).await;
    let (ann, bob) = (stage.member(), stage.member());
    stage.tell(&[stage.order(ann, 9_999), stage.order(bob, 10_000)]).await;
    stage.run().await;
    assert!(stage.runs_of(ann).await.is_empty());
    assert_eq!(stage.run_of(bob).await.trigger_fact_type, "tagging.activity_recorded");
}
