//! Who owes what to whom, what is owed until when, and what will never be claimed.

use contracts_points::v1::*;

use crate::brand::{Brand, brand, order_rule};

pub(crate) async fn earn_at(brand: &Brand, member: &str, amount: i64, days: i64, centre: &str) -> Entry {
    let request = EarnPointsRequest {
        expire_time: (days > 0).then(|| brand.now().plus_days(days).to_wire()),
        cost_centre: centre.to_owned(),
        ..brand.earn_request(member, "points", amount)
    };
    brand
        .points()
        .earn_points(request)
        .await
        .unwrap()
        .into_inner()
        .entry
        .unwrap()
}

pub(crate) async fn redeem_at(brand: &Brand, member: &str, amount: i64, centre: &str) -> Entry {
    let request = RedeemPointsRequest {
        cost_centre: centre.to_owned(),
        ..brand.redeem_request(member, amount)
    };
    brand
        .points()
        .redeem_points(request)
        .await
        .unwrap()
        .into_inner()
        .entry
        .unwrap()
}

async fn liabilities(brand: &Brand) -> Vec<(String, String, i64)> {
    let request = ListLiabilitiesRequest {
        asset_code: "points".to_owned(),
    };
    let listed = brand
        .ledger()
        .list_liabilities(request)
        .await
        .unwrap()
        .into_inner()
        .liabilities;
    let row = |it: Liability| (it.expire_month, it.cost_centre, it.outstanding);
    listed.into_iter().map(row).collect()
}

async fn settlements(brand: &Brand, start: &str, end: &str) -> Vec<(String, String, String, i64, i64, i64)> {
    let request = ListSettlementsRequest {
        asset_code: "points".to_owned(),
        start_month: start.to_owned(),
        end_month: end.to_owned(),
    };
    let listed = brand
        .ledger()
        .list_settlements(request)
        .await
        .unwrap()
        .into_inner()
        .settlements;
    let row = |it: Settlement| (it.month, it.issued_by, it.redeemed_at, it.redeemed, it.returned, it.net);
    listed.into_iter().map(row).collect()
}

async fn breakage(brand: &Brand) -> GetBreakageResponse {
    let request = GetBreakageRequest {
        asset_code: "points".to_owned(),
    };
    brand.ledger().get_breakage(request).await.unwrap().into_inner()
}

fn owed(month: &str, centre: &str, outstanding: i64) -> (String, String, i64) {
    (month.to_owned(), centre.to_owned(), outstanding)
}

fn settled(month: &str, by: &str, at: &str, redeemed: i64, returned: i64) -> (String, String, String, i64, i64, i64) {
    let net = redeemed - returned;
    (month.to_owned(), by.to_owned(), at.to_owned(), redeemed, returned, net)
}

#[tokio::test]
async fn what_one_store_granted_and_another_one_honoured_is_settled_between_them() {
    let brand = brand().await;
    let member = brand.member();
    let earn = earn_at(&brand, &member, 100, 10, "store-a").await;
    assert_eq!(earn.cost_centre, "store-a");
    earn_at(&brand, &member, 50, 0, "store-b").await;
    let lots = brand.lots(&member).await;
    assert_eq!((&*lots[0].cost_centre, &*lots[1].cost_centre), ("store-a", "store-b"));

    let redeem = redeem_at(&brand, &member, 120, "store-c").await;
    assert_eq!(liabilities(&brand).await, [owed("", "store-b", 30)]);
    assert_eq!(
        settlements(&brand, "2026-01", "").await,
        [
            settled("2026-01", "store-a", "store-c", 100, 0),
            settled("2026-01", "store-b", "store-c", 20, 0)
        ]
    );

    // A month later the lots that expire last come back first; those of store a have expired, and go at once.
    brand.pass_days(31).await;
    let back = brand.reverse(&redeem, 25).await.unwrap();
    assert_eq!(
        (back.entry.unwrap().cost_centre, back.expired_amount),
        ("store-c".to_owned(), 5)
    );
    assert_eq!(
        settlements(&brand, "2026-01", "2026-02").await[2..],
        [
            settled("2026-02", "store-a", "store-c", 0, 5),
            settled("2026-02", "store-b", "store-c", 0, 20)
        ]
    );
    assert_eq!(settlements(&brand, "2026-02", "").await.len(), 2);
    assert_eq!(liabilities(&brand).await, [owed("", "store-b", 50)]);
    brand.check().await;
}

