//! The flow that works with nobody calling it by hand: an order arrives as an activity, earns points and growth value, lifts
//! the tier, computes tags, lets the member enter a segment, and a journey thanks with a coupon. Then what may follow: a
//! refund, a merge, the end of a window, the end of points.

use std::collections::BTreeMap;
use std::time::Duration;

use contracts_campaign::v1::GetJourneyStatisticsRequest;
use contracts_identity::v1::GetMemberRequest;
use contracts_points::v1::EntryKind;
use contracts_rights::v1::CouponState;
use contracts_tagging::v1::{ActivityOutcome, CountSegmentMembersRequest};
use tests::brand::{GOOD_BUYERS, GROWTH, JOURNEY, MINI, ORDERS_30D, POINTS, POS, SPENT, THANKS, TMALL};
use tests::reason;
use tests::story::{self, Order};

use crate::host::Host;

const DAY: Duration = Duration::from_hours(24);

fn order<'a>(host: &Host, channel: &'a str, external_id: &'a str, number: &'a str, yuan: i64) -> Order<'a> {
    Order {
        channel,
        external_id,
        number,
        time: host.now(),
        yuan,
    }
}

#[tokio::test]
async fn an_order_becomes_a_coupon() {
    let host = Host::with_brand().await;
    let member = story::arrive(&host.api, TMALL, "tb-1", None).await.unwrap();
    let outcome = order(&host, TMALL, "tb-1", "order-1", 250)
        .pay(&host.api)
        .await
        .unwrap();
    assert_eq!(outcome, ActivityOutcome::Recorded);
    host.settle().await;

    assert_eq!(story::balance(&host.api, &member, POINTS).await, 250);
    assert_eq!(story::balance(&host.api, &member, GROWTH).await, 250);
    assert_eq!(story::tier(&host.api, &member).await, "silver");
    let tags = [(ORDERS_30D.to_owned(), 1), (SPENT.to_owned(), 25_000)];
    assert_eq!(story::numbers(&host.api, &member).await, tags);
    assert_eq!(story::segments(&host.api, &member).await, [GOOD_BUYERS]);
    assert_eq!(
        story::journeys(&host.api, &member).await,
        [(JOURNEY.to_owned(), "thanked".to_owned())]
    );
    let coupons = story::coupons(&host.api, &member).await;
    assert_eq!(coupons.len(), 1);
    assert_eq!(
        (coupons[0].template_code.as_str(), coupons[0].state()),
        (THANKS, CouponState::Issued)
    );
    let entries = story::entries(&host.api, &member, POINTS).await;
    let earned_by = entries[0].earned_by.as_ref().unwrap();
    assert_eq!(
        (earned_by.rule_code.as_str(), earned_by.rule_version),
        ("points_order", 1)
    );
    assert_eq!(story::reconcile(&host.api).await, 2);
    host.stop().await;
}

#[tokio::test]
async fn an_order_that_is_told_again_changes_nothing() {
    let host = Host::with_brand().await;
    let member = story::arrive(&host.api, TMALL, "tb-1", None).await.unwrap();
    let order = order(&host, TMALL, "tb-1", "order-1", 250);
    for expected in [
        ActivityOutcome::Recorded,
        ActivityOutcome::Duplicate,
        ActivityOutcome::Duplicate,
    ] {
        assert_eq!(order.pay(&host.api).await.unwrap(), expected);
        host.settle().await;
    }
    assert_eq!(story::balance(&host.api, &member, POINTS).await, 250);
    assert_eq!(story::coupons(&host.api, &member).await.len(), 1);
    assert_eq!(story::timeline(&host.api, &member).await.len(), 1);
    host.stop().await;
}

#[tokio::test]
async fn a_small_order_earns_and_no_more() {
    let host = Host::with_brand().await;
    let member = story::arrive(&host.api, POS, "card-1", None).await.unwrap();
    order(&host, POS, "card-1", "order-1", 199)
        .pay(&host.api)
        .await
        .unwrap();
    host.settle().await;
    assert_eq!(story::balance(&host.api, &member, POINTS).await, 199);
    assert_eq!(story::tier(&host.api, &member).await, "member");
    assert!(story::segments(&host.api, &member).await.is_empty());
    assert!(story::coupons(&host.api, &member).await.is_empty());
    // One yuan more, in another channel of the same person, and all the rest follows.
    let same = story::arrive(&host.api, MINI, "openid-1", None).await.unwrap();
    let survivor = story::merge(&host.api, &member, &same).await.unwrap();
    host.settle().await;
    order(&host, MINI, "openid-1", "order-2", 1)
        .pay(&host.api)
        .await
        .unwrap();
    host.settle().await;
    assert_eq!(story::tier(&host.api, &survivor).await, "silver");
    assert_eq!(story::coupons(&host.api, &survivor).await.len(), 1);
    host.stop().await;
}

