//! Corrections by hand.

use contracts_points::v1::adjustment_service_client::AdjustmentServiceClient;
use contracts_points::v1::*;
use kernel::{Principal, PrincipalKind, Scopes};
use rpc::Channel;
use tonic::{Response, Status};

use crate::brand::{Brand, brand, metadata, reason};

impl Brand {
    pub(crate) fn adjustments(&self) -> AdjustmentServiceClient<Channel> {
        AdjustmentServiceClient::new(self.channel())
    }

    /// Somebody else of the same brand.
    pub(crate) fn second(&self) -> AdjustmentServiceClient<Channel> {
        AdjustmentServiceClient::new(self.h.channel_as(&Principal {
            tenant: self.h.tenant,
            subject: "key_second".to_owned(),
            scopes: Scopes::new(["*".to_owned()]),
            kind: PrincipalKind::Key,
        }))
    }

    pub(crate) async fn adjust(&self, member: &str, amount: i64) -> Result<CreateAdjustmentResponse, Status> {
        let request = self.adjust_request(member, amount);
        self.adjustments()
            .create_adjustment(request)
            .await
            .map(Response::into_inner)
    }

    pub(crate) fn adjust_request(&self, member: &str, amount: i64) -> CreateAdjustmentRequest {
        CreateAdjustmentRequest {
            request_id: self.request_id(),
            member_id: member.to_owned(),
            asset_code: "points".to_owned(),
            amount,
            reason_code: "service_recovery".to_owned(),
            note: "The parcel came late.".to_owned(),
            cost_centre: String::new(),
        }
    }

    pub(crate) fn approval(&self, adjustment: &str) -> ApproveAdjustmentRequest {
        ApproveAdjustmentRequest {
            request_id: self.request_id(),
            adjustment_id: adjustment.to_owned(),
        }
    }

    pub(crate) fn rejection(&self, adjustment: &str) -> RejectAdjustmentRequest {
        RejectAdjustmentRequest {
            request_id: self.request_id(),
            adjustment_id: adjustment.to_owned(),
        }
    }

    pub(crate) async fn read_adjustment(&self, adjustment: &str) -> Adjustment {
        let request = GetAdjustmentRequest {
            adjustment_id: adjustment.to_owned(),
        };
        let answer = self.adjustments().get_adjustment(request).await.unwrap();
        answer.into_inner().adjustment.unwrap()
    }

    async fn list_adjustments(&self, state: AdjustmentState) -> Vec<String> {
        let (mut listed, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListAdjustmentsRequest {
                state: state.into(),
                page_size: 2,
                page_token,
            };
            let page = self.adjustments().list_adjustments(request).await.unwrap().into_inner();
            listed.extend(page.adjustments.into_iter().map(|it| it.adjustment_id));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return listed;
            }
        }
    }

    pub(crate) async fn alone_max(&self, amount: i64) {
        let asset = Asset {
            adjustment_alone_max: amount,
            ..Asset::default()
        };
        self.set_points(asset, "adjustment_alone_max").await;
    }
}

#[tokio::test]
async fn a_small_adjustment_is_posted_at_once_either_way() {
    let brand = brand().await;
    brand.alone_max(50).await;
    let member = brand.member();
    let up = brand.adjust(&member, 50).await.unwrap();
    let (adjustment, entry) = (up.adjustment.unwrap(), up.entry.unwrap());
    assert_eq!(
        (adjustment.state(), &adjustment.entry_id, adjustment.creator.as_str()),
        (AdjustmentState::Posted, &entry.entry_id, "key_test")
    );
    assert_eq!(
        (
            entry.kind(),
            entry.amount,
            &entry.adjustment_id,
            entry.reference.as_str()
        ),
        (EntryKind::Adjustment, 50, &adjustment.adjustment_id, "service_recovery")
    );
    assert_eq!(entry.lots.len(), 1, "a new lot");
    let down = brand.adjust(&member, -20).await.unwrap().entry.unwrap();
    assert_eq!((down.amount, down.balance, down.lots[0].amount), (-20, 30, -20));
    assert_eq!(brand.entries(&member, "points").await, [down, entry.clone()]);
    assert_eq!(
        reason(&brand.adjust(&member, -31).await.unwrap_err()),
        "INSUFFICIENT_POINTS"
    );
    assert_eq!(
        brand.list_adjustments(AdjustmentState::Unspecified).await.len(),
        2,
        "a refused one leaves nothing"
    );
    assert_eq!(
        reason(&brand.reverse(&entry, 1).await.unwrap_err()),
        "ENTRY_NOT_REVERSIBLE"
    );
    let told: Vec<String> = brand.h.published().await.into_iter().map(|fact| fact.kind).collect();
    assert_eq!(told, ["points.adjusted", "points.adjusted"]);
    brand.check().await;
}

