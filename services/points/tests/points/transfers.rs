//! What members give to each other.

use contracts_points::v1::*;
use tonic::{Response, Status};

use crate::brand::{Brand, brand, metadata, reason};

impl Brand {
    pub(crate) async fn transfer(&self, from: &str, to: &str, amount: i64) -> Result<TransferPointsResponse, Status> {
        let request = self.transfer_request(from, to, amount);
        self.transfers()
            .transfer_points(request)
            .await
            .map(Response::into_inner)
    }

    pub(crate) fn transfer_request(&self, from: &str, to: &str, amount: i64) -> TransferPointsRequest {
        TransferPointsRequest {
            request_id: self.request_id(),
            member_id: from.to_owned(),
            to_member_id: to.to_owned(),
            asset_code: "points".to_owned(),
            amount,
            reference: "gift-1".to_owned(),
        }
    }
}

#[tokio::test]
async fn a_gift_takes_what_expires_first_and_makes_nothing_younger() {
    let brand = brand().await;
    let (giver, receiver) = (brand.member(), brand.member());
    brand.earn(&giver, 100, 0).await;
    brand.earn(&giver, 30, 5).await;
    brand.earn(&giver, 20, 9).await;
    let given = brand.transfer(&giver, &receiver, 60).await.unwrap();
    let (out, into) = (given.out_entry.unwrap(), given.in_entry.unwrap());
    assert_eq!(
        (out.kind(), out.amount, out.balance, &out.counterpart_member_id),
        (EntryKind::TransferOut, -60, 90, &receiver)
    );
    assert_eq!(
        (into.kind(), into.amount, into.balance, &into.counterpart_member_id),
        (EntryKind::TransferIn, 60, 60, &giver)
    );
    assert_eq!((out.reference.as_str(), into.reference.as_str()), ("gift-1", "gift-1"));
    let expiries = |lots: &[LotAmount]| {
        lots.iter()
            .map(|lot| (lot.expire_time, lot.amount.abs()))
            .collect::<Vec<_>>()
    };
    assert_eq!(expiries(&out.lots), expiries(&into.lots));
    let lots = brand.lots(&receiver).await;
    assert_eq!(lots.iter().map(|lot| lot.remaining).collect::<Vec<_>>(), [30, 20, 10]);
    assert!(lots.iter().all(|lot| lot.entry_id == into.entry_id));
    assert_eq!(brand.entries(&receiver, "points").await, [into]);
    assert_eq!(brand.entries(&giver, "points").await[0], out);
    brand.pass_days(5).await;
    assert_eq!((brand.balance(&giver).await, brand.balance(&receiver).await), (90, 30));
    brand.check().await;
}

#[tokio::test]
async fn a_gift_is_refused_whole_for_a_reason() {
    let brand = brand().await;
    let (giver, receiver, merged) = (brand.member(), brand.member(), brand.member());
    brand.earn(&giver, 50, 0).await;
    brand.earn_of(&giver, "growth", 50).await.unwrap();
    let refused = brand.transfer(&giver, &receiver, 51).await.unwrap_err();
    assert_eq!(
        (reason(&refused), metadata(&refused, "available")),
        ("INSUFFICIENT_POINTS".to_owned(), "50".to_owned())
    );
    let growth = TransferPointsRequest {
        asset_code: "growth".to_owned(),
        ..brand.transfer_request(&giver, &receiver, 1)
    };
    let refused = brand.transfers().transfer_points(growth).await.unwrap_err();
    assert_eq!(reason(&refused), "TRANSFER_FORBIDDEN");
    assert_eq!(
        reason(&brand.transfer(&giver, &giver, 1).await.unwrap_err()),
        "TRANSFER_TO_SELF"
    );
    brand.merge(&merged, &giver);
    brand.h.settle().await;
    assert_eq!(
        reason(&brand.transfer(&giver, &merged, 1).await.unwrap_err()),
        "TRANSFER_TO_SELF",
        "two ids of one member"
    );
    let forbidden = Asset {
        transfer_forbidden: true,
        ..Asset::default()
    };
    brand.set_points(forbidden, "transfer_forbidden").await;
    assert_eq!(
        reason(&brand.transfer(&giver, &receiver, 1).await.unwrap_err()),
        "TRANSFER_FORBIDDEN"
    );
    assert_eq!((brand.balance(&giver).await, brand.balance(&receiver).await), (50, 0));
    brand.check().await;
}

