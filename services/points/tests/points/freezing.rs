//! The ledger proves itself, freezes what disagrees, and lets nobody unfreeze it before it agrees.

use contracts_points::v1::*;

use crate::brand::{Brand, brand, metadata, order_rule, reason};

/// A member with a history that was proven, and nothing wrong. The guards are off, so that a test can do harm.
pub(crate) async fn proven() -> (Brand, String) {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 100, 0).await;
    brand.redeem(&member, 30).await.unwrap();
    brand.earn_of(&member, "growth", 7).await.unwrap();
    brand.prove().await;
    brand.lift_guards().await;
    (brand, member)
}

pub(crate) async fn harm(brand: &Brand, sql: &str) {
    assert_eq!(brand.execute(sql).await.unwrap(), 1, "{sql}");
}

#[tokio::test]
async fn a_pass_checks_every_account_and_the_next_one_reads_only_what_is_new() {
    let (brand, member) = proven().await;
    let first = brand.reconciliation().await;
    assert!(!first.running && first.last_scratch_end_time.is_some());
    assert_eq!((first.last_pass_checked_count, first.frozen_count), (2, 0));
    assert_eq!(
        proofs(&brand).await,
        2 + 1,
        "both entries of one account and the one of the other"
    );

    brand.earn(&member, 5, 0).await;
    brand.prove().await;
    let second = brand.reconciliation().await;
    assert!(!second.running && !second.from_scratch);
    assert_eq!((second.pass, second.last_pass_checked_count), (first.pass + 1, 2));
    assert_eq!(proofs(&brand).await, 3 + 1);
    assert_eq!(second.last_scratch_end_time, first.last_scratch_end_time);
    assert!(brand.frozen().await.is_empty());
}

/// The numbers of the last entries that were proven, added up.
async fn proofs(brand: &Brand) -> i64 {
    brand
        .count("SELECT CAST(COALESCE(SUM(sequence), 0) AS BIGINT) FROM account_proof")
        .await
}

#[tokio::test]
async fn every_harm_to_new_books_freezes_the_account_and_no_other() {
    for (sql, found) in [
        (
            "UPDATE account SET balance = 76 WHERE asset_code = 'points'",
            "balance is 76",
        ),
        (
            "UPDATE account SET sequence = 2 WHERE asset_code = 'points'",
            "counts 2 entries",
        ),
        (
            "UPDATE lot SET remaining = 74 WHERE asset_code = 'points' AND granted = 100",
            "lots sum up to 79",
        ),
        ("UPDATE entry SET amount = 6 WHERE sequence = 3", "say otherwise"),
        ("UPDATE entry SET balance = 76 WHERE sequence = 3", "say otherwise"),
        ("DELETE FROM entry WHERE sequence = 3", "the last one is number 2"),
        ("UPDATE entry SET sequence = 4 WHERE sequence = 3", "entry 3 is missing"),
    ] {
        let (brand, member) = proven().await;
        brand.earn(&member, 5, 0).await;
        harm(&brand, sql).await;
        brand.prove().await;
        let frozen = brand.frozen().await;
        assert_eq!(frozen.len(), 1, "{sql}: {frozen:?}");
        let account = &frozen[0];
        assert_eq!((&account.member_id, &*account.asset_code), (&member, "points"));
        assert!(account.discrepancy.contains(found), "{sql}: {account:?}");
        assert_eq!(account.frozen_by, "points.reconcile");
        assert_eq!(brand.reconciliation().await.disagreement_count, 1);
        let text = brand.h.red.prometheus_text();
        assert!(text.contains("\npoints_reconciliation_disagreements 1\n"), "{text}");
        assert_eq!(
            reason(&brand.redeem(&member, 1).await.unwrap_err()),
            "ACCOUNT_FROZEN",
            "{sql}"
        );
        brand.earn_of(&member, "growth", 1).await.unwrap();
    }
}

#[tokio::test]
async fn an_entry_whose_lots_do_not_sum_up_freezes_the_account() {
    let (brand, member) = proven().await;
    brand.redeem(&member, 20).await.unwrap();
    harm(&brand, "UPDATE entry_lot SET amount = -21 WHERE amount = -20").await;
    brand.prove().await;
    assert!(brand.frozen().await[0].discrepancy.contains("lots in it sum up to -21"));
}

