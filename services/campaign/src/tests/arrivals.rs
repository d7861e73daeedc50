use contracts::campaign::v1::*;
use contracts::points::v1::{PointsEarned, PointsExpired, PointsRedeemed};
use contracts::rights::v1::{CouponIssued, CouponRedeemed, TierChanged};
use contracts::tagging::v1::{SegmentEntered, SegmentLeft, TagChanged, TagValue, tag_value};
use events::Envelope;

use super::drafts::*;
use super::lifecycle::lifecycle;
use super::stage::Stage;
use crate::domain::run::MemberId;

/// What became of a member: his path, the outcome, and what he was given.
async fn end_state(stage: &Stage, member: MemberId) -> (String, String, usize, usize, usize) {
    let run = stage.run_of(member).await;
    let path = stage.path(member).await;
    let state = stage.world.state();
    (
        path,
        run.outcome_code,
        state.grants.len(),
        state.coupons.len(),
        state.tags.len(),
    )
}

#[tokio::test]
async fn each_fact_twice_and_in_any_order_comes_to_the_same_end() {
    const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for works_between in [false, true] {
        for order in ORDERS {
            let mut stage = Stage::new().await;
            stage.open("lifecycle", lifecycle()).await;
            let ann = stage.member();
            // They happen one after the other; they arrive as they like.
            let first = stage.registered(ann);
            stage.clock.advance(std::time::Duration::from_secs(60));
            let second = stage.order(ann, 2_000);
            stage.clock.advance(std::time::Duration::from_secs(60));
            let third = stage.order(ann, 60_000);
            let facts = [first, second, third];
            for place in order.into_iter().chain(order) {
                stage.tell(std::slice::from_ref(&facts[place])).await;
                if works_between {
                    stage.run().await;
                }
            }
            stage.run().await;
            let path = "welcome, first_order, gift, repeat, mark, size, big, loyal";
            let expected = (path.to_owned(), "loyal".to_owned(), 2, 1, 1);
            // A second order that arrives before the first one ends the first wait; the path and the gifts are the same,
            // but then the small order is all that is left for the second wait.
            let overtaken = works_between && order.iter().position(|p| *p == 2) < order.iter().position(|p| *p == 1);
            let overtaken = overtaken && order.iter().position(|p| *p == 0) < order.iter().position(|p| *p == 1);
            if overtaken {
                assert_eq!(stage.run_of(ann).await.node_id, "repeat", "{order:?}");
            } else {
                assert_eq!(
                    end_state(&stage, ann).await,
                    expected,
                    "{order:?}, works between: {works_between}"
                );
            }
            stage.check_figures("lifecycle").await;
        }
    }
}

#[tokio::test]
async fn an_order_that_is_told_before_its_member_still_counts() {
    let mut stage = Stage::new().await;
    stage.open("lifecycle", lifecycle()).await;
    let ann = stage.member();
    let registered = stage.registered(ann);
    let order = stage.order(ann, 2_000);
    stage.tell(&[order]).await;
    stage.run().await;
    stage.tell(&[registered]).await;
    stage.run().await;
    assert_eq!(stage.path(ann).await, "welcome, first_order, gift, repeat");
}

#[tokio::test]
async fn an_order_from_before_the_member_came_does_not_count() {
    let mut stage = Stage::new().await;
    stage.open("lifecycle", lifecycle()).await;
    let ann = stage.member();
    stage.tell(&[stage.order(ann, 2_000)]).await;
    stage.turn(60).await;
    stage.tell(&[stage.registered(ann)]).await;
    stage.run().await;
    assert_eq!(stage.path(ann).await, "welcome, first_order");
}

