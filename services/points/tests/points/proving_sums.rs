//! The proof of the running sums along everything that they are kept by: month, cost centres, kind.

use std::time::Duration;

use contracts_points::v1::*;

use crate::brand::{Brand, brand};
use crate::cost_centres::{earn_at, redeem_at};
use crate::proving::merge_stripes;

/// How often it is asked whether a comparison has ended.
const TRIES_MAX: usize = 30;

/// Turns the clock and lets the workers work until a comparison has ended that began after that.
async fn compared(brand: &Brand) -> Reconciliation {
    brand.turn_days(1);
    let since = brand.now().to_wire().seconds;
    for _ in 0..TRIES_MAX {
        brand.h.settle().await;
        let standing = brand.reconciliation().await;
        if standing.sums_compare_time.is_some_and(|time| time.seconds >= since) {
            return standing;
        }
        brand.h.clock.advance(Duration::from_mins(2));
    }
    panic!("no comparison has ended");
}

type Row = (SumAxis, String, String, String, EntryKind, i64, i64);

fn rows(standing: &Reconciliation) -> Vec<Row> {
    let row = |it: &SumDisagreement| {
        assert_eq!(it.asset_code, "points");
        (
            it.axis(),
            it.month.clone(),
            it.issued_by.clone(),
            it.redeemed_at.clone(),
            it.kind(),
            it.proven,
            it.counted,
        )
    };
    standing.sum_disagreements.iter().map(row).collect()
}

fn wrong(axis: SumAxis, month: &str, centres: (&str, &str), kind: EntryKind, proven: i64, counted: i64) -> Row {
    let (issued_by, redeemed_at) = (centres.0.to_owned(), centres.1.to_owned());
    (axis, month.to_owned(), issued_by, redeemed_at, kind, proven, counted)
}

/// Two stores grant, a third one honours: 100 of store-a until January 11th, 50 of store-b for ever, of which 120 are spent
/// and 30 given back.
async fn stores() -> Brand {
    let brand = brand().await;
    let member = brand.member();
    earn_at(&brand, &member, 100, 10, "store-a").await;
    earn_at(&brand, &member, 50, 0, "store-b").await;
    let redeem = redeem_at(&brand, &member, 120, "store-c").await;
    brand.reverse(&redeem, 30).await.unwrap();
    brand.lift_guards().await;
    let standing = compared(&brand).await;
    assert_eq!((rows(&standing), standing.sum_disagreement_count), (vec![], 0));
    merge_stripes(&brand).await;
    brand
}

/// Each harm leaves the sums over all months and cost centres as they are, so that only the axis itself tells.
#[tokio::test]
async fn a_sum_that_stands_under_a_wrong_month_or_cost_centre_is_found_and_told() {
    use EntryKind::{Earn, Redeem};
    use SumAxis::{Cohort, Expiry, Settlement};
    let brand = stores().await;
    for (harm, mend, found) in [
        (
            "UPDATE counter SET month = month + 1 WHERE axis = 1 AND centre = 'store-a' AND kind = 1",
            "UPDATE counter SET month = month - 1 WHERE axis = 1 AND centre = 'store-a' AND kind = 1",
            [
                wrong(Expiry, "2026-01", ("store-a", ""), Earn, 100, 0),
                wrong(Expiry, "2026-02", ("store-a", ""), Earn, 0, 100),
            ],
        ),
        (
            "UPDATE counter SET low = low + CASE WHEN centre = 'store-a' THEN 7 ELSE -7 END WHERE axis = 2 AND kind = 1",
            "UPDATE counter SET low = low - CASE WHEN centre = 'store-a' THEN 7 ELSE -7 END WHERE axis = 2 AND kind = 1",
            [
                wrong(Cohort, "2026-01", ("store-a", ""), Earn, 100, 107),
                wrong(Cohort, "2026-01", ("store-b", ""), Earn, 50, 43),
            ],
        ),
        (
            "UPDATE counter SET month = month - 1 WHERE axis = 3 AND centre = 'store-b' AND kind = 2",
            "UPDATE counter SET month = month + 1 WHERE axis = 3 AND centre = 'store-b' AND kind = 2",
            [
                wrong(Settlement, "2025-12", ("store-b", "store-c"), Redeem, 0, -20),
                wrong(Settlement, "2026-01", ("store-b", "store-c"), Redeem, -20, 0),
            ],
        ),
        (
            "UPDATE counter SET spent_at = 'store-d' WHERE axis = 3 AND centre = 'store-a' AND kind = 2",
            "UPDATE counter SET spent_at = 'store-c' WHERE axis = 3 AND centre = 'store-a' AND kind = 2",
            [
                wrong(Settlement, "2026-01", ("store-a", "store-c"), Redeem, -100, 0),
                wrong(Settlement, "2026-01", ("store-a", "store-d"), Redeem, 0, -100),
            ],
        ),
    ] {
        assert!(brand.execute(harm).await.unwrap() > 0, "{harm}");
        // It is told until it is mended: nothing is repaired, and adding everything up anew finds the same.
        for _ in 0..2 {
            let standing = compared(&brand).await;
            assert_eq!(rows(&standing), found, "{harm}");
            assert_eq!(standing.sum_disagreement_count, 2);
            assert!(standing.sums_disagreement.contains("the running sum is"), "{harm}");
        }
        let text = brand.h.red.prometheus_text();
        assert!(text.contains("\npoints_reconciliation_wrong_sums 2\n"), "{text}");
        assert!(text.contains("\npoints_reconciliation_miscounts 1\n"), "{text}");
        brand.execute(mend).await.unwrap();
        let standing = compared(&brand).await;
        assert_eq!((rows(&standing), &*standing.sums_disagreement), (vec![], ""), "{mend}");
        let text = brand.h.red.prometheus_text();
        assert!(text.contains("\npoints_reconciliation_wrong_sums 0\n"), "{text}");
    }
}