#[tokio::test]
async fn entries_whose_account_is_gone_freeze_what_takes_its_place() {
    let (brand, member) = proven().await;
    harm(&brand, "DELETE FROM account WHERE asset_code = 'points'").await;
    brand.prove().await;
    assert_eq!(brand.frozen().await.len(), 1);
    assert_eq!(reason(&brand.redeem(&member, 1).await.unwrap_err()), "ACCOUNT_FROZEN");
}

/// What was proven before is read again by a pass from scratch only: on request, and every thirty days.
#[tokio::test]
async fn harm_to_old_entries_is_found_from_scratch() {
    let (brand, member) = proven().await;
    harm(
        &brand,
        "UPDATE entry SET amount = 99 WHERE asset_code = 'points' AND sequence = 1",
    )
    .await;
    brand.prove().await;
    assert!(brand.frozen().await.is_empty());
    let request = StartReconciliationRequest {
        request_id: brand.request_id(),
    };
    let begun = brand
        .ledger()
        .start_reconciliation(request.clone())
        .await
        .unwrap()
        .into_inner();
    let pass = begun.reconciliation.clone().unwrap();
    assert!(pass.running && pass.from_scratch);
    brand.prove().await;
    assert_eq!(brand.frozen().await[0].member_id, member);
    let replay = brand.ledger().start_reconciliation(request).await.unwrap().into_inner();
    assert_eq!(replay, begun, "asked again, it answers as before and begins nothing");
    assert!(!brand.reconciliation().await.running);
}

#[tokio::test]
async fn after_thirty_days_everything_is_read_again() {
    let (brand, _) = proven().await;
    harm(
        &brand,
        "UPDATE entry SET amount = 99 WHERE asset_code = 'points' AND sequence = 1",
    )
    .await;
    brand.pass_days(29).await;
    assert!(brand.frozen().await.is_empty());
    brand.pass_days(1).await;
    assert_eq!(brand.frozen().await.len(), 1);
}

/// More accounts than a page has, and an account with more entries than are read at a time.
#[tokio::test]
async fn a_pass_goes_on_page_by_page_and_waits_for_a_long_account() {
    let brand = brand().await;
    brand.create_rule("base", order_rule("1")).await;
    let busy = brand.member();
    for order in 0..1_100 {
        brand.pay(&busy, &format!("order-{order}"), 100);
    }
    for order in 0..150 {
        brand.pay(&brand.member(), &format!("single-{order}"), 100);
    }
    brand.h.settle().await;
    brand.prove().await;
    let mut pages = 1;
    while brand.reconciliation().await.running {
        brand.h.clock.advance(std::time::Duration::from_secs(6));
        brand.h.settle().await;
        pages += 1;
        assert!(pages < 20, "{:?}", brand.reconciliation().await);
    }
    assert_eq!(brand.reconciliation().await.last_pass_checked_count, 151);
    assert_eq!(proofs(&brand).await, 1_100 + 150);
    assert!(brand.frozen().await.is_empty());
    assert!(pages >= 3, "{pages}: no page reads more than it may");
}

#[tokio::test]
async fn nothing_is_posted_to_a_frozen_account_and_everything_can_be_read() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", order_rule("7")).await;
    let earn = brand.earn(&member, 100, 1).await;
    let frozen = brand.freeze(&member).await.unwrap();
    assert_eq!(
        (&*frozen.reason, &*frozen.frozen_by, &*frozen.discrepancy),
        ("stolen phone", "key_test", "")
    );

    let refused = brand.redeem(&member, 1).await.unwrap_err();
    assert_eq!(metadata(&refused, "reason"), "stolen phone");
    for refused in [
        refused,
        brand.earn_of(&member, "points", 1).await.unwrap_err(),
        brand.reverse(&earn, 1).await.unwrap_err(),
        brand.freeze(&member).await.unwrap_err(),
    ] {
        assert_eq!(reason(&refused), "ACCOUNT_FROZEN");
    }
    brand.pay(&member, "order-1", 100);
    brand.pay(&brand.member(), "order-2", 100);
    brand.pass_days(2).await;
    assert_eq!(
        brand
            .count("SELECT COUNT(*) FROM parked_fact WHERE reason LIKE '%frozen%'")
            .await,
        1,
        "its order is put aside, and nobody else's"
    );
    assert_eq!(
        brand.count("SELECT COUNT(*) FROM entry").await,
        2,
        "and nothing has expired"
    );
    assert_eq!(
        brand.balance(&member).await,
        0,
        "but nobody is told that it is still there"
    );
    assert_eq!(
        (brand.entries(&member, "points").await.len(), brand.frozen().await.len()),
        (1, 1)
    );

    assert_eq!(brand.unfreeze(&member).await.unwrap(), 100);
    assert_eq!(
        reason(&brand.unfreeze(&member).await.unwrap_err()),
        "ACCOUNT_NOT_FROZEN"
    );
    brand.pass_days(1).await;
    assert_eq!(brand.entries(&member, "points").await[0].kind(), EntryKind::Expire);
    brand.check().await;
}

