use contracts_campaign::v1::*;
use contracts_points::v1::{PointsEarned, PointsExpired, PointsRedeemed};
use contracts_rights::v1::{CouponExpired, CouponIssued, CouponRedeemed, TierChanged};
use contracts_tagging::v1::{SegmentEntered, SegmentLeft, TagChanged, TagValue, tag_value};
use events::Envelope;

use super::drafts::*;
use super::lifecycle::lifecycle;
use super::stage::Stage;
use crate::run::MemberId;

/// What became of a member: his path, the outcome, and what he was given.
async fn end_state(stage: &Stage, member: MemberId) -> (String, String, usize, usize, usize) {
    let run = stage.run_of(member).await;
    let path = stage.path(member).await;
    let done = stage.world.state();
    (
        path,
        run.outcome_code,
        done.grants.len(),
        done.coupons.len(),
        done.tags.len(),
    )
}

/// Tells a registration and two orders in the given order, each twice, and looks where the member comes to.
async fn comes_to_the_same_end(order: [usize; 3], works_between: bool) {
    let mut stage = Stage::new().await;
    stage.open("lifecycle", lifecycle()).await;
    let ann = stage.member();
    // They happen one after the other; they arrive as they like.
    let first = stage.registered(ann);
    stage.pass(60);
    let second = stage.order(ann, 2_000);
    stage.pass(60);
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
    assert_eq!(
        end_state(&stage, ann).await,
        expected,
        "{order:?}, works between: {works_between}"
    );
    stage.check_figures("lifecycle").await;
}

#[tokio::test]
async fn each_fact_twice_and_in_any_order_comes_to_the_same_end() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        comes_to_the_same_end(order, false).await;
    }
    // The facts of one stream keep their order, so that no order overtakes the one before it; those of two streams do not.
    for order in [[0, 1, 2], [1, 0, 2], [1, 2, 0]] {
        comes_to_the_same_end(order, true).await;
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

/// A trigger and a fact that fulfils it.
type Case = (FactPattern, Envelope);

fn cases_of_identity_and_tagging(stage: &Stage, member: MemberId) -> Vec<Case> {
    let member_id = || member.to_string();
    let tag = |code: &str, value: Option<&str>| {
        let kind = value.map(|value| tag_value::Kind::StringValue(value.to_owned()));
        stage.fact(&TagChanged {
            member_id: member_id(),
            tag_code: code.to_owned(),
            value: kind.map(|kind| TagValue { kind: Some(kind) }),
            change_time: None,
        })
    };
    let segment_code = || "vips".to_owned();
    let entered = SegmentEntered {
        segment_code: segment_code(),
        member_id: member_id(),
        enter_time: None,
    };
    let left = SegmentLeft {
        segment_code: segment_code(),
        member_id: member_id(),
        leave_time: None,
    };
    let registered = pattern("identity.member_registered", "tmall");
    let set = pattern("tagging.tag_changed", "taste");
    let removed = pattern("tagging.tag_changed", "mood");
    vec![
        (
            only(registered, "fact.channel_code == \"tmall\""),
            stage.registered(member),
        ),
        (
            only(order_paid(), "fact.amount == 7 && fact.currency_code == \"CNY\""),
            stage.order(member, 7),
        ),
        (
            only(set, "fact.value == \"sweet\" && !fact.removed"),
            tag("taste", Some("sweet")),
        ),
        (only(removed, "fact.value == \"\" && fact.removed"), tag("mood", None)),
        (pattern("tagging.segment_entered", "vips"), stage.fact(&entered)),
        (pattern("tagging.segment_left", "vips"), stage.fact(&left)),
    ]
}

fn cases_of_points(stage: &Stage, member: MemberId) -> Vec<Case> {
    let (member_id, asset_code) = (|| member.to_string(), || "points".to_owned());
    let earned = PointsEarned {
        member_id: member_id(),
        asset_code: asset_code(),
        balance: 101,
        rule_code: "base".to_owned(),
        ..PointsEarned::default()
    };
    let redeemed = PointsRedeemed {
        member_id: member_id(),
        asset_code: asset_code(),
        ..PointsRedeemed::default()
    };
    let expired = PointsExpired {
        member_id: member_id(),
        asset_code: asset_code(),
        ..PointsExpired::default()
    };
    let trigger = pattern("points.earned", "points");
    vec![
        (
            only(trigger, "fact.balance > 100 && fact.rule_code == \"base\""),
            stage.fact(&earned),
        ),
        (pattern("points.redeemed", ""), stage.fact(&redeemed)),
        (pattern("points.expired", ""), stage.fact(&expired)),
    ]
}

fn cases_of_rights(stage: &Stage, member: MemberId) -> Vec<Case> {
    let (member_id, template_code) = (|| member.to_string(), || "june".to_owned());
    let changed = TierChanged {
        member_id: member_id(),
        from_tier_code: "silver".to_owned(),
        to_tier_code: "gold".to_owned(),
        growth_value: 1_000,
        change_time: None,
    };
    let issued = CouponIssued {
        member_id: member_id(),
        template_code: template_code(),
        ..CouponIssued::default()
    };
    let redeemed = CouponRedeemed {
        member_id: member_id(),
        template_code: template_code(),
        order_id: "T-1".to_owned(),
        ..CouponRedeemed::default()
    };
    let expired = CouponExpired {
        coupon_id: "cpn_1".to_owned(),
        member_id: member_id(),
        template_code: template_code(),
        ..CouponExpired::default()
    };
    let tier = pattern("rights.tier_changed", "gold");
    let coupon = pattern("rights.coupon_redeemed", "june");
    vec![
        (
            only(tier, "fact.from_tier_code == \"silver\" && fact.growth_value >= 1000"),
            stage.fact(&changed),
        ),
        (pattern("rights.coupon_issued", "june"), stage.fact(&issued)),
        (only(coupon, "fact.order_id == \"T-1\""), stage.fact(&redeemed)),
        (
            only(pattern("rights.coupon_expired", "june"), "fact.coupon_id == \"cpn_1\""),
            stage.fact(&expired),
        ),
    ]
}

#[tokio::test]
async fn every_kind_of_fact_lets_its_member_enter() {
    let mut stage = Stage::new().await;
    let ann = stage.member();
    let mut cases = cases_of_identity_and_tagging(&stage, ann);
    cases.extend(cases_of_points(&stage, ann));
    cases.extend(cases_of_rights(&stage, ann));
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
        crate::fact::heard::about(stage.db.read(), &[(stage.tenant, ann)].into(), kernel::Time::EPOCH)
            .await
            .unwrap()
            .is_empty()
    );
}