#[tokio::test]
async fn a_refund_takes_back_its_share_once_and_never_more_than_is_there() {
    let host = Host::with_brand().await;
    let member = story::arrive(&host.api, TMALL, "tb-1", None).await.unwrap();
    let order = order(&host, TMALL, "tb-1", "order-1", 300);
    order.pay(&host.api).await.unwrap();
    host.settle().await;
    story::redeem(&host.api, "gift", &member, 150).await.unwrap();

    for expected in [ActivityOutcome::Recorded, ActivityOutcome::Duplicate] {
        assert_eq!(order.refund(&host.api, "refund-1", 100).await.unwrap(), expected);
        host.settle().await;
        assert_eq!(story::balance(&host.api, &member, POINTS).await, 50);
    }
    // 200 more are due, 50 are left.
    order.refund(&host.api, "refund-2", 200).await.unwrap();
    host.settle().await;
    assert_eq!(story::balance(&host.api, &member, POINTS).await, 0);
    let entries = story::entries(&host.api, &member, POINTS).await;
    let taken: i64 = entries
        .iter()
        .filter(|entry| entry.kind() == EntryKind::EarnReversal)
        .map(|entry| entry.amount)
        .sum();
    assert_eq!(taken, -150);
    story::reconcile(&host.api).await;
    host.stop().await;
}

#[tokio::test]
async fn a_refund_that_comes_before_its_order_ends_in_the_same_place() {
    let host = Host::with_brand().await;
    let member = story::arrive(&host.api, TMALL, "tb-1", None).await.unwrap();
    let order = order(&host, TMALL, "tb-1", "order-1", 300);
    order.refund(&host.api, "refund-1", 100).await.unwrap();
    host.settle().await;
    assert_eq!(story::balance(&host.api, &member, POINTS).await, 0);
    order.pay(&host.api).await.unwrap();
    host.settle().await;
    assert_eq!(story::balance(&host.api, &member, POINTS).await, 200);
    story::reconcile(&host.api).await;
    host.stop().await;
}

/// What was the absorbed member's and is still there goes back, in every service; what was spent stays spent.
#[tokio::test]
async fn the_undo_of_a_merge_gives_everything_back_and_the_old_id_leads_nowhere_else() {
    let host = Host::with_brand().await;
    let first = story::arrive(&host.api, TMALL, "tb-1", None).await.unwrap();
    let second = story::arrive(&host.api, POS, "card-1", None).await.unwrap();
    for (channel, external_id, number, yuan) in [(TMALL, "tb-1", "order-1", 150), (POS, "card-1", "order-2", 250)] {
        let order = order(&host, channel, external_id, number, yuan);
        order.pay(&host.api).await.unwrap();
    }
    host.settle().await;
    let before = [seen(&host, &first).await, seen(&host, &second).await];
    let coupons = BTreeMap::from([
        (&first, story::coupons(&host.api, &first).await),
        (&second, story::coupons(&host.api, &second).await),
    ]);

    let survivor = story::merge(&host.api, &first, &second).await.unwrap();
    let absorbed = if survivor == first { &second } else { &first };
    host.settle().await;
    assert_eq!(story::balance(&host.api, absorbed, POINTS).await, 400);
    // All lots expire alike, so the older one pays: that of the first order.
    let spent = story::redeem(&host.api, "gift", absorbed, 60).await.unwrap();
    let paid: Vec<i64> = spent.lots.iter().map(|lot| lot.amount).collect();
    assert_eq!(
        (spent.member_id.as_str(), paid.as_slice()),
        (survivor.as_str(), [-60].as_slice())
    );

    let undone = story::undo_merge(&host.api, absorbed).await.unwrap();
    assert_eq!(&undone.member.unwrap().member_id, absorbed);
    host.settle().await;
    let [(points_of_first, rest_of_first), (points_of_second, rest_of_second)] = before;
    assert_eq!(seen(&host, &first).await, (points_of_first - 60, rest_of_first));
    assert_eq!(seen(&host, &second).await, (points_of_second, rest_of_second));
    // A journey may have thanked once more meanwhile, if it heard of a segment before it heard of the merge.
    let known: Vec<&str> = coupons.values().flatten().map(|it| it.coupon_id.as_str()).collect();
    for (member, coupons) in &coupons {
        let mut found = story::coupons(&host.api, member).await;
        found.retain(|it| known.contains(&it.coupon_id.as_str()));
        assert_eq!(&found, coupons);
    }
    // Each channel earns for its own member again, and what is spent is one's own.
    for (channel, external_id, number) in [(TMALL, "tb-1", "order-3"), (POS, "card-1", "order-4")] {
        let order = order(&host, channel, external_id, number, 10);
        order.pay(&host.api).await.unwrap();
    }
    host.settle().await;
    assert_eq!(story::balance(&host.api, &first, POINTS).await, points_of_first - 50);
    assert_eq!(story::balance(&host.api, &second, POINTS).await, points_of_second + 10);
    let refusal = story::redeem(&host.api, "too much", absorbed, 300).await.unwrap_err();
    assert_eq!(reason(&refusal), "INSUFFICIENT_POINTS");
    story::reconcile(&host.api).await;
    host.stop().await;
}