#[tokio::test]
async fn an_account_stays_frozen_until_its_books_agree_again() {
    let (brand, member) = proven().await;
    harm(&brand, "UPDATE account SET balance = 71 WHERE asset_code = 'points'").await;
    brand.prove().await;
    let refused = brand.unfreeze(&member).await.unwrap_err();
    assert_eq!(reason(&refused), "ACCOUNT_DISAGREES");
    assert!(metadata(&refused, "discrepancy").contains("71"));
    harm(&brand, "UPDATE account SET balance = 70 WHERE asset_code = 'points'").await;
    brand.prove().await;
    assert_eq!(brand.frozen().await.len(), 1, "nothing is unfrozen by itself");
    assert_eq!(brand.unfreeze(&member).await.unwrap(), 70);
    brand.redeem(&member, 70).await.unwrap();
    assert_eq!(brand.reconciliation().await.disagreement_count, 0);
    assert_eq!(
        brand
            .count("SELECT COUNT(*) FROM account_freeze WHERE unfreeze_reason = 'ticket 4711'")
            .await,
        1
    );
}

#[tokio::test]
async fn a_freeze_by_hand_learns_of_a_disagreement_too() {
    let (brand, member) = proven().await;
    brand.freeze(&member).await.unwrap();
    harm(&brand, "UPDATE account SET balance = 71 WHERE asset_code = 'points'").await;
    brand.prove().await;
    let frozen = brand.frozen().await;
    assert_eq!((frozen.len(), &*frozen[0].reason), (1, "stolen phone"));
    assert!(frozen[0].discrepancy.contains("71"));
}

#[tokio::test]
async fn a_merge_waits_for_the_frozen_side_and_is_made_up_for() {
    for freeze_old in [true, false] {
        let brand = brand().await;
        let (old, new) = (brand.member(), brand.member());
        brand.earn(&old, 30, 0).await;
        brand.earn(&new, 5, 0).await;
        let frozen = if freeze_old { &old } else { &new };
        brand.freeze(frozen).await.unwrap();
        brand.merge(&old, &new);
        brand.h.settle().await;
        assert_eq!(brand.balance(&old).await, 5, "the old id leads on all the same");
        assert_eq!(brand.unfreeze(frozen).await.unwrap(), if freeze_old { 0 } else { 35 });
        assert_eq!(brand.balance(&old).await, 35);
        brand.check().await;
    }
}

#[tokio::test]
async fn an_account_that_is_not_there_cannot_be_frozen() {
    let brand = brand().await;
    let member = brand.member();
    assert_eq!(reason(&brand.freeze(&member).await.unwrap_err()), "NOT_FOUND");
    assert_eq!(
        reason(&brand.unfreeze(&member).await.unwrap_err()),
        "ACCOUNT_NOT_FROZEN"
    );
    assert_eq!(brand.count("SELECT COUNT(*) FROM account").await, 0);
}

/// A check sees each account at one moment, whatever is posted meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_frozen_in_the_midst_of_traffic() {
    let brand = brand().await;
    let members: Vec<String> = (0..5).map(|_| brand.member()).collect();
    let calls: Vec<_> = (0..60)
        .map(|number| {
            let member = &members[number % 5];
            let (mut points, earn, redeem) = (
                brand.points(),
                brand.earn_request(member, "points", 7),
                brand.redeem_request(member, 3),
            );
            tokio::spawn(async move {
                points.earn_points(earn).await.unwrap();
                points.redeem_points(redeem).await.unwrap();
            })
        })
        .collect();
    for _ in 0..20 {
        brand.prove().await;
    }
    for call in calls {
        call.await.unwrap();
    }
    brand.prove().await;
    assert!(brand.frozen().await.is_empty());
    assert_eq!(proofs(&brand).await, 120);
    brand.check().await;
}
