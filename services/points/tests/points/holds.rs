use contracts_points::v1::*;
use kernel::{Id, Kind};
use tonic::{Response, Status};

use crate::brand::{Brand, brand, metadata, reason};

enum HoldTag {}
impl Kind for HoldTag {
    const PREFIX: &'static str = "hld";
    const NOUN: &'static str = "hold";
}

impl Brand {
    /// A hold of points for so many seconds; 0 is the default.
    pub(crate) async fn hold(&self, member: &str, amount: i64, ttl_seconds: i32) -> Result<Hold, Status> {
        let request = self.hold_request(member, amount, ttl_seconds);
        Ok(self.holds().hold_points(request).await?.into_inner().hold.unwrap())
    }

    pub(crate) fn hold_request(&self, member: &str, amount: i64, ttl_seconds: i32) -> HoldPointsRequest {
        HoldPointsRequest {
            request_id: self.request_id(),
            member_id: member.to_owned(),
            asset_code: "points".to_owned(),
            amount,
            ttl_seconds,
            reference: "order-1".to_owned(),
            cost_centre: String::new(),
        }
    }

    /// 0 captures all.
    pub(crate) async fn capture(&self, hold: &str, amount: i64) -> Result<CaptureHoldResponse, Status> {
        let request = CaptureHoldRequest {
            request_id: self.request_id(),
            hold_id: hold.to_owned(),
            amount,
            reference: String::new(),
            cost_centre: String::new(),
        };
        self.holds().capture_hold(request).await.map(Response::into_inner)
    }

    pub(crate) async fn release(&self, hold: &str) -> Result<ReleaseHoldResponse, Status> {
        let request = ReleaseHoldRequest {
            request_id: self.request_id(),
            hold_id: hold.to_owned(),
        };
        self.holds().release_hold(request).await.map(Response::into_inner)
    }

    async fn read_hold(&self, hold: &str) -> Hold {
        let request = GetHoldRequest {
            hold_id: hold.to_owned(),
        };
        self.holds().get_hold(request).await.unwrap().into_inner().hold.unwrap()
    }

    pub(crate) async fn list_holds(&self, member: &str, open_only: bool) -> Vec<Hold> {
        let (mut holds, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListHoldsRequest {
                member_id: member.to_owned(),
                asset_code: "points".to_owned(),
                open_only,
                page_size: 2,
                page_token,
            };
            let page = self.holds().list_holds(request).await.unwrap().into_inner();
            holds.extend(page.holds);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return holds;
            }
        }
    }

    /// What can be spent, and what is held.
    pub(crate) async fn standing(&self, member: &str) -> (i64, i64) {
        let balance = self.balance_of(member, "points").await;
        (balance.available, balance.held)
    }
}

fn lots(lots: &[LotAmount]) -> Vec<i64> {
    lots.iter().map(|lot| lot.amount).collect()
}

#[tokio::test]
async fn a_hold_takes_the_lots_that_expire_first_and_counts_at_once() {
    let brand = brand().await;
    let member = brand.member();
    let late = brand.earn(&member, 100, 0).await;
    let early = brand.earn(&member, 50, 5).await;
    let hold = brand.hold(&member, 70, 0).await.unwrap();
    assert_eq!(
        (hold.state(), hold.amount, lots(&hold.lots)),
        (HoldState::Held, 70, vec![50, 20])
    );
    assert_eq!(
        hold.lots[0].lot_id[4..],
        early.entry_id[4..],
        "a lot bears the number of its entry"
    );
    assert_eq!(brand.standing(&member).await, (80, 70));
    let refused = brand.redeem(&member, 81).await.unwrap_err();
    assert_eq!(
        (reason(&refused), metadata(&refused, "available")),
        ("INSUFFICIENT_POINTS".to_owned(), "80".to_owned())
    );
    assert!(brand.hold(&member, 81, 0).await.is_err(), "nor can it be held twice");
    brand.redeem(&member, 80).await.unwrap();
    assert_eq!(brand.standing(&member).await, (0, 70));
    assert_eq!(late.balance, 100);
    assert_eq!(brand.entries(&member, "points").await.len(), 3, "a hold makes no entry");
    brand.check().await;
}