/// What a member has: points; and growth, tier, tags, segments and how much was done.
type Seen = (i64, (i64, String, Vec<(String, i64)>, Vec<String>, usize));

async fn seen(host: &Host, member: &str) -> Seen {
    let points = story::balance(&host.api, member, POINTS).await;
    let growth = story::balance(&host.api, member, GROWTH).await;
    let tier = story::tier(&host.api, member).await;
    let numbers = story::numbers(&host.api, member).await;
    let segments = story::segments(&host.api, member).await;
    let timeline = story::timeline(&host.api, member).await;
    (points, (growth, tier, numbers, segments, timeline.len()))
}

#[tokio::test]
async fn a_merge_moves_everything_and_the_old_id_leads_to_it_for_ever() {
    let host = Host::with_brand().await;
    let first = story::arrive(&host.api, TMALL, "tb-1", None).await.unwrap();
    let second = story::arrive(&host.api, POS, "card-1", None).await.unwrap();
    order(&host, TMALL, "tb-1", "order-1", 150)
        .pay(&host.api)
        .await
        .unwrap();
    order(&host, POS, "card-1", "order-2", 250)
        .pay(&host.api)
        .await
        .unwrap();
    host.settle().await;
    assert_eq!(story::tier(&host.api, &first).await, "member");
    assert_eq!(story::coupons(&host.api, &second).await.len(), 1);

    let survivor = story::merge(&host.api, &first, &second).await.unwrap();
    host.settle().await;
    for id in [&first, &second] {
        let request = GetMemberRequest { member_id: id.clone() };
        let answer = host.api.members().get_member(request).await.unwrap().into_inner();
        assert_eq!(answer.member.unwrap().member_id, survivor);
        assert_eq!(story::balance(&host.api, id, POINTS).await, 400);
        assert_eq!(story::balance(&host.api, id, GROWTH).await, 400);
        assert_eq!(story::tier(&host.api, id).await, "silver");
        let tags = [(ORDERS_30D.to_owned(), 2), (SPENT.to_owned(), 40_000)];
        assert_eq!(story::numbers(&host.api, id).await, tags);
        assert_eq!(story::coupons(&host.api, id).await.len(), 1);
        assert_eq!(story::timeline(&host.api, id).await.len(), 2);
    }
    // Who still knows the absorbed id spends from the one account, and both channels go on earning into it.
    let absorbed = if survivor == first { &second } else { &first };
    story::redeem(&host.api, "gift", absorbed, 400).await.unwrap();
    assert_eq!(story::balance(&host.api, &survivor, POINTS).await, 0);
    for (channel, external_id, number) in [(TMALL, "tb-1", "order-3"), (POS, "card-1", "order-4")] {
        order(&host, channel, external_id, number, 10)
            .pay(&host.api)
            .await
            .unwrap();
    }
    host.settle().await;
    assert_eq!(story::balance(&host.api, &survivor, POINTS).await, 20);
    story::reconcile(&host.api).await;
    host.stop().await;
}

