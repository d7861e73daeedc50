//! Sums at the end of 64 bits: out of reach by the bounds of what is posted, and never cut where they pass it all the same.

use contracts_points::v1::*;
use tonic::{Code, Status};

use crate::brand::{Brand, brand, metadata, order_rule, reason};
use crate::posting::earn;
use crate::reasons::Produced;

/// What one posting grants at the most, and what an account is granted.
const POSTING: i64 = 1_000_000_000_000_000;
const ACCOUNT: i64 = 1_000 * POSTING;

impl Brand {
    /// Grants a member all that an account is granted.
    async fn fill(&self, member: &str) {
        for _ in 0..2 {
            let postings = (0..500).map(|_| earn(self.earn_request(member, "points", POSTING)));
            let request = PostBatchRequest {
                unreadable_items: Vec::new(),
                postings: postings.collect(),
                ..PostBatchRequest::default()
            };
            let posted = self.postings().post_batch(request).await.unwrap().into_inner();
            assert_eq!(posted.refused_count, 0);
        }
    }

    async fn liability(&self) -> Result<GetLiabilityResponse, Status> {
        let request = GetLiabilityRequest {
            asset_code: "points".to_owned(),
        };
        Ok(self.ledger().get_liability(request).await?.into_inner())
    }

    async fn statement_of(&self, member: &str) -> Result<GetStatementResponse, Status> {
        let request = GetStatementRequest {
            member_id: member.to_owned(),
            asset_code: "points".to_owned(),
            ..GetStatementRequest::default()
        };
        Ok(self.statements().get_statement(request).await?.into_inner())
    }
}

/// The reason of its own, for the list of all: more is owed to the brand than 64 bits count.
pub(crate) async fn produce(brand: &Brand) -> Produced {
    for _ in 0..2 {
        let waits = EarnPointsRequest {
            awaits_confirmation: true,
            ..brand.earn_request(&brand.member(), "points", 4_713)
        };
        brand.points().earn_points(waits).await.unwrap();
    }
    let owe = "UPDATE account SET debt = 9000000000000000000 WHERE balance = 4713";
    assert_eq!(brand.execute(owe).await.unwrap(), 2);
    let refused = brand.liability().await.unwrap_err();
    assert_eq!(metadata(&refused, "field"), "debt");
    assert_eq!(metadata(&refused, "sum"), "18000000000000000000");
    (refused, Code::FailedPrecondition, vec!["field", "sum"])
}

#[tokio::test]
async fn three_earns_of_the_largest_number_leave_the_equation_of_the_liability_whole() {
    let brand = brand().await;
    let members: Vec<String> = (0..3).map(|_| brand.member()).collect();
    for member in &members {
        for amount in [9_000_000_000_000_000_000, i64::MAX, POSTING + 1] {
            let refused = brand.earn_of(member, "points", amount).await.unwrap_err();
            assert_eq!(reason(&refused), "INVALID_FIELD", "{amount}");
            let refused = brand.adjust(member, amount).await.unwrap_err();
            assert_eq!(reason(&refused), "INVALID_FIELD", "{amount}");
        }
        brand.earn(member, POSTING, 0).await;
    }
    let spent = brand.redeem(&members[0], POSTING).await.unwrap();
    brand.reverse(&spent, 1).await.unwrap();
    let sums = brand.liability().await.unwrap();
    assert_eq!(
        (sums.issued, sums.redeemed, sums.returned, sums.outstanding),
        (3 * POSTING, POSTING, 1, 2 * POSTING + 1)
    );
    assert_eq!(sums.issued - sums.redeemed + sums.returned, sums.outstanding);
    let transfer = brand.transfer(&members[1], &members[2], POSTING + 1).await.unwrap_err();
    assert_eq!(reason(&transfer), "INVALID_FIELD");
    brand.check().await;
}

