//! What was earned and waits to become available.

use contracts_points::v1::pending_service_client::PendingServiceClient;
use contracts_points::v1::*;
use tonic::{Response, Status};

use crate::brand::{Brand, brand, reason};

impl Brand {
    pub(crate) fn pending(&self) -> PendingServiceClient<rpc::Channel> {
        PendingServiceClient::new(self.channel())
    }

    /// An earn that waits so many days; 0 waits for a confirmation.
    pub(crate) async fn earn_pending(&self, member: &str, amount: i64, days: i64, reference: &str) -> Entry {
        let request = EarnPointsRequest {
            available_time: (days > 0).then(|| self.now().plus_days(days).to_wire()),
            awaits_confirmation: days == 0,
            reference: reference.to_owned(),
            ..self.earn_request(member, "points", amount)
        };
        let answer = self.points().earn_points(request).await.unwrap();
        answer.into_inner().entry.unwrap()
    }

    pub(crate) async fn confirm(
        &self,
        member: &str,
        entry: &str,
        reference: &str,
    ) -> Result<ConfirmPendingResponse, Status> {
        let request = self.confirm_request(member, entry, reference);
        self.pending().confirm_pending(request).await.map(Response::into_inner)
    }

    pub(crate) fn confirm_request(&self, member: &str, entry: &str, reference: &str) -> ConfirmPendingRequest {
        ConfirmPendingRequest {
            request_id: self.request_id(),
            member_id: member.to_owned(),
            asset_code: "points".to_owned(),
            entry_id: entry.to_owned(),
            reference: reference.to_owned(),
        }
    }

    pub(crate) fn cancel_request(&self, member: &str, entry: &str, reference: &str) -> CancelPendingRequest {
        CancelPendingRequest {
            request_id: self.request_id(),
            member_id: member.to_owned(),
            asset_code: "points".to_owned(),
            entry_id: entry.to_owned(),
            reference: reference.to_owned(),
        }
    }

    async fn cancel(&self, member: &str, entry: &str, reference: &str) -> Result<Vec<Entry>, Status> {
        let request = self.cancel_request(member, entry, reference);
        Ok(self.pending().cancel_pending(request).await?.into_inner().entries)
    }

    /// What can be spent, and what is pending.
    pub(crate) async fn waiting(&self, member: &str) -> (i64, i64) {
        let balance = self.balance_of(member, "points").await;
        (balance.available, balance.pending)
    }
}

#[tokio::test]
async fn what_is_pending_is_seen_and_not_spent_until_its_time() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 10, 0).await;
    let earn = brand.earn_pending(&member, 100, 7, "order-1").await;
    assert_eq!((earn.amount, earn.balance), (100, 110));
    assert_eq!(brand.waiting(&member).await, (10, 100));
    assert_eq!(
        reason(&brand.redeem(&member, 11).await.unwrap_err()),
        "INSUFFICIENT_POINTS"
    );
    assert_eq!(
        reason(&brand.hold(&member, 11, 0).await.unwrap_err()),
        "INSUFFICIENT_POINTS"
    );
    brand.pass_days(6).await;
    assert_eq!(brand.waiting(&member).await, (10, 100));
    brand.pass_days(1).await;
    assert_eq!(brand.waiting(&member).await, (110, 0));
    brand.redeem(&member, 110).await.unwrap();
    let told: Vec<String> = brand.h.published().await.into_iter().map(|fact| fact.kind).collect();
    assert_eq!(
        told,
        ["points.earned", "points.earned", "points.confirmed", "points.redeemed"]
    );
    brand.check().await;
}

#[tokio::test]
async fn a_confirmation_names_the_entry_or_the_reference_and_happens_once() {
    let brand = brand().await;
    let member = brand.member();
    let one = brand.earn_pending(&member, 1, 0, "order-1").await;
    brand.earn_pending(&member, 20, 0, "order-2").await;
    brand.earn_pending(&member, 300, 9, "order-2").await;
    brand.pass_days(400).await;
    assert_eq!(
        brand.waiting(&member).await,
        (300, 21),
        "what awaits a confirmation waits for ever"
    );
    assert_eq!(
        brand
            .confirm(&member, &one.entry_id, "")
            .await
            .unwrap()
            .confirmed_amount,
        1
    );
    assert_eq!(
        brand.confirm(&member, "", "order-2").await.unwrap().confirmed_amount,
        20
    );
    for (entry, reference) in [(one.entry_id.as_str(), ""), ("", "order-2"), ("", "order-9")] {
        assert_eq!(
            reason(&brand.confirm(&member, entry, reference).await.unwrap_err()),
            "NOT_PENDING"
        );
        assert_eq!(
            reason(&brand.cancel(&member, entry, reference).await.unwrap_err()),
            "NOT_PENDING"
        );
    }
    for (entry, reference) in [("", ""), (one.entry_id.as_str(), "order-1")] {
        assert_eq!(
            reason(&brand.confirm(&member, entry, reference).await.unwrap_err()),
            "INVALID_FIELD"
        );
    }
    assert_eq!(
        reason(&brand.confirm(&brand.member(), &one.entry_id, "").await.unwrap_err()),
        "NOT_PENDING",
        "of another member"
    );
    assert_eq!(brand.waiting(&member).await, (321, 0));
    brand.check().await;
}

