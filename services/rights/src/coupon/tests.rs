use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::benefit::Benefit;

fn at(second: i64) -> Time {
    Time::from_seconds(second)
}

fn cny(minor_units: i64) -> Money {
    Money::stored("CNY", minor_units).unwrap()
}

/// Ten off, usable from second 100 to second 200.
fn coupon(state: CouponState) -> Coupon {
    Coupon {
        id: Id::from_uuid(Uuid::from_u128(7)),
        template_code: "ten_off".to_owned(),
        member: Id::from_uuid(Uuid::from_u128(1)),
        issue_time: at(0),
        period: Period::new(at(100), at(200)).unwrap(),
        state,
        version: 1,
    }
}

fn terms() -> Terms {
    Terms::new(Benefit::AmountOff(cny(1_000)), None).unwrap()
}

fn locked(order_id: &str, until: i64) -> CouponState {
    CouponState::Locked(Lock {
        order_id: order_id.to_owned(),
        expire_time: at(until),
    })
}

fn redeemed(order_id: &str) -> CouponState {
    let order_id = order_id.to_owned();
    CouponState::Redeemed(Redemption {
        order_id,
        time: at(110),
        order_amount: cny(5_000),
        discount: cny(1_000),
    })
}

#[test]
fn a_coupon_is_usable_from_its_first_moment_to_before_its_last() {
    let coupon = coupon(CouponState::Issued);
    for (now, refusal) in [
        (99, Some(CouponRefusal::NotYetValid { start_time: at(100) })),
        (100, None),
        (199, None),
        (200, Some(CouponRefusal::Expired { expire_time: at(200) })),
    ] {
        assert_eq!(coupon.lock("A", at(now + 10), at(now)).err(), refusal, "lock at {now}");
        assert_eq!(
            coupon.redeem("A", cny(1), &terms(), at(now)).err(),
            refusal,
            "redeem at {now}"
        );
    }
}

#[test]
fn a_lock_keeps_others_away_until_it_lapses() {
    let coupon = coupon(locked("A", 150));
    let refusal = CouponRefusal::Locked(Lock {
        order_id: "A".to_owned(),
        expire_time: at(150),
    });
    assert_eq!(coupon.lock("B", at(160), at(149)), Err(refusal.clone()));
    assert_eq!(
        coupon.redeem("B", cny(1), &terms(), at(149)).err(),
        Some(refusal.clone())
    );
    assert_eq!(coupon.release("B", at(149)), Err(refusal));
    assert_eq!(coupon.lock("A", at(180), at(149)), Ok(locked("A", 180)));
    assert_eq!(coupon.release("A", at(149)), Ok(CouponState::Issued));
    assert_eq!(coupon.lock("B", at(160), at(150)), Ok(locked("B", 160)));
    assert_eq!(
        coupon.release("A", at(150)),
        Err(CouponRefusal::NotLocked { state: "issued" })
    );
}

#[test]
fn a_lock_carries_a_coupon_past_the_end_of_its_validity() {
    let coupon = coupon(locked("A", 300));
    assert!(coupon.redeem("A", cny(1), &terms(), at(250)).is_ok());
    assert_eq!(coupon.release("A", at(250)), Ok(CouponState::Expired));
    assert_eq!(coupon.state_at(at(299)), locked("A", 300));
    assert_eq!(coupon.state_at(at(300)), CouponState::Expired);
}

#[test]
fn a_redeemed_coupon_is_used_by_no_other_order_and_not_again_by_its_own() {
    let coupon = coupon(redeemed("A"));
    let refusal = CouponRefusal::Redeemed {
        order_id: "A".to_owned(),
    };
    for order in ["A", "B"] {
        assert_eq!(coupon.lock(order, at(160), at(150)), Err(refusal.clone()));
        assert_eq!(
            coupon.redeem(order, cny(1), &terms(), at(150)).err(),
            Some(refusal.clone())
        );
        assert_eq!(
            coupon.release(order, at(150)),
            Err(CouponRefusal::NotLocked { state: "redeemed" })
        );
    }
}

#[test]
fn a_redemption_is_returned_by_its_own_order_within_the_old_validity() {
    let coupon = coupon(redeemed("A"));
    assert_eq!(coupon.give_back("A", at(199)), Ok(CouponState::Issued));
    assert_eq!(coupon.give_back("A", at(200)), Ok(CouponState::Expired));
    assert_eq!(
        coupon.give_back("B", at(150)),
        Err(CouponRefusal::Redeemed {
            order_id: "A".to_owned()
        })
    );
    for (state, name) in [
        (CouponState::Issued, "issued"),
        (locked("A", 180), "locked"),
        (CouponState::Expired, "expired"),
    ] {
        let refusal = CouponRefusal::NotRedeemed { state: name };
        assert_eq!(self::coupon(state).give_back("A", at(150)), Err(refusal));
    }
}

#[test]
fn a_redemption_tells_the_discount_and_what_is_left_to_pay() {
    let (state, price) = coupon(locked("A", 150))
        .redeem("A", cny(1_500), &terms(), at(120))
        .unwrap();
    assert_eq!((price.discount, price.payable_amount), (cny(1_000), cny(500)));
    let CouponState::Redeemed(redemption) = state else {
        panic!("redeemed")
    };
    assert_eq!(
        (redemption.order_id.as_str(), redemption.time, redemption.discount),
        ("A", at(120), cny(1_000))
    );
}

proptest! {
    /// Whatever is asked in whatever order: an order uses the coupon only while no other order has used or locked it.
    #[test]
    fn two_orders_never_have_the_coupon_at_once(steps in proptest::collection::vec((0..4_u8, 0..3_u8, 1..30_i64), 1..60)) {
        let mut coupon = coupon(CouponState::Issued);
        let mut now = at(100);
        let mut owner: Option<String> = None;
        for (verb, order, seconds) in steps {
            now = Time::from_micros(now.micros() + seconds * 500_000);
            let order = format!("order-{order}");
            if let CouponState::Issued | CouponState::Expired = coupon.state_at(now) {
                owner = None;
            }
            let next = match verb {
                0 => coupon.lock(&order, now.plus(std::time::Duration::from_secs(5)), now),
                1 => coupon.redeem(&order, cny(2_000), &terms(), now).map(|(state, _)| state),
                2 => coupon.release(&order, now),
                _ => coupon.give_back(&order, now),
            };
            let Ok(state) = next else { continue };
            prop_assert!(owner.as_ref().is_none_or(|owner| *owner == order), "{order} took it from {owner:?}");
            owner = matches!(state, CouponState::Locked(_) | CouponState::Redeemed(_)).then_some(order);
            coupon.state = state;
        }
    }
}