#[tokio::test]
async fn an_account_is_granted_so_much_and_not_one_more_by_whatever_way() {
    let brand = brand().await;
    let (member, giver) = (brand.member(), brand.member());
    brand.fill(&member).await;
    assert_eq!(brand.balance(&member).await, ACCOUNT);
    brand.earn(&giver, 1, 0).await;
    let pending = EarnPointsRequest {
        awaits_confirmation: true,
        ..brand.earn_request(&member, "points", 1)
    };
    for refused in [
        brand.earn_of(&member, "points", 1).await.unwrap_err(),
        brand.points().earn_points(pending).await.unwrap_err(),
        brand.transfer(&giver, &member, 1).await.unwrap_err(),
    ] {
        assert_eq!(reason(&refused), "BALANCE_OVERFLOW");
        assert_eq!(metadata(&refused, "balance"), ACCOUNT.to_string());
    }
    // All of it is spent by one posting, and comes back.
    let spent = brand.redeem(&member, ACCOUNT).await.unwrap();
    brand.earn(&member, 1, 0).await;
    brand.reverse(&spent, ACCOUNT).await.unwrap();
    assert_eq!(brand.balance(&member).await, ACCOUNT + 1);
    brand.check().await;
}

#[tokio::test]
async fn sums_that_pass_64_bits_are_told_in_full_and_never_cut() {
    let brand = brand().await;
    let member = brand.member();
    brand.fill(&member).await;
    for round in 1..=10 {
        let spent = brand.redeem(&member, ACCOUNT).await.unwrap();
        if round < 10 {
            brand.reverse(&spent, ACCOUNT).await.unwrap();
        }
    }
    let refused = brand.statement_of(&member).await.unwrap_err();
    assert_eq!(reason(&refused), "SUM_TOO_LARGE");
    assert_eq!(metadata(&refused, "sum"), "-10000000000000000000");
    let month = ListSettlementsRequest {
        asset_code: "points".to_owned(),
        start_month: "2026-01".to_owned(),
        ..ListSettlementsRequest::default()
    };
    for (refused, field) in [
        (brand.liability().await.unwrap_err(), "redeemed"),
        (
            brand.ledger().list_settlements(month).await.unwrap_err(),
            "settlements.redeemed",
        ),
    ] {
        assert_eq!(
            (&*metadata(&refused, "field"), &*metadata(&refused, "sum")),
            (field, "10000000000000000000")
        );
        assert!(
            refused.message().contains("10000000000000000000"),
            "{}",
            refused.message()
        );
    }

    // What fits is told; the account goes on, and is proven with every sum.
    let breakage = GetBreakageRequest {
        asset_code: "points".to_owned(),
    };
    let found = brand.ledger().get_breakage(breakage).await.unwrap().into_inner();
    assert_eq!((found.cohorts[0].redeemed, found.outstanding), (ACCOUNT, 0));
    brand.earn(&member, 1, 0).await;
    let loose = "SELECT COUNT(*) FROM counter WHERE low < 0 OR low > 4294967295";
    assert_eq!(brand.count(loose).await, 0, "the rest of every sum carries over");
    assert_eq!(brand.disagreements().await.1, []);
    brand.prove().await;
    brand.pass_days(1).await;
    let proven = brand.reconciliation().await;
    assert_eq!((proven.disagreement_count, proven.sum_disagreement_count), (0, 0));
    assert!(proven.sums_compare_time.is_some());
}

#[tokio::test]
async fn a_rule_that_comes_to_more_than_a_posting_fails_by_itself() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", order_rule("1")).await;
    for (code, formula) in [
        ("large", "activity.amount * 1000000"),
        ("beyond", "activity.amount * 9000000000000000000"),
    ] {
        brand.create_rule(code, order_rule(formula)).await;
    }
    brand.pay(&member, "order-1", 10_000_000_000);
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 1);
    brand.pay(&member, "order-2", 1_000_000_000);
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 2 + POSTING);
    brand.check().await;
}