/// What is younger than the walk reaches is added up by the comparison itself.
#[tokio::test]
async fn a_wrong_sum_of_entries_that_have_just_been_posted_is_found() {
    let brand = stores().await;
    let member = brand.member();
    brand.turn_days(40);
    let right = compared(&brand).await;
    assert_eq!((rows(&right), &*right.sums_disagreement), (vec![], ""));
    earn_at(&brand, &member, 9, 0, "store-a").await;
    redeem_at(&brand, &member, 4, "store-b").await;
    let harm = "UPDATE counter SET centre = 'store-z' WHERE axis = 3 AND spent_at = 'store-b'";
    assert_eq!(brand.execute(harm).await.unwrap(), 1);
    // Not by waiting for an hour: a comparison that began at its end would be under way while the harm is done.
    let anew = StartReconciliationRequest {
        request_id: brand.request_id(),
    };
    brand.ledger().start_reconciliation(anew).await.unwrap();
    brand.h.clock.advance(Duration::from_mins(2));
    brand.h.settle().await;
    let found = [
        wrong(
            SumAxis::Settlement,
            "2026-02",
            ("store-a", "store-b"),
            EntryKind::Redeem,
            -4,
            0,
        ),
        wrong(
            SumAxis::Settlement,
            "2026-02",
            ("store-z", "store-b"),
            EntryKind::Redeem,
            0,
            -4,
        ),
    ];
    assert_eq!(rows(&brand.reconciliation().await), found);
}

/// Every kind of entry, over many months, while it is compared: who posts meanwhile is in both sums or in neither.
#[tokio::test]
async fn postings_of_every_kind_raise_no_false_alarm_while_they_are_made() {
    let brand = brand().await;
    brand.set_clawback(ClawbackPolicy::Debt).await;
    let members: Vec<String> = (0..4).map(|_| brand.member()).collect();
    for round in 0_usize..8 {
        let (brand, members) = (&brand, &members);
        let post = |number: usize| async move {
            let (member, other) = (&members[number], &members[(number + 1) % members.len()]);
            let centre = ["", "store-a", "store-b"][(number + round) % 3];
            let earn = earn_at(brand, member, 100, 20, centre).await;
            earn_at(brand, member, 10, 0, "store-a").await;
            let redeem = redeem_at(brand, member, 60, centre).await;
            brand.reverse(&redeem, 25).await.unwrap();
            brand.reverse(&earn, 30).await.unwrap();
            brand.transfer(member, other, 15).await.unwrap();
        };
        // Each comparison runs between and within postings; the clock stands meanwhile.
        let (posted, standing) = tokio::join!(futures::future::join_all((0..members.len()).map(post)), async {
            brand.h.settle().await;
            brand.reconciliation().await
        });
        assert_eq!(posted.len(), 4);
        assert_eq!((rows(&standing), &*standing.sums_disagreement), (vec![], ""), "{round}");
        let standing = compared(brand).await;
        assert_eq!((rows(&standing), &*standing.sums_disagreement), (vec![], ""), "{round}");
        brand.turn_days(12);
    }
    let kinds = brand
        .count("SELECT COUNT(DISTINCT kind) FROM counter WHERE axis = 1")
        .await;
    assert!(kinds >= 7, "{kinds} kinds of entries");
    let months = brand
        .count("SELECT COUNT(DISTINCT month) FROM counter WHERE axis = 3")
        .await;
    assert!(months >= 3, "{months} months");
    brand.check().await;
}