#[tokio::test]
async fn a_cancellation_takes_back_what_is_pending() {
    let brand = brand().await;
    brand.set_clawback(ClawbackPolicy::None).await;
    let member = brand.member();
    let earn = brand.earn_pending(&member, 100, 7, "order-1").await;
    let other = brand.earn_pending(&member, 10, 7, "order-1").await;
    let cancelled = brand.cancel(&member, &earn.entry_id, "").await.unwrap();
    assert_eq!(
        (
            cancelled[0].kind(),
            cancelled[0].amount,
            &cancelled[0].reversed_entry_id
        ),
        (EntryKind::EarnReversal, -100, &earn.entry_id)
    );
    let cancelled = brand.cancel(&member, "", "order-1").await.unwrap();
    assert_eq!((cancelled.len(), &cancelled[0].reversed_entry_id), (1, &other.entry_id));
    brand.pass_days(7).await;
    assert_eq!(brand.waiting(&member).await, (0, 0));
    brand.check().await;
}

/// A refund that comes while its order's points are pending takes those, and owes nothing.
#[tokio::test]
async fn a_reversal_takes_what_is_pending_before_anything_else() {
    let brand = brand().await;
    brand.set_clawback(ClawbackPolicy::Debt).await;
    let member = brand.member();
    brand.earn(&member, 50, 5).await;
    let earn = brand.earn_pending(&member, 100, 7, "order-1").await;
    let reversed = brand.reverse(&earn, 60).await.unwrap();
    assert_eq!((reversed.entry.unwrap().amount, reversed.debt_amount), (-60, 0));
    assert_eq!(brand.waiting(&member).await, (50, 40));
    brand.reverse(&earn, 0).await.unwrap();
    assert_eq!(brand.waiting(&member).await, (50, 0));
    brand.check().await;
}

#[tokio::test]
async fn what_is_pending_repays_a_debt_when_it_becomes_available_and_moves_with_a_merge() {
    let brand = brand().await;
    brand.set_clawback(ClawbackPolicy::Debt).await;
    let (old, new) = (brand.member(), brand.member());
    let earn = brand.earn(&old, 30, 0).await;
    brand.redeem(&old, 30).await.unwrap();
    let pending = brand.earn_pending(&old, 100, 0, "order-1").await;
    brand.reverse(&earn, 0).await.unwrap();
    assert_eq!(
        brand.waiting(&old).await,
        (0, 100),
        "what is pending is not taken for it"
    );
    brand.merge(&old, &new);
    brand.h.settle().await;
    assert_eq!(brand.waiting(&new).await, (0, 100));
    let confirmed = brand.confirm(&new, &pending.entry_id, "").await.unwrap();
    assert_eq!((confirmed.confirmed_amount, confirmed.repaid_amount), (100, 30));
    assert_eq!(brand.waiting(&new).await, (70, 0));
    brand.check().await;
}

#[tokio::test]
async fn an_expiry_policy_counts_from_the_day_it_becomes_available() {
    let brand = brand().await;
    let member = brand.member();
    let days = expiry_policy::Rule::AfterDays(ExpireAfterDays { days: 1 });
    let policy = Asset {
        expiry_policy: Some(ExpiryPolicy { rule: Some(days) }),
        ..Asset::default()
    };
    brand.set_points(policy, "expiry_policy").await;
    brand.earn_pending(&member, 100, 7, "order-1").await;
    let late = brand.earn_pending(&member, 10, 0, "order-2").await;
    brand.pass_days(7).await;
    assert_eq!(brand.waiting(&member).await, (100, 10));
    let confirmed = brand.confirm(&member, &late.entry_id, "").await.unwrap();
    assert_eq!(
        (confirmed.confirmed_amount, confirmed.expired_amount),
        (10, 10),
        "its own time had come while it was pending"
    );
    brand.pass_days(2).await;
    assert_eq!(brand.waiting(&member).await, (0, 0));
    brand.check().await;
}

#[tokio::test]
async fn what_is_pending_of_one_asset_is_not_pending_of_another() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn_of(&member, "growth", 100).await.unwrap();
    let earn = brand.earn_pending(&member, 30, 0, "order-1").await;
    let request = ConfirmPendingRequest {
        asset_code: "growth".to_owned(),
        ..brand.confirm_request(&member, &earn.entry_id, "")
    };
    let refused = brand.pending().confirm_pending(request).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_PENDING");
    assert_eq!(brand.waiting(&member).await, (0, 30));
    brand.check().await;
}

#[tokio::test]
async fn a_reference_that_stands_for_nothing_settles_no_order_s_earns() {
    let brand = brand().await;
    let member = brand.member();
    let first = brand.earn_pending(&member, 100, 0, "null").await;
    brand.earn_pending(&member, 50, 0, "null").await;
    for reference in ["null", "#N/A"] {
        let confirmed = brand.confirm(&member, "", reference).await.unwrap_err();
        let cancelled = brand.cancel(&member, "", reference).await.unwrap_err();
        assert_eq!(
            (reason(&confirmed), reason(&cancelled)),
            ("INVALID_FIELD".to_owned(), "INVALID_FIELD".to_owned())
        );
    }
    brand.confirm(&member, &first.entry_id, "").await.unwrap();
    assert_eq!(brand.waiting(&member).await, (100, 50));
}