#[tokio::test]
async fn a_capture_is_a_redeem_that_lists_its_lots_and_can_be_reversed() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 100, 0).await;
    brand.earn(&member, 50, 5).await;
    let before = brand.lots(&member).await;
    let hold = brand.hold(&member, 70, 0).await.unwrap();
    let captured = brand.capture(&hold.hold_id, 0).await.unwrap();
    let (entry, hold) = (captured.entry.unwrap(), captured.hold.unwrap());
    assert_eq!(
        (entry.kind(), entry.amount, lots(&entry.lots)),
        (EntryKind::Redeem, -70, vec![-50, -20])
    );
    assert_eq!(
        (&entry.hold_id, entry.reference.as_str()),
        (&hold.hold_id, "order-1"),
        "the entry bears the hold and its reference"
    );
    assert_eq!(
        (hold.state(), hold.captured_amount, &hold.entry_id),
        (HoldState::Captured, 70, &entry.entry_id)
    );
    assert_eq!(brand.read_hold(&hold.hold_id).await, hold);
    assert_eq!(brand.standing(&member).await, (80, 0));
    assert_eq!(brand.entries(&member, "points").await[0], entry);
    brand.reverse(&entry, 30).await.unwrap();
    brand.reverse(&entry, 0).await.unwrap();
    assert_eq!(brand.lots(&member).await, before, "the very lots came back");
    assert_eq!(
        reason(&brand.capture(&hold.hold_id, 0).await.unwrap_err()),
        "HOLD_NOT_OPEN"
    );
    brand.check().await;
}

#[tokio::test]
async fn a_part_is_captured_from_what_expires_first_and_the_rest_comes_back() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 50, 5).await;
    brand.earn(&member, 100, 0).await;
    let hold = brand.hold(&member, 70, 0).await.unwrap();
    let captured = brand.capture(&hold.hold_id, 55).await.unwrap();
    assert_eq!(lots(&captured.entry.unwrap().lots), [-50, -5]);
    assert_eq!(brand.standing(&member).await, (95, 0));
    let again = brand.capture(&hold.hold_id, 15).await.unwrap_err();
    assert_eq!(
        (reason(&again), metadata(&again, "state")),
        ("HOLD_NOT_OPEN".to_owned(), "CAPTURED".to_owned())
    );
    brand.check().await;
}

#[tokio::test]
async fn a_release_gives_back_to_the_very_lots_once() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 50, 5).await;
    brand.earn(&member, 100, 0).await;
    let before = brand.lots(&member).await;
    let hold = brand.hold(&member, 70, 0).await.unwrap();
    let released = brand.release(&hold.hold_id).await.unwrap();
    assert_eq!(
        (released.hold.unwrap().state(), released.expired_amount),
        (HoldState::Released, 0)
    );
    assert_eq!(brand.lots(&member).await, before);
    for refused in [
        brand.release(&hold.hold_id).await.unwrap_err(),
        brand.capture(&hold.hold_id, 1).await.unwrap_err(),
    ] {
        assert_eq!(
            (reason(&refused), metadata(&refused, "state")),
            ("HOLD_NOT_OPEN".to_owned(), "RELEASED".to_owned())
        );
    }
    assert_eq!(brand.standing(&member).await, (150, 0));
    brand.check().await;
}

#[tokio::test]
async fn the_same_request_gets_the_same_hold_capture_and_release() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 100, 0).await;
    let request = brand.hold_request(&member, 60, 0);
    let first = brand.holds().hold_points(request.clone()).await.unwrap().into_inner();
    let again = brand.holds().hold_points(request).await.unwrap().into_inner();
    assert_eq!((&first, brand.standing(&member).await), (&again, (40, 60)));
    let capture = CaptureHoldRequest {
        request_id: brand.request_id(),
        hold_id: first.hold.unwrap().hold_id,
        amount: 10,
        reference: String::new(),
        cost_centre: String::new(),
    };
    let first = brand.holds().capture_hold(capture.clone()).await.unwrap().into_inner();
    let again = brand.holds().capture_hold(capture).await.unwrap().into_inner();
    assert_eq!((&first, brand.standing(&member).await), (&again, (90, 0)));
    let release = ReleaseHoldRequest {
        request_id: brand.request_id(),
        hold_id: brand.hold(&member, 5, 0).await.unwrap().hold_id,
    };
    let first = brand.holds().release_hold(release.clone()).await.unwrap().into_inner();
    let again = brand.holds().release_hold(release).await.unwrap().into_inner();
    assert_eq!((&first, brand.standing(&member).await), (&again, (90, 0)));
    brand.check().await;
}

/// A confirm or a cancel that comes without its try.
#[tokio::test]
async fn a_hold_that_never_was_is_neither_captured_nor_released() {
    let brand = brand().await;
    brand.earn(&brand.member(), 100, 0).await;
    let never = Id::<HoldTag>::generate(&brand.h.clock).to_string();
    assert_eq!(reason(&brand.capture(&never, 0).await.unwrap_err()), "NOT_FOUND");
    assert_eq!(reason(&brand.release(&never).await.unwrap_err()), "NOT_FOUND");
    let get = GetHoldRequest { hold_id: never };
    assert_eq!(reason(&brand.holds().get_hold(get).await.unwrap_err()), "NOT_FOUND");
}