#[tokio::test]
async fn evidence_that_points_at_two_members_makes_them_one() {
    let host = Host::with_brand().await;
    let phone = Some("13800000001");
    let online = story::arrive(&host.api, TMALL, "tb-1", phone).await.unwrap();
    let same = story::arrive(&host.api, POS, "card-1", phone).await.unwrap();
    assert_eq!(online, same, "the phone leads to the member who has it");
    host.settle().await;
    order(&host, TMALL, "tb-1", "order-1", 100)
        .pay(&host.api)
        .await
        .unwrap();
    order(&host, POS, "card-1", "order-2", 100)
        .pay(&host.api)
        .await
        .unwrap();
    host.settle().await;
    // Neither order alone is enough; the two of one person are.
    assert_eq!(story::tier(&host.api, &online).await, "silver");
    assert_eq!(story::coupons(&host.api, &online).await.len(), 1);
    host.stop().await;
}

#[tokio::test]
async fn a_member_leaves_the_segment_when_the_window_closes_and_loses_the_points_when_they_expire() {
    let host = Host::with_brand().await;
    let member = story::arrive(&host.api, TMALL, "tb-1", None).await.unwrap();
    order(&host, TMALL, "tb-1", "order-1", 250)
        .pay(&host.api)
        .await
        .unwrap();
    host.settle().await;
    let clock = host.platform.clock();

    clock.turn_to(host.now().plus_days(30));
    host.settle().await;
    assert_eq!(story::numbers(&host.api, &member).await, [(SPENT.to_owned(), 25_000)]);
    assert!(story::segments(&host.api, &member).await.is_empty());
    let request = CountSegmentMembersRequest {
        segment_code: GOOD_BUYERS.to_owned(),
    };
    let count = host
        .api
        .segments()
        .count_segment_members(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(count.member_count, 0);
    let coupons = story::coupons(&host.api, &member).await;
    assert_eq!(coupons[0].state(), CouponState::Expired, "30 days are over");

    clock.advance(DAY * 340);
    host.settle().await;
    assert_eq!(story::balance(&host.api, &member, POINTS).await, 0);
    assert_eq!(
        story::balance(&host.api, &member, GROWTH).await,
        250,
        "growth value does not expire"
    );
    let entries = story::entries(&host.api, &member, POINTS).await;
    assert_eq!(entries[0].kind(), EntryKind::Expire);
    story::reconcile(&host.api).await;
    host.stop().await;
}

#[tokio::test]
async fn the_journey_s_figures_add_up() {
    let host = Host::with_brand().await;
    for number in 0..5_i64 {
        let (external_id, order_number) = (format!("tb-{number}"), format!("order-{number}"));
        story::arrive(&host.api, TMALL, &external_id, None).await.unwrap();
        // The last two of five reach the threshold of 200.
        order(&host, TMALL, &external_id, &order_number, 100 + number * 35)
            .pay(&host.api)
            .await
            .unwrap();
    }
    host.settle().await;
    let request = GetJourneyStatisticsRequest {
        journey_code: JOURNEY.to_owned(),
        version: 0,
    };
    let figures = host
        .api
        .journeys()
        .get_journey_statistics(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (figures.started_count, figures.active_count, figures.completed_count),
        (2, 0, 2)
    );
    for node in &figures.nodes {
        assert_eq!(
            node.entered_count,
            node.running_count + node.waiting_count + node.completed_count + node.failed_count,
            "{}",
            node.node_id
        );
    }
    host.stop().await;
}

#[tokio::test]
async fn what_was_there_before_a_restart_is_there_after_it() {
    let host = Host::with_brand().await;
    let key = host.key().to_owned();
    let member = story::arrive(&host.api, TMALL, "tb-1", None).await.unwrap();
    order(&host, TMALL, "tb-1", "order-1", 250)
        .pay(&host.api)
        .await
        .unwrap();
    // Not settled: what the facts have not yet done, the next process does.
    let host = Host::again(host.stop().await, &key).await;
    assert_eq!(host.platform.first_key(), None, "the first key is shown once");
    host.settle().await;
    assert_eq!(story::balance(&host.api, &member, POINTS).await, 250);
    assert_eq!(story::coupons(&host.api, &member).await.len(), 1);
    host.stop().await;
}
