//! What happens with time: locks lapse, coupons expire, by the worker and by reading.

use std::time::Duration;

use contracts_rights::v1::*;
use sea_orm::ConnectionTrait;
use store::statement;
use testkit::until;

use crate::brand::{Brand, brand, reason, refusal, ten_off};

async fn stored_states(brand: &Brand) -> Vec<String> {
    let read = brand.harness.db.read();
    let rows = read
        .query_all_raw(statement(read, "SELECT state FROM coupon ORDER BY coupon_id", []))
        .await
        .unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

#[tokio::test]
async fn a_lock_lapses_by_reading_and_by_the_worker() {
    let brand = brand().await;
    brand.create(ten_off("june")).await.unwrap();
    let member = brand.member();
    let (read, worked) = (
        brand.one("june", &member).await.coupon_id,
        brand.one("june", &member).await.coupon_id,
    );
    brand.lock("a", &read, "T-1", 60).await.unwrap();
    brand.lock("b", &worked, "T-1", 60).await.unwrap();
    brand.harness.clock.advance(Duration::from_secs(59));
    assert_eq!(reason(brand.lock("c", &read, "T-2", 60).await), "COUPON_LOCKED");
    brand.settle().await;
    assert_eq!(stored_states(&brand).await, ["locked", "locked"]);

    brand.harness.clock.advance(Duration::from_secs(1));
    assert_eq!(brand.coupon(&read).await.state(), CouponState::Issued);
    assert_eq!(reason(brand.release("d", &read, "T-1").await), "COUPON_NOT_LOCKED");
    brand.redeem("e", &read, "T-2", 5_000).await.unwrap();
    brand.settle().await;
    assert_eq!(stored_states(&brand).await, ["redeemed", "issued"]);
    assert_eq!(brand.coupon(&worked).await.order_id, "");
}

/// The clock is turned to the very deadlines, and nobody asks the worker to look.
#[tokio::test]
async fn a_lock_lapses_at_its_deadline_by_itself_whether_the_worker_has_seen_it_or_was_asleep_when_it_was_made() {
    let brand = brand().await;
    brand.create(ten_off("june")).await.unwrap();
    let member = brand.member();
    let coupon = brand.one("june", &member).await.coupon_id;
    brand.lock("a", &coupon, "T-1", 60).await.unwrap();
    brand.harness.clock.advance(Duration::from_millis(59_900));
    brand.settle().await;
    assert_eq!(stored_states(&brand).await, ["locked"]);
    brand.harness.clock.advance(Duration::from_millis(100));
    until("the lock has lapsed", vec!["issued".to_owned()], async || {
        stored_states(&brand).await
    })
    .await;

    brand.settle().await;
    brand.lock("b", &coupon, "T-2", 1).await.unwrap();
    brand.harness.clock.advance(Duration::from_secs(1));
    until("the lock has lapsed", vec!["issued".to_owned()], async || {
        stored_states(&brand).await
    })
    .await;
}

#[tokio::test]
async fn a_coupon_expires_by_reading_and_by_the_worker() {
    let brand = brand().await;
    brand.create(ten_off("june")).await.unwrap();
    let member = brand.member();
    let coupon = brand.one("june", &member).await.coupon_id;
    let end = brand.harness.clock.now().plus_days(30);
    brand.harness.clock.turn_to(kernel::Time::from_micros(end.micros() - 1));
    brand.settle().await;
    assert_eq!(brand.list(&member, Some(CouponState::Issued)).await.len(), 1);

    brand.harness.clock.turn_to(end);
    assert_eq!(brand.list(&member, Some(CouponState::Issued)).await.len(), 0);
    assert_eq!(brand.list(&member, Some(CouponState::Expired)).await.len(), 1);
    let refused = refusal(brand.redeem("a", &coupon, "T-1", 5_000).await);
    assert_eq!(
        (refused.reason.as_str(), &refused.metadata["expire_time"]),
        ("COUPON_EXPIRED", &end.to_string())
    );
    brand.settle().await;
    assert_eq!(stored_states(&brand).await, ["expired"]);
    assert_eq!(reason(brand.lock("b", &coupon, "T-1", 60).await), "COUPON_EXPIRED");
}

#[tokio::test]
async fn a_locked_coupon_outlives_its_validity_until_the_lock_lapses() {
    let brand = brand().await;
    brand.create(ten_off("june")).await.unwrap();
    let member = brand.member();
    let mut coupons = Vec::new();
    for _ in 0..3 {
        coupons.push(brand.one("june", &member).await.coupon_id);
    }
    let end = brand.harness.clock.now().plus_days(30);
    brand.harness.clock.turn_to(kernel::Time::from_micros(end.micros() - 1));
    for coupon in &coupons {
        brand.lock(coupon, coupon, "T-1", 600).await.unwrap();
    }
    brand.harness.clock.advance(Duration::from_mins(5));
    brand.settle().await;
    brand.redeem("a", &coupons[0], "T-1", 5_000).await.unwrap();
    assert_eq!(
        brand.release("b", &coupons[1], "T-1").await.unwrap().state(),
        CouponState::Expired
    );
    brand.harness.clock.advance(Duration::from_mins(5));
    brand.settle().await;
    assert_eq!(stored_states(&brand).await, ["redeemed", "expired", "expired"]);
    // A return gives no new validity.
    assert_eq!(
        brand.give_back("c", &coupons[0], "T-1").await.unwrap().state(),
        CouponState::Expired
    );
}

#[tokio::test]
async fn thousands_of_coupons_expire_at_once() {
    let brand = brand().await;
    brand.create(ten_off("june")).await.unwrap();
    let members: Vec<String> = (0..1_000).map(|_| brand.member()).collect();
    let all: Vec<&str> = members.iter().map(String::as_str).collect();
    for request in ["a", "b", "c", "d", "e"] {
        brand.issue(request, "june", &all).await.unwrap();
    }
    brand.harness.clock.turn_to(brand.harness.clock.now().plus_days(30));
    brand.settle().await;
    let states = stored_states(&brand).await;
    assert_eq!(
        (states.len(), states.iter().all(|state| state == "expired")),
        (5_000, true)
    );
}

#[tokio::test]
async fn every_state_is_listed_by_sql_as_the_domain_reads_it() {
    let brand = brand().await;
    brand.create(ten_off("june")).await.unwrap();
    let member = brand.member();
    let states = [
        CouponState::Issued,
        CouponState::Locked,
        CouponState::Redeemed,
        CouponState::Expired,
    ];
    for (number, seconds) in [60, 3_000_000, 60, 600_000].into_iter().enumerate() {
        let coupon = brand.one("june", &member).await.coupon_id;
        match number {
            0 => {}
            2 => drop(brand.redeem("redeem", &coupon, "T-1", 5_000).await.unwrap()),
            _ => drop(brand.lock(&coupon, &coupon, "T-1", seconds.min(604_800)).await.unwrap()),
        }
    }
    // Past each edge in turn, and without the workers: reading alone must be right.
    for seconds in [0, 600_000, 604_800, 2_592_000] {
        brand.harness.clock.advance(Duration::from_secs(seconds));
        let all = brand.list(&member, None).await;
        for state in states {
            let expected: Vec<&Coupon> = all.iter().filter(|coupon| coupon.state() == state).collect();
            assert_eq!(
                brand.list(&member, Some(state)).await.iter().collect::<Vec<_>>(),
                expected,
                "{state:?}"
            );
        }
    }
}
