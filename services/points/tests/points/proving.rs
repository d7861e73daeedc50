//! What the proof compares beside balances: what is held, pending and owed, and the running sums.

use contracts_points::v1::*;

use crate::brand::{Brand, brand, reason};
use crate::freezing::{harm, proven};

/// The harm leaves each balance what its lots sum up to: only what is held, pending or owed is wrong.
#[tokio::test]
async fn what_is_held_pending_or_owed_is_proven_each_by_itself() {
    for (sql, found) in [
        (
            "UPDATE account SET held = 9 WHERE held = 10",
            "9 are held of the account: 10",
        ),
        (
            "UPDATE hold_lot SET amount = 9 WHERE amount = 10",
            "10 are in its lots, 9 in its holds",
        ),
        (
            "UPDATE lot SET held = 9, remaining = remaining + 1 WHERE held = 10",
            "9 are in its lots, 10 in its holds",
        ),
        (
            "UPDATE account SET pending = 4 WHERE pending = 5",
            "4 are pending of the account: 5",
        ),
        (
            "UPDATE lot SET pending = 0, remaining = 5, open = TRUE WHERE pending = 5",
            "5 are pending of the account: 0",
        ),
        (
            "UPDATE account SET debt = 29 WHERE debt = 30",
            "owes 29: by its entries it owes 30",
        ),
        (
            "UPDATE entry SET debt = 31 WHERE debt = 30",
            "owes 30: by its entries it owes 31",
        ),
    ] {
        let brand = brand().await;
        brand.set_clawback(ClawbackPolicy::Debt).await;
        let (holding, owing) = (brand.member(), brand.member());
        brand.earn(&holding, 100, 0).await;
        brand.hold(&holding, 10, 0).await.unwrap();
        brand.earn_pending(&holding, 5, 0, "").await;
        let earn = brand.earn(&owing, 30, 0).await;
        brand.redeem(&owing, 30).await.unwrap();
        brand.reverse(&earn, 0).await.unwrap();
        brand.lift_guards().await;
        harm(&brand, sql).await;
        brand.prove().await;
        let frozen = brand.frozen().await;
        assert_eq!(frozen.len(), 1, "{sql}: {frozen:?}");
        assert!(frozen[0].discrepancy.contains(found), "{sql}: {frozen:?}");
    }
}

#[tokio::test]
async fn a_debt_that_was_proven_is_remembered_and_repaid() {
    let brand = brand().await;
    brand.set_clawback(ClawbackPolicy::Debt).await;
    let owing = brand.member();
    let earn = brand.earn(&owing, 30, 0).await;
    brand.redeem(&owing, 30).await.unwrap();
    brand.reverse(&earn, 0).await.unwrap();
    brand.prove().await;
    assert_eq!(brand.count("SELECT debt FROM account_proof").await, 30);
    brand.earn(&owing, 40, 0).await;
    brand.prove().await;
    assert_eq!(brand.count("SELECT debt FROM account_proof").await, 0);
    assert!(brand.frozen().await.is_empty());
}