#[tokio::test]
async fn the_same_gift_told_twice_is_given_once_and_told_to_others_once() {
    let brand = brand().await;
    let (giver, receiver) = (brand.member(), brand.member());
    brand.earn(&giver, 50, 0).await;
    let request = brand.transfer_request(&giver, &receiver, 20);
    let first = brand
        .transfers()
        .transfer_points(request.clone())
        .await
        .unwrap()
        .into_inner();
    let again = brand.transfers().transfer_points(request).await.unwrap().into_inner();
    assert_eq!(first, again);
    assert_eq!((brand.balance(&giver).await, brand.balance(&receiver).await), (30, 20));
    let told: Vec<String> = brand.h.published().await.into_iter().map(|fact| fact.kind).collect();
    assert_eq!(told, ["points.earned", "points.transferred"]);
}

#[tokio::test]
async fn what_was_given_can_be_spent_held_and_moved_like_anything_else() {
    let brand = brand().await;
    let (giver, receiver, survivor) = (brand.member(), brand.member(), brand.member());
    brand.earn(&giver, 100, 5).await;
    brand.transfer(&giver, &receiver, 60).await.unwrap();
    let spent = brand.redeem(&receiver, 25).await.unwrap();
    brand.hold(&receiver, 10, 864_000).await.unwrap();
    brand.reverse(&spent, 5).await.unwrap();
    brand.merge(&receiver, &survivor);
    brand.h.settle().await;
    brand.reverse(&spent, 0).await.unwrap();
    let balance = brand.balance_of(&survivor, "points").await;
    assert_eq!((balance.available, balance.held), (50, 10));
    brand.check().await;
}

#[tokio::test]
async fn a_gift_repays_what_its_receiver_owes() {
    let brand = brand().await;
    brand.set_clawback(ClawbackPolicy::Debt).await;
    let (giver, receiver) = (brand.member(), brand.member());
    let earn = brand.earn(&receiver, 30, 0).await;
    brand.redeem(&receiver, 30).await.unwrap();
    brand.reverse(&earn, 0).await.unwrap();
    brand.earn(&giver, 100, 0).await;
    brand.transfer(&giver, &receiver, 50).await.unwrap();
    let balance = brand.balance_of(&receiver, "points").await;
    assert_eq!((balance.available, balance.debt), (20, 0));
    brand.check().await;
}

/// 20 concurrent gifts of 100 points credited 2,000: read, compute, write absolute.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_gifts_at_once_give_what_the_balance_allows_and_not_more() {
    let brand = brand().await;
    let (giver, receiver) = (brand.member(), brand.member());
    brand.earn(&giver, 1_050, 0).await;
    let gifts: Vec<_> = (0..20)
        .map(|_| {
            let (mut transfers, request) = (brand.transfers(), brand.transfer_request(&giver, &receiver, 100));
            tokio::spawn(async move { transfers.transfer_points(request).await })
        })
        .collect();
    let mut given = 0;
    for gift in gifts {
        match gift.await.unwrap() {
            Ok(_) => given += 1,
            Err(status) => assert_eq!(reason(&status), "INSUFFICIENT_POINTS"),
        }
    }
    assert_eq!(
        (given, brand.balance(&giver).await, brand.balance(&receiver).await),
        (10, 50, 1_000)
    );
    brand.check().await;
}

/// Two that give to each other lock their accounts in one order, so that neither waits for the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn gifts_in_both_directions_at_once_all_succeed() {
    let brand = brand().await;
    let (one, other) = (brand.member(), brand.member());
    brand.earn(&one, 1_000, 0).await;
    brand.earn(&other, 1_000, 3).await;
    let gifts: Vec<_> = (0..20)
        .map(|number| {
            let (from, to) = if number % 2 == 0 {
                (&one, &other)
            } else {
                (&other, &one)
            };
            let (mut transfers, request) = (brand.transfers(), brand.transfer_request(from, to, 10));
            tokio::spawn(async move { transfers.transfer_points(request).await.unwrap() })
        })
        .collect();
    for gift in gifts {
        gift.await.unwrap();
    }
    assert_eq!((brand.balance(&one).await, brand.balance(&other).await), (1_000, 1_000));
    brand.check().await;
}