#[tokio::test]
async fn at_its_deadline_a_hold_is_given_back_by_itself() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 100, 0).await;
    let (short, long) = (
        brand.hold(&member, 30, 60).await.unwrap(),
        brand.hold(&member, 40, 2_592_000).await.unwrap(),
    );
    brand.h.clock.advance(std::time::Duration::from_secs(59));
    brand.h.settle().await;
    assert_eq!(brand.standing(&member).await, (30, 70));
    brand.h.clock.advance(std::time::Duration::from_secs(1));
    for refused in [
        brand.capture(&short.hold_id, 0).await.unwrap_err(),
        brand.release(&short.hold_id).await.unwrap_err(),
    ] {
        assert_eq!(
            (reason(&refused), metadata(&refused, "state")),
            ("HOLD_NOT_OPEN".to_owned(), "EXPIRED".to_owned()),
            "whether or not anybody has given it back yet"
        );
    }
    brand.h.settle().await;
    assert_eq!(brand.standing(&member).await, (60, 40));
    let ended = brand.read_hold(&short.hold_id).await;
    assert_eq!(
        (ended.state(), ended.end_time),
        (HoldState::Expired, Some(brand.now().to_wire()))
    );
    assert_eq!(brand.read_hold(&long.hold_id).await.state(), HoldState::Held);
    brand.check().await;
}

#[tokio::test]
async fn an_account_whose_hold_cannot_be_given_back_keeps_nobody_else_s() {
    let brand = brand().await;
    let (ann, bob) = (brand.member(), brand.member());
    for member in [&ann, &bob] {
        brand.earn(member, 100, 0).await;
        brand.hold(member, 30, 3).await.unwrap();
    }
    brand.h.settle().await;
    // Ann's row says that nothing is held of it; the ledger's proof, which would freeze it, rests for five seconds.
    brand.lift_guards().await;
    let oldest = "(SELECT member_id FROM hold ORDER BY hold_id LIMIT 1)";
    let spoilt = brand
        .execute(&format!("UPDATE account SET held = 0 WHERE member_id = {oldest}"))
        .await;
    assert_eq!(spoilt, Ok(1));
    brand.h.clock.advance(std::time::Duration::from_secs(3));
    brand.h.settle().await;
    assert_eq!(brand.standing(&bob).await, (100, 0));
    let stuck = brand.h.db.stuck_items(10).await.unwrap();
    assert_eq!(stuck.len(), 1, "{stuck:?}");
    assert_eq!(stuck[0].queue, "points.release_holds");
    assert!(stuck[0].item.ends_with("/points"), "{stuck:?}");
}

/// Decided: what is held does not expire; given back, it expires at once.
#[tokio::test]
async fn what_is_held_does_not_expire_before_it_is_given_back() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 30, 1).await;
    brand.earn(&member, 40, 9).await;
    let day = 2 * 86_400;
    let (captured, released, lapsing) = (
        brand.hold(&member, 10, day).await.unwrap(),
        brand.hold(&member, 15, day).await.unwrap(),
        brand.hold(&member, 4, day).await.unwrap(),
    );
    brand.pass_days(1).await;
    assert_eq!(
        brand.standing(&member).await,
        (40, 29),
        "the one point of that lot that was not held has expired"
    );
    let capture = brand.capture(&captured.hold_id, 7).await.unwrap();
    assert_eq!((capture.entry.unwrap().amount, capture.expired_amount), (-7, 3));
    let release = brand.release(&released.hold_id).await.unwrap();
    assert_eq!(release.expired_amount, 15);
    brand.pass_days(1).await;
    assert_eq!(brand.read_hold(&lapsing.hold_id).await.state(), HoldState::Expired);
    assert_eq!(brand.standing(&member).await, (40, 0));
    let expired: i64 = brand
        .entries(&member, "points")
        .await
        .iter()
        .filter(|entry| entry.kind() == EntryKind::Expire)
        .map(|entry| entry.amount)
        .sum();
    assert_eq!(expired, -23);
    brand.check().await;
}