#[tokio::test]
async fn liabilities_stand_by_the_month_in_which_they_expire() {
    let brand = brand().await;
    let (old, new) = (brand.member(), brand.member());
    earn_at(&brand, &old, 1, 20, "store-a").await;
    earn_at(&brand, &old, 2, 40, "store-a").await;
    earn_at(&brand, &new, 4, 40, "store-a").await;
    earn_at(&brand, &new, 8, 40, "").await;
    earn_at(&brand, &new, 16, 0, "").await;
    let all = [
        owed("2026-01", "store-a", 1),
        owed("2026-02", "", 8),
        owed("2026-02", "store-a", 6),
        owed("", "", 16),
    ];
    assert_eq!(liabilities(&brand).await, all);
    brand.merge(&old, &new);
    brand.h.settle().await;
    assert_eq!(liabilities(&brand).await, all, "a merge changes who is owed, not what");
    brand.pass_days(41).await;
    assert_eq!(liabilities(&brand).await, [owed("", "", 16)]);
    brand.check().await;
}

#[tokio::test]
async fn what_comes_back_with_grace_stays_with_who_granted_it() {
    let brand = brand().await;
    let asset = Asset {
        reversal_grace_days: 30,
        ..Asset::default()
    };
    let update = UpdateAssetRequest {
        request_id: brand.request_id(),
        code: "points".to_owned(),
        asset: Some(asset),
        update_mask: Some(crate::brand::mask(&["reversal_grace_days"])),
        etag: String::new(),
    };
    brand.assets().update_asset(update).await.unwrap();
    let member = brand.member();
    earn_at(&brand, &member, 100, 10, "store-a").await;
    let redeem = redeem_at(&brand, &member, 60, "store-c").await;
    brand.pass_days(31).await;
    brand.reverse(&redeem, 0).await.unwrap();
    assert_eq!(brand.lots(&member).await[0].cost_centre, "store-a");
    assert_eq!(liabilities(&brand).await, [owed("2026-03", "store-a", 60)]);
    brand.check().await;
}

#[tokio::test]
async fn what_a_rule_grants_is_borne_by_the_store_or_else_by_the_channel() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", order_rule("activity.amount / 100")).await;
    brand.pay(&member, "order-1", 1_000);
    let mut at_store = brand.activity(&member, "order_paid", "order-2", 2_000);
    at_store
        .attributes
        .insert("store_code".to_owned(), "store-7".to_owned());
    brand.tell(at_store);
    brand.h.settle().await;
    brand.refund(&member, "order-2", "refund-1", 500);
    brand.h.settle().await;
    assert_eq!(
        liabilities(&brand).await,
        [owed("", "store-7", 15), owed("", "tmall", 10)]
    );
    brand.check().await;
}

#[tokio::test]
async fn breakage_is_the_share_of_what_ran_out_that_nobody_claimed() {
    let brand = brand().await;
    let member = brand.member();
    earn_at(&brand, &member, 100, 20, "").await;
    brand.redeem(&member, 75).await.unwrap();
    brand.pass_days(31).await;
    earn_at(&brand, &member, 200, 60, "").await;
    brand.redeem(&member, 40).await.unwrap();
    let found = breakage(&brand).await;
    let cohort = |month: &str, issued, redeemed, expired| Cohort {
        month: month.to_owned(),
        issued,
        redeemed,
        expired,
        outstanding: issued - redeemed - expired,
    };
    assert_eq!(
        found.cohorts,
        [cohort("2026-01", 100, 75, 25), cohort("2026-02", 200, 40, 0)]
    );
    assert_eq!(
        (found.breakage_rate_ppm, found.expected_breakage, found.outstanding),
        (250_000, 50, 160)
    );
    brand.check().await;
}