#[tokio::test]
async fn every_kind_of_fact_lets_its_member_enter() {
    let mut stage = Stage::new().await;
    let ann = stage.member();
    let member_id = ann.to_string();
    let text = |value: &str| {
        Some(TagValue {
            kind: Some(tag_value::Kind::StringValue(value.to_owned())),
        })
    };
    let word = |word: &str| word.to_owned();
    let cases: Vec<(FactPattern, Envelope)> = vec![
        (
            only(
                pattern("identity.member_registered", "tmall"),
                "fact.channel_code == \"tmall\"",
            ),
            stage.registered(ann),
        ),
        (
            only(pattern("tagging.activity_recorded", "order_paid"), "fact.amount == 7"),
            stage.order(ann, 7),
        ),
        (
            only(
                pattern("tagging.tag_changed", "taste"),
                "fact.value == \"sweet\" && !fact.removed",
            ),
            stage.fact(&TagChanged {
                member_id: member_id.clone(),
                tag_code: word("taste"),
                value: text("sweet"),
                change_time: None,
            }),
        ),
        (
            only(
                pattern("tagging.tag_changed", "mood"),
                "fact.value == \"\" && fact.removed",
            ),
            stage.fact(&TagChanged {
                member_id: member_id.clone(),
                tag_code: word("mood"),
                value: None,
                change_time: None,
            }),
        ),
        (
            pattern("tagging.segment_entered", "vips"),
            stage.fact(&SegmentEntered {
                segment_code: word("vips"),
                member_id: member_id.clone(),
                enter_time: None,
            }),
        ),
        (
            pattern("tagging.segment_left", "vips"),
            stage.fact(&SegmentLeft {
                segment_code: word("vips"),
                member_id: member_id.clone(),
                leave_time: None,
            }),
        ),
        (
            only(
                pattern("points.earned", "points"),
                "fact.balance > 100 && fact.rule_code == \"base\"",
            ),
            stage.fact(&PointsEarned {
                member_id: member_id.clone(),
                asset_code: word("points"),
                amount: 5,
                balance: 101,
                rule_code: word("base"),
                ..PointsEarned::default()
            }),
        ),
        (
            pattern("points.redeemed", ""),
            stage.fact(&PointsRedeemed {
                member_id: member_id.clone(),
                asset_code: word("points"),
                ..PointsRedeemed::default()
            }),
        ),
        (
            pattern("points.expired", ""),
            stage.fact(&PointsExpired {
                member_id: member_id.clone(),
                asset_code: word("points"),
                ..PointsExpired::default()
            }),
        ),
        (
            only(
                pattern("rights.tier_changed", "gold"),
                "fact.from_tier_code == \"silver\" && fact.growth_value >= 1000",
            ),
            stage.fact(&TierChanged {
                member_id: member_id.clone(),
                from_tier_code: word("silver"),
                to_tier_code: word("gold"),
                growth_value: 1_000,
                change_time: None,
            }),
        ),
        (
            pattern("rights.coupon_issued", "june"),
            stage.fact(&CouponIssued {
                member_id: member_id.clone(),
                template_code: word("june"),
                ..CouponIssued::default()
            }),
        ),
        (
            only(pattern("rights.coupon_redeemed", "june"), "fact.order_id == \"T-1\""),
            stage.fact(&CouponRedeemed {
                member_id: member_id.clone(),
                template_code: word("june"),
                order_id: word("T-1"),
                ..CouponRedeemed::default()
            }),
        ),
    ];
    for (number, (trigger, _)) in cases.iter().enumerate() {
        stage
            .open(&format!("j{number}"), journey(trigger.clone(), vec![exit("end")]))
            .await;
    }
    for (_, fact) in &cases {
        stage.tell(std::slice::from_ref(fact)).await;
    }
    stage.run().await;
    let mut entered: Vec<String> = stage
        .runs_of(ann)
        .await
        .into_iter()
        .map(|run| run.journey_code)
        .collect();
    entered.sort();
    let mut all: Vec<String> = (0..cases.len()).map(|number| format!("j{number}")).collect();
    all.sort();
    assert_eq!(entered, all);
}

#[tokio::test]
async fn facts_that_match_nothing_leave_no_trace() {
    let mut stage = Stage::new().await;
    stage.open("hello", journey(registered(), vec![exit("end")])).await;
    let ann = stage.member();
    let orders: Vec<Envelope> = (0..500).map(|amount| stage.order(ann, amount)).collect();
    stage.tell(&orders).await;
    stage.run().await;
    assert!(stage.runs_of(ann).await.is_empty());
    assert!(
        crate::store::heard::about(stage.db.read(), &[(stage.tenant, ann)].into(), kernel::Time::EPOCH)
            .await
            .unwrap()
            .is_empty()
    );
}