#[tokio::test]
async fn a_large_adjustment_waits_for_a_second_principal() {
    let brand = brand().await;
    brand.alone_max(50).await;
    let member = brand.member();
    let made = brand.adjust(&member, 51).await.unwrap();
    let adjustment = made.adjustment.unwrap();
    assert_eq!((adjustment.state(), made.entry), (AdjustmentState::Pending, None));
    assert_eq!(brand.balance(&member).await, 0);
    let id = &adjustment.adjustment_id;
    for refused in [
        brand
            .adjustments()
            .approve_adjustment(brand.approval(id))
            .await
            .unwrap_err(),
        brand
            .adjustments()
            .reject_adjustment(brand.rejection(id))
            .await
            .unwrap_err(),
    ] {
        assert_eq!(
            (reason(&refused), metadata(&refused, "creator")),
            ("ADJUSTMENT_NEEDS_ANOTHER".to_owned(), "key_test".to_owned())
        );
    }
    let approval = brand.approval(id);
    let approved = brand
        .second()
        .approve_adjustment(approval.clone())
        .await
        .unwrap()
        .into_inner();
    let again = brand.second().approve_adjustment(approval).await.unwrap().into_inner();
    assert_eq!(approved, again);
    let adjustment = approved.adjustment.unwrap();
    assert_eq!(
        (adjustment.state(), adjustment.decider.as_str(), &adjustment.entry_id),
        (AdjustmentState::Posted, "key_second", &approved.entry.unwrap().entry_id)
    );
    assert_eq!(brand.read_adjustment(id).await, adjustment);
    let refused = brand.second().reject_adjustment(brand.rejection(id)).await.unwrap_err();
    assert_eq!(
        (reason(&refused), metadata(&refused, "state")),
        ("ADJUSTMENT_NOT_PENDING".to_owned(), "POSTED".to_owned())
    );
    assert_eq!(brand.balance(&member).await, 51);
    brand.check().await;
}

#[tokio::test]
async fn without_a_configured_amount_each_adjustment_needs_two() {
    let brand = brand().await;
    let member = brand.member();
    let made = brand.adjust(&member, 1).await.unwrap().adjustment.unwrap();
    assert_eq!(made.state(), AdjustmentState::Pending);
}

#[tokio::test]
async fn a_rejected_adjustment_is_never_posted() {
    let brand = brand().await;
    let member = brand.member();
    let mut made = Vec::new();
    for amount in [10, 20, 30] {
        made.push(
            brand
                .adjust(&member, amount)
                .await
                .unwrap()
                .adjustment
                .unwrap()
                .adjustment_id,
        );
    }
    let rejected = brand
        .second()
        .reject_adjustment(brand.rejection(&made[1]))
        .await
        .unwrap();
    let rejected = rejected.into_inner().adjustment.unwrap();
    assert_eq!(
        (rejected.state(), rejected.decider.as_str(), rejected.entry_id.as_str()),
        (AdjustmentState::Rejected, "key_second", "")
    );
    let refused = brand
        .second()
        .approve_adjustment(brand.approval(&made[1]))
        .await
        .unwrap_err();
    assert_eq!(metadata(&refused, "state"), "REJECTED");
    assert_eq!(brand.balance(&member).await, 0);
    assert_eq!(
        brand.list_adjustments(AdjustmentState::Pending).await,
        [made[2].clone(), made[0].clone()]
    );
    assert_eq!(
        brand.list_adjustments(AdjustmentState::Rejected).await,
        [made[1].clone()]
    );
    made.reverse();
    assert_eq!(brand.list_adjustments(AdjustmentState::Unspecified).await, made);
}

#[tokio::test]
async fn an_approval_that_the_balance_refuses_leaves_it_waiting() {
    let brand = brand().await;
    let member = brand.member();
    let id = brand
        .adjust(&member, -40)
        .await
        .unwrap()
        .adjustment
        .unwrap()
        .adjustment_id;
    let refused = brand
        .second()
        .approve_adjustment(brand.approval(&id))
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "INSUFFICIENT_POINTS");
    brand.earn(&member, 100, 0).await;
    brand.second().approve_adjustment(brand.approval(&id)).await.unwrap();
    assert_eq!(brand.balance(&member).await, 60);
    brand.check().await;
}

#[tokio::test]
async fn growth_value_can_be_corrected_downwards() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn_of(&member, "growth", 100).await.unwrap();
    let request = CreateAdjustmentRequest {
        asset_code: "growth".to_owned(),
        ..brand.adjust_request(&member, -30)
    };
    let made = brand
        .adjustments()
        .create_adjustment(request)
        .await
        .unwrap()
        .into_inner();
    let id = made.adjustment.unwrap().adjustment_id;
    brand.second().approve_adjustment(brand.approval(&id)).await.unwrap();
    assert_eq!(brand.balance_of(&member, "growth").await.available, 70);
    brand.check().await;
}

#[tokio::test]
async fn an_adjustment_that_waited_for_a_merge_is_the_survivor_s() {
    let brand = brand().await;
    let (old, new) = (brand.member(), brand.member());
    let id = brand.adjust(&old, 40).await.unwrap().adjustment.unwrap().adjustment_id;
    brand.merge(&old, &new);
    brand.h.settle().await;
    let approved = brand.second().approve_adjustment(brand.approval(&id)).await.unwrap();
    assert_eq!(approved.into_inner().adjustment.unwrap().member_id, new);
    assert_eq!(brand.balance(&new).await, 40);
    brand.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_approvals_at_once_post_it_once() {
    let brand = brand().await;
    let member = brand.member();
    let id = brand
        .adjust(&member, 40)
        .await
        .unwrap()
        .adjustment
        .unwrap()
        .adjustment_id;
    let approvals: Vec<_> = (0..10)
        .map(|_| {
            let (mut second, request) = (brand.second(), brand.approval(&id));
            tokio::spawn(async move { second.approve_adjustment(request).await })
        })
        .collect();
    let mut posted = 0;
    for approval in approvals {
        match approval.await.unwrap() {
            Ok(_) => posted += 1,
            Err(status) => assert_eq!(reason(&status), "ADJUSTMENT_NOT_PENDING"),
        }
    }
    assert_eq!((posted, brand.balance(&member).await), (1, 40));
    brand.check().await;
}