#[tokio::test]
async fn holds_are_listed_the_latest_first() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 100, 0).await;
    let mut made = Vec::new();
    for amount in 1..=5 {
        made.push(brand.hold(&member, amount, 0).await.unwrap().hold_id);
    }
    brand.release(&made[1]).await.unwrap();
    made.reverse();
    let listed = |holds: Vec<Hold>| holds.into_iter().map(|hold| hold.hold_id).collect::<Vec<_>>();
    assert_eq!(listed(brand.list_holds(&member, false).await), made);
    made.remove(3);
    assert_eq!(listed(brand.list_holds(&member, true).await), made);
    assert_eq!(brand.list_holds(&brand.member(), false).await, []);
}

/// An unlock after a lock that timed out freed another's.
#[tokio::test]
async fn a_release_frees_its_own_hold_only() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 100, 0).await;
    let first = brand.hold(&member, 60, 60).await.unwrap();
    brand.h.clock.advance(std::time::Duration::from_mins(1));
    brand.h.settle().await;
    let second = brand.hold(&member, 60, 60).await.unwrap();
    assert_eq!(
        reason(&brand.release(&first.hold_id).await.unwrap_err()),
        "HOLD_NOT_OPEN"
    );
    assert_eq!(brand.standing(&member).await, (40, 60));
    brand.capture(&second.hold_id, 0).await.unwrap();
    brand.check().await;
}

#[tokio::test]
async fn open_holds_move_with_a_merge() {
    let brand = brand().await;
    let (old, new) = (brand.member(), brand.member());
    brand.earn(&old, 100, 5).await;
    let (ended, whole, part) = (
        brand.hold(&old, 1, 0).await.unwrap(),
        brand.hold(&old, 60, 864_000).await.unwrap(),
        brand.hold(&old, 39, 864_000).await.unwrap(),
    );
    brand.release(&ended.hold_id).await.unwrap();
    brand.redeem(&old, 1).await.unwrap();
    brand.merge(&old, &new);
    brand.h.settle().await;
    assert_eq!(brand.standing(&new).await, (0, 99));
    assert_eq!(brand.list_holds(&old, false).await.len(), 1);
    let entry = brand.capture(&whole.hold_id, 0).await.unwrap().entry.unwrap();
    assert_eq!((entry.member_id, entry.balance), (new.clone(), 39));
    let released = brand.release(&part.hold_id).await.unwrap().hold.unwrap();
    assert_eq!((released.member_id, brand.balance(&old).await), (new, 39));
    brand.check().await;
}

#[tokio::test]
async fn holds_are_told() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 100, 0).await;
    let hold = brand.hold(&member, 60, 0).await.unwrap();
    brand.capture(&hold.hold_id, 10).await.unwrap();
    let told: Vec<String> = brand.h.published().await.into_iter().map(|fact| fact.kind).collect();
    assert_eq!(
        told,
        ["points.earned", "points.held", "points.redeemed", "points.hold_ended"]
    );
}

/// One balance, many holds at once, each then captured, released and left to its deadline by several callers.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_holds_captures_and_releases_of_one_balance_lose_and_mint_nothing() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 60, 5).await;
    brand.earn(&member, 47, 0).await;
    let holds: Vec<_> = (0..20)
        .map(|_| {
            let (mut holds, request) = (brand.holds(), brand.hold_request(&member, 10, 60));
            tokio::spawn(async move { holds.hold_points(request).await })
        })
        .collect();
    let mut made = Vec::new();
    for hold in holds {
        match hold.await.unwrap() {
            Ok(answer) => made.push(answer.into_inner().hold.unwrap().hold_id),
            Err(status) => assert_eq!(reason(&status), "INSUFFICIENT_POINTS"),
        }
    }
    assert_eq!((made.len(), brand.standing(&member).await), (10, (7, 100)));
    let ends: Vec<_> = made
        .iter()
        .flat_map(|hold| [(hold, true), (hold, false), (hold, true)])
        .map(|(hold, captures)| {
            let (mut holds, request_id, hold_id) = (brand.holds(), brand.request_id(), hold.clone());
            tokio::spawn(async move {
                if captures {
                    let request = CaptureHoldRequest {
                        request_id,
                        hold_id,
                        ..CaptureHoldRequest::default()
                    };
                    holds.capture_hold(request).await.map(|_| 10)
                } else {
                    let request = ReleaseHoldRequest { request_id, hold_id };
                    holds.release_hold(request).await.map(|_| 0)
                }
            })
        })
        .collect();
    let (mut ended, mut spent) = (0, 0);
    for end in ends {
        match end.await.unwrap() {
            Ok(amount) => {
                ended += 1;
                spent += amount;
            }
            Err(status) => assert_eq!(reason(&status), "HOLD_NOT_OPEN"),
        }
    }
    assert_eq!((ended, brand.standing(&member).await), (10, (107 - spent, 0)));
    brand.check().await;
}