/// Postings of many members at once add to the same sums.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_posting_is_lost_to_the_sums_of_all_who_post_at_the_same_time() {
    let brand = brand().await;
    let calls: Vec<_> = (0..40)
        .map(|number| {
            let member = brand.member();
            let (mut points, earn, redeem) = (
                brand.points(),
                brand.earn_request(&member, "points", 7),
                brand.redeem_request(&member, 3),
            );
            let centre = format!("store-{}", number % 3);
            tokio::spawn(async move {
                points
                    .earn_points(EarnPointsRequest {
                        cost_centre: centre.clone(),
                        ..earn
                    })
                    .await
                    .unwrap();
                points
                    .redeem_points(RedeemPointsRequest {
                        cost_centre: centre,
                        ..redeem
                    })
                    .await
                    .unwrap();
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    let sum = liabilities(&brand)
        .await
        .iter()
        .map(|(_, _, outstanding)| outstanding)
        .sum::<i64>();
    assert_eq!(sum, 40 * 4);
    brand.check().await;
}

#[tokio::test]
async fn what_was_held_is_settled_where_it_is_captured() {
    let brand = brand().await;
    let member = brand.member();
    earn_at(&brand, &member, 100, 0, "store-a").await;
    let hold = |centre: &str| HoldPointsRequest {
        cost_centre: centre.to_owned(),
        ..brand.hold_request(&member, 10, 0)
    };
    let capture = |hold: &Hold, centre: &str| CaptureHoldRequest {
        request_id: brand.request_id(),
        hold_id: hold.hold_id.clone(),
        cost_centre: centre.to_owned(),
        ..CaptureHoldRequest::default()
    };
    for (held_at, captured_at, spent_at) in [
        ("store-b", "", "store-b"),
        ("store-b", "store-c", "store-c"),
        ("", "store-d", "store-d"),
        ("", "", ""),
    ] {
        let held = brand.holds().hold_points(hold(held_at)).await.unwrap();
        let held = held.into_inner().hold.unwrap();
        assert_eq!(held.cost_centre, held_at);
        let captured = brand.holds().capture_hold(capture(&held, captured_at)).await.unwrap();
        let captured = captured.into_inner();
        assert_eq!(captured.entry.unwrap().cost_centre, spent_at);
        assert_eq!(
            captured.hold.unwrap().cost_centre,
            held_at,
            "the hold stays as it was made"
        );
    }
    let spent = |at: &str| settled("2026-01", "store-a", at, 10, 0);
    let expected = ["", "store-b", "store-c", "store-d"].map(spent);
    assert_eq!(settlements(&brand, "2026-01", "").await, expected);
    let read = brand.entries(&member, "points").await;
    let centres: Vec<&str> = read.iter().map(|entry| &*entry.cost_centre).collect();
    assert_eq!(centres, ["", "store-d", "store-c", "store-b", "store-a"]);
    brand.check().await;
}

#[tokio::test]
async fn an_adjustment_is_borne_by_whom_it_names_when_it_is_posted_at_last() {
    let brand = brand().await;
    brand.alone_max(50).await;
    let (member, friend) = (brand.member(), brand.member());
    let adjust = |amount: i64| CreateAdjustmentRequest {
        cost_centre: "service".to_owned(),
        ..brand.adjust_request(&member, amount)
    };
    let alone = brand
        .adjustments()
        .create_adjustment(adjust(40))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(alone.entry.unwrap().cost_centre, "service");
    let waiting = brand.second().create_adjustment(adjust(60)).await.unwrap().into_inner();
    let waiting = waiting.adjustment.unwrap();
    assert_eq!(waiting.cost_centre, "service");
    let approval = brand.approval(&waiting.adjustment_id);
    let approved = brand
        .adjustments()
        .approve_adjustment(approval)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(approved.entry.unwrap().cost_centre, "service");
    assert_eq!(
        brand.read_adjustment(&waiting.adjustment_id).await.cost_centre,
        "service"
    );
    assert_eq!(liabilities(&brand).await, [owed("", "service", 100)]);
    // What is given is still the service's cost, and settled where it is spent.
    brand.transfer(&member, &friend, 30).await.unwrap();
    redeem_at(&brand, &friend, 30, "store-b").await;
    let expected = [settled("2026-01", "service", "store-b", 30, 0)];
    assert_eq!(settlements(&brand, "2026-01", "").await, expected);
    brand.check().await;
}

#[tokio::test]
async fn what_was_given_to_another_member_is_settled_with_who_granted_it() {
    let brand = brand().await;
    let (giver, receiver) = (brand.member(), brand.member());
    earn_at(&brand, &giver, 30, 10, "store-a").await;
    earn_at(&brand, &giver, 70, 10, "store-b").await;
    brand.transfer(&giver, &receiver, 50).await.unwrap();
    let lots = brand.lots(&receiver).await;
    let centres: Vec<(&str, i64)> = lots.iter().map(|lot| (&*lot.cost_centre, lot.remaining)).collect();
    assert_eq!(centres, [("store-a", 30), ("store-b", 20)]);
    redeem_at(&brand, &receiver, 50, "store-c").await;
    assert_eq!(
        settlements(&brand, "2026-01", "").await,
        [
            settled("2026-01", "store-a", "store-c", 30, 0),
            settled("2026-01", "store-b", "store-c", 20, 0)
        ]
    );
}