/// Entries of all ages: those that were walked over, and those that are too young for that.
#[tokio::test]
async fn the_running_sums_are_proven_against_all_entries() {
    let (brand, member) = proven().await;
    let first = brand.reconciliation().await;
    assert!(first.sums_compare_time.is_some());
    assert_eq!(first.sums_disagreement, "");
    let walked = "SELECT CAST(SUM(entries) AS BIGINT) FROM counter_proof";
    assert_eq!(brand.count(walked).await, 3);

    brand.turn_days(1);
    brand.earn(&member, 5, 0).await;
    let redeem = brand.redeem(&member, 3).await.unwrap();
    brand.reverse(&redeem, 1).await.unwrap();
    brand.h.settle().await;
    let second = brand.reconciliation().await;
    assert!(second.sums_compare_time.unwrap().seconds > first.sums_compare_time.unwrap().seconds);
    assert_eq!(second.sums_disagreement, "");
    assert_eq!(brand.count(walked).await, 3, "the others are too young");

    let anew = StartReconciliationRequest {
        request_id: brand.request_id(),
    };
    let begun = brand.ledger().start_reconciliation(anew).await.unwrap().into_inner();
    assert_eq!(begun.reconciliation.unwrap().sums_compare_time, None);
    assert_eq!(brand.count("SELECT COUNT(*) FROM counter_proof").await, 0);
    brand.prove().await;
    assert_eq!(brand.count(walked).await, 6);
    assert!(brand.reconciliation().await.sums_compare_time.is_some());

    for (sql, found) in [
        (
            "UPDATE counter SET low = low + 1 WHERE axis = 1 AND kind = 2 AND entries = 2",
            "of points, 2 entries of the kind REDEEM sum up to -33: the running sums by expiry count 2 of -32",
        ),
        (
            "UPDATE counter SET low = low - 1, entries = entries + 1 WHERE axis = 1 AND kind = 2 AND entries = 2",
            "the running sums by expiry count 3 of -33",
        ),
        (
            "UPDATE counter SET entries = entries - 1 WHERE axis = 1 AND kind = 2 AND entries = 3",
            "",
        ),
        (
            "DELETE FROM counter WHERE axis = 3 AND kind = 3",
            "the running sums by settlement count 0 of 0",
        ),
    ] {
        merge_stripes(&brand).await;
        harm(&brand, sql).await;
        // The disagreement is told as soon as it is seen, and again once everything has been added up anew.
        for _ in 0..2 {
            brand.turn_days(1);
            brand.h.settle().await;
            brand.prove().await;
            let told = brand.reconciliation().await.sums_disagreement;
            assert!(
                told.contains(found) && told.is_empty() == found.is_empty(),
                "{sql}: {told}"
            );
        }
        let text = brand.h.red.prometheus_text();
        let level = format!("\npoints_reconciliation_miscounts {}\n", i32::from(!found.is_empty()));
        assert!(text.contains(&level), "{text}");
    }
    assert!(brand.frozen().await.is_empty(), "no account is to blame");
}

/// One row for each running sum, so that a test knows which it harms.
pub(crate) async fn merge_stripes(brand: &Brand) {
    let merge = "INSERT INTO counter (tenant_id, asset_code, axis, month, centre, spent_at, kind, stripe, high, low, entries) \
         SELECT tenant_id, asset_code, axis, month, centre, spent_at, kind, 99, CAST(SUM(high) AS BIGINT), \
             CAST(SUM(low) AS BIGINT), CAST(SUM(entries) AS BIGINT) FROM counter WHERE stripe <> 99 \
         GROUP BY tenant_id, asset_code, axis, month, centre, spent_at, kind";
    if brand.count("SELECT COUNT(*) FROM counter WHERE stripe <> 99").await > 0 {
        brand.execute(merge).await.unwrap();
        brand.execute("DELETE FROM counter WHERE stripe <> 99").await.unwrap();
    }
}

#[tokio::test]
async fn an_adjustment_of_a_frozen_account_is_made_and_rejected_but_not_posted() {
    let brand = brand().await;
    brand.alone_max(10).await;
    let member = brand.member();
    brand.earn(&member, 100, 0).await;
    brand.freeze(&member).await.unwrap();
    let refused = brand.adjust(&member, 10).await.unwrap_err();
    assert_eq!(reason(&refused), "ACCOUNT_FROZEN");
    let made = brand
        .second()
        .create_adjustment(brand.adjust_request(&member, -50))
        .await;
    let waiting = made.unwrap().into_inner().adjustment.unwrap();
    let approval = brand.approval(&waiting.adjustment_id);
    let refused = brand.adjustments().approve_adjustment(approval).await.unwrap_err();
    assert_eq!(reason(&refused), "ACCOUNT_FROZEN");
    assert_eq!(
        brand.read_adjustment(&waiting.adjustment_id).await.state(),
        AdjustmentState::Pending
    );
    let rejection = brand.rejection(&waiting.adjustment_id);
    brand.adjustments().reject_adjustment(rejection).await.unwrap();
    assert_eq!(
        brand.read_adjustment(&waiting.adjustment_id).await.state(),
        AdjustmentState::Rejected
    );
    assert_eq!(brand.entries(&member, "points").await.len(), 1);
}
