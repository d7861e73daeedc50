use contracts_points::v1::*;

use crate::brand::{Brand, brand};

/// Two members with a history, and nothing wrong.
async fn sound() -> (Brand, String) {
    let brand = brand().await;
    let member = brand.member();
    for member in [&member, &brand.member()] {
        brand.earn(member, 100, 5).await;
        brand.earn_of(member, "growth", 7).await.unwrap();
        let redeem = brand.redeem(member, 30).await.unwrap();
        brand.reverse(&redeem, 10).await.unwrap();
    }
    assert_eq!(brand.disagreements().await, (4, Vec::new()));
    brand.lift_guards().await;
    (brand, member)
}

async fn only_disagreement(brand: &Brand) -> Disagreement {
    let (_, found) = brand.disagreements().await;
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap()
}

#[tokio::test]
async fn a_balance_that_was_tampered_with_is_found() {
    let (brand, _) = sound().await;
    let changed = brand
        .execute(&format!("UPDATE account SET balance = 81 WHERE {FIRST}"))
        .await
        .unwrap();
    assert_eq!(changed, 1);
    let found = only_disagreement(&brand).await;
    assert_eq!(
        (
            found.balance,
            found.entries_sum,
            found.lots_sum,
            found.last_entry_balance
        ),
        (81, 80, 80, 80)
    );
}

#[tokio::test]
async fn a_lot_that_was_tampered_with_is_found() {
    let (brand, _) = sound().await;
    assert_eq!(
        brand
            .execute(&format!("UPDATE lot SET remaining = 79 WHERE {FIRST}"))
            .await
            .unwrap(),
        1
    );
    let found = only_disagreement(&brand).await;
    assert_eq!((found.balance, found.entries_sum, found.lots_sum), (80, 80, 79));
}

#[tokio::test]
async fn what_is_held_and_was_tampered_with_is_found() {
    let (brand, member) = sound().await;
    brand.hold(&member, 80, 0).await.unwrap();
    assert_eq!(brand.disagreements().await, (4, Vec::new()), "all of its lot is held");
    for (sql, expected) in [
        ("UPDATE account SET held = 79 WHERE held > 0", (79, 80, 80)),
        ("UPDATE hold_lot SET amount = 78", (79, 80, 78)),
        ("UPDATE lot SET held = 77 WHERE held > 0", (79, 77, 78)),
    ] {
        assert_eq!(brand.execute(sql).await.unwrap(), 1);
        let found = only_disagreement(&brand).await;
        assert_eq!((found.held, found.lots_held, found.holds_sum), expected);
        assert_eq!(found.lots_sum, found.lots_held);
    }
}

#[tokio::test]
async fn what_is_owed_and_was_tampered_with_is_found() {
    let (brand, _) = sound().await;
    brand.set_clawback(ClawbackPolicy::Debt).await;
    let owing = brand.member();
    let earn = brand.earn(&owing, 10, 0).await;
    brand.redeem(&owing, 10).await.unwrap();
    brand.reverse(&earn, 0).await.unwrap();
    assert_eq!(brand.disagreements().await, (5, Vec::new()));
    assert_eq!(
        brand
            .execute("UPDATE account SET debt = 9 WHERE debt > 0")
            .await
            .unwrap(),
        1
    );
    let found = only_disagreement(&brand).await;
    assert_eq!((found.debt, found.entries_debt, found.balance), (9, 10, 0));
}

#[tokio::test]
async fn what_is_pending_and_was_tampered_with_is_found() {
    let (brand, member) = sound().await;
    brand.earn_pending(&member, 5, 0, "").await;
    assert_eq!(brand.disagreements().await, (4, Vec::new()));
    let tampered = "UPDATE lot SET pending = 4 WHERE pending > 0";
    assert_eq!(brand.execute(tampered).await.unwrap(), 1);
    let found = only_disagreement(&brand).await;
    assert_eq!(
        (found.pending, found.lots_pending, found.lots_sum),
        (5, 4, found.balance - 1)
    );
}

#[tokio::test]
async fn a_missing_entry_is_found() {
    let (brand, _) = sound().await;
    assert_eq!(
        brand
            .execute(&format!("DELETE FROM entry WHERE {FIRST} AND sequence = 2"))
            .await
            .unwrap(),
        1
    );
    let found = only_disagreement(&brand).await;
    assert_eq!((found.entries_sum, found.entry_count, found.sequence), (110, 2, 3));
}

#[tokio::test]
async fn a_missing_account_is_found() {
    let (brand, _) = sound().await;
    assert_eq!(
        brand
            .execute(&format!("DELETE FROM account WHERE {FIRST}"))
            .await
            .unwrap(),
        1
    );
    let found = only_disagreement(&brand).await;
    assert_eq!((found.balance, found.entries_sum, found.lots_sum), (0, 80, 80));
}

/// The points of one of the two members, on both databases.
const FIRST: &str = "asset_code = 'points' AND member_id = (SELECT member_id FROM entry WHERE asset_code = 'points' \
     ORDER BY entry_id LIMIT 1)";

#[tokio::test]
async fn the_liability_adds_up() {
    let (brand, member) = sound().await;
    let earn = brand.earn(&member, 50, 0).await;
    brand.reverse(&earn, 20).await.unwrap();
    brand.pass_days(6).await;
    let request = GetLiabilityRequest {
        asset_code: "points".to_owned(),
    };
    let sums = brand.ledger().get_liability(request).await.unwrap().into_inner();
    assert_eq!(
        (sums.issued, sums.redeemed, sums.returned, sums.taken_back),
        (250, 60, 20, 20)
    );
    assert_eq!((sums.expired, sums.outstanding, sums.entry_count), (160, 30, 10));
    assert_eq!(
        sums.issued + sums.returned,
        sums.redeemed + sums.taken_back + sums.expired + sums.outstanding
    );
}

#[tokio::test]
async fn the_liability_adds_up_with_debts_gifts_corrections_and_what_is_held_or_pending() {
    let brand = brand().await;
    brand.set_clawback(ClawbackPolicy::Debt).await;
    let alone = Asset {
        adjustment_alone_max: 100,
        ..Asset::default()
    };
    brand.set_points(alone, "adjustment_alone_max").await;
    let (one, other) = (brand.member(), brand.member());
    let earn = brand.earn(&one, 100, 0).await;
    brand.redeem(&one, 80).await.unwrap();
    brand.reverse(&earn, 0).await.unwrap();
    brand.earn(&one, 30, 0).await;
    brand.adjust(&other, 90).await.unwrap();
    brand.adjust(&other, -15).await.unwrap();
    brand.transfer(&other, &one, 60).await.unwrap();
    brand.hold(&one, 4, 0).await.unwrap();
    brand.earn_pending(&one, 7, 0, "").await;
    let request = GetLiabilityRequest {
        asset_code: "points".to_owned(),
    };
    let sums = brand.ledger().get_liability(request).await.unwrap().into_inner();
    assert_eq!(
        (sums.issued, sums.redeemed, sums.taken_back, sums.adjusted, sums.debt),
        (137, 80, 20 + 30 + 50, 75, 0)
    );
    assert_eq!(sums.outstanding, 10 + 15 + 7);
    assert_eq!(
        sums.issued + sums.returned + sums.adjusted,
        sums.redeemed + sums.taken_back + sums.expired + sums.outstanding
    );
    brand.check().await;
}
