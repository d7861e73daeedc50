use contracts_campaign::v1::*;

use super::drafts::*;
use super::stage::Stage;

/// Welcome, first order, repeat, loyal.
pub(super) fn lifecycle() -> JourneyDefinition {
    journey(
        registered(),
        vec![
            grant("welcome", "points", 100, "first_order"),
            until("first_order", order_paid(), 30 * DAY, "gift", "remind"),
            issue("remind", "come_back", "second_chance", ""),
            until("second_chance", order_paid(), 30 * DAY, "gift", "lapsed"),
            issue("gift", "first_order_gift", "repeat", ""),
            until(
                "repeat",
                only(order_paid(), "fact.amount >= 10000 && fact.currency_code == \"CNY\""),
                60 * DAY,
                "mark",
                "once_only",
            ),
            tag("mark", "loyal", "size"),
            when(
                "size",
                "waits.repeat.amount >= 50000 && trigger.channel_code == \"tmall\"",
                "big",
                "loyal",
            ),
            grant("big", "points", 1_000, "loyal"),
            exit("loyal"),
            exit("lapsed"),
            exit("once_only"),
        ],
    )
}

#[tokio::test]
async fn a_member_becomes_loyal_step_by_step() {
    let mut stage = Stage::new().await;
    stage.open("lifecycle", lifecycle()).await;
    let ann = stage.member();

    stage.tell(&[stage.registered(ann)]).await;
    stage.run().await;
    let run = stage.run_of(ann).await;
    assert_eq!(
        (run.state(), run.node_id.as_str()),
        (JourneyRunState::Waiting, "first_order")
    );
    assert_eq!(stage.world.state().grants.len(), 1);

    stage.turn(3 * DAY).await;
    stage.tell(&[stage.order(ann, 2_000)]).await;
    stage.run().await;
    // A further order, but too small to count.
    stage.turn(DAY).await;
    stage.tell(&[stage.order(ann, 9_999)]).await;
    stage.run().await;
    assert_eq!(stage.run_of(ann).await.node_id, "repeat");
    stage.turn(DAY).await;
    stage.tell(&[stage.order(ann, 50_000)]).await;
    stage.run().await;

    let run = stage.run_of(ann).await;
    assert_eq!(
        (run.state(), run.outcome_code.as_str()),
        (JourneyRunState::Completed, "loyal")
    );
    assert_eq!(
        stage.path(ann).await,
        "welcome, first_order, gift, repeat, mark, size, big, loyal"
    );
    {
        let done = stage.world.state();
        let grants: Vec<i64> = done.grants.values().map(|grant| grant.amount).collect();
        assert_eq!(grants.iter().sum::<i64>(), 1_100);
        assert_eq!(done.coupons.len(), 1);
        assert_eq!(done.tags.len(), 1);
        let assignment = &done.tags.values().next().unwrap().assignments[0];
        // The lifetime counts from the order, not from when it was processed.
        let expire_time = kernel::Time::from_wire(assignment.expire_time.as_ref().unwrap()).unwrap();
        assert_eq!(expire_time, super::stage::START.plus_days(5 + 30));
    }
    stage.check_figures("lifecycle").await;
}

#[tokio::test]
async fn who_orders_nothing_is_reminded_and_then_lapses() {
    let mut stage = Stage::new().await;
    stage.open("lifecycle", lifecycle()).await;
    let bob = stage.member();
    stage.tell(&[stage.registered(bob)]).await;
    stage.turn(30 * DAY).await;
    assert_eq!(stage.run_of(bob).await.node_id, "second_chance");
    stage.turn(30 * DAY).await;
    assert_eq!(
        stage.path(bob).await,
        "welcome, first_order, remind, second_chance, lapsed"
    );
    assert_eq!(stage.run_of(bob).await.outcome_code, "lapsed");
    stage.check_figures("lifecycle").await;
}

#[tokio::test]
async fn the_path_says_which_node_when_and_why() {
    let mut stage = Stage::new().await;
    stage.open("lifecycle", lifecycle()).await;
    let ann = stage.member();
    stage.tell(&[stage.registered(ann)]).await;
    stage.run().await;
    stage.turn(DAY).await;
    stage.tell(&[stage.order(ann, 2_000)]).await;
    stage.run().await;

    let run = stage.run_of(ann).await;
    let steps = stage.steps(&run).await;
    let told: Vec<(i32, &str, JourneyRunStepState, &str)> = steps
        .iter()
        .map(|s| (s.number, s.node_id.as_str(), s.state(), s.next_node_id.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (1, "welcome", JourneyRunStepState::Completed, "first_order"),
            (2, "first_order", JourneyRunStepState::Completed, "gift"),
            (3, "gift", JourneyRunStepState::Completed, "repeat"),
            (4, "repeat", JourneyRunStepState::Waiting, ""),
        ]
    );
    assert_eq!(steps[0].explanation, "granted 100 of points");
    assert_eq!(steps[0].reference, format!("ent_{}:welcome:1", run.run_id));
    assert!(
        steps[1].explanation.starts_with("order_paid came at 2026-01-02"),
        "{}",
        steps[1].explanation
    );
    assert!(steps[1].reference.starts_with("act_"));
    assert_eq!(steps[2].reference, format!("cpn_{}:gift:3", run.run_id));
    assert!(
        steps[3]
            .explanation
            .contains("waits for tagging.activity_recorded/order_paid"),
        "{}",
        steps[3].explanation
    );
    assert!(steps[3].leave_time.is_none());
}

#[tokio::test]
async fn a_condition_that_cannot_be_evaluated_counts_as_false_and_says_why() {
    let mut stage = Stage::new().await;
    let nodes = vec![
        when(
            "odd",
            "100 / (trigger.amount - 1) > 1 && trigger.currency_code == \"CNY\"",
            "yes",
            "no",
        ),
        exit("yes"),
        exit("no"),
    ];
    stage.open("odd", journey(order_paid(), nodes)).await;
    let ann = stage.member();
    stage.tell(&[stage.order(ann, 1)]).await;
    stage.run().await;
    assert_eq!(stage.path(ann).await, "odd, no");
    let steps = stage.steps(&stage.run_of(ann).await).await;
    assert!(
        steps[0].explanation.contains("division by zero"),
        "{}",
        steps[0].explanation
    );
}

#[tokio::test]
async fn a_member_goes_by_the_segments_that_he_belongs_to() {
    let mut stage = Stage::new().await;
    let nodes = vec![
        belongs("vip", "vips", "yes", "other"),
        belongs("other", "nonesuch", "yes", "no"),
        exit("yes"),
        exit("no"),
    ];
    stage.open("split", journey(registered(), nodes)).await;
    let (ann, bob) = (stage.member(), stage.member());
    stage
        .world
        .state()
        .segments
        .insert(("vips".to_owned(), ann.to_string()));
    stage.tell(&[stage.registered(ann), stage.registered(bob)]).await;
    stage.run().await;
    assert_eq!(stage.path(ann).await, "vip, yes");
    // A segment that tagging does not know counts as false, and fails its step.
    assert_eq!(stage.path(bob).await, "vip, other, no");
    let steps = stage.steps(&stage.run_of(bob).await).await;
    assert_eq!(steps[1].refusal_reason, "NOT_FOUND");
    assert_eq!(steps[1].state(), JourneyRunStepState::Failed);
    stage.check_figures("split").await;
}
