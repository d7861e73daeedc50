//! A brand with a ladder, templates and members, and short words for calling.

use contracts::r#type::v1::Money;
use contracts_identity::v1::{MemberRegistered, MembersMerged, MergeUndone};
use contracts_points::v1::{PointsAdjusted, PointsDebtRepaid, PointsEarned, PointsExpired, PointsReversed};
use contracts_rights::v1::coupon_benefit::Kind as Benefit;
use contracts_rights::v1::coupon_service_client::CouponServiceClient;
use contracts_rights::v1::coupon_template_service_client::CouponTemplateServiceClient;
use contracts_rights::v1::coupon_validity::Kind as Validity;
use contracts_rights::v1::issue_result::Outcome;
use contracts_rights::v1::rights_summary_service_client::RightsSummaryServiceClient;
use contracts_rights::v1::tier_service_client::TierServiceClient;
use contracts_rights::v1::*;
use fault::{Fault, Refusal};
use kernel::{Id, Kind, Tenant};
use testkit::Harness;
use tonic::Status;

/// A member, as the tests name it.
#[derive(Debug)]
pub(crate) enum Member {}

impl Kind for Member {
    const PREFIX: &'static str = "mbr";
    const NOUN: &'static str = "member";
}

/// A coupon, as the tests name it.
#[derive(Debug)]
pub(crate) enum AnyCoupon {}

impl Kind for AnyCoupon {
    const PREFIX: &'static str = "cpn";
    const NOUN: &'static str = "coupon";
}

pub(crate) struct Brand {
    pub(crate) harness: Harness,
    pub(crate) tenant: Tenant,
}

/// A brand without a ladder or templates.
pub(crate) async fn brand() -> Brand {
    let harness = testkit::harness(rights::NAME, rights::migrations(), rights::service).await;
    let tenant = harness.tenant;
    Brand { harness, tenant }
}

/// A brand with the ladder bronze 0, silver 100, gold 500, platinum 2,000 on the asset "growth".
pub(crate) async fn brand_with_ladder() -> Brand {
    let brand = brand().await;
    brand.put_ladder("ladder", &LADDER).await.unwrap();
    brand
}

pub(crate) const LADDER: [(&str, i64); 4] = [("bronze", 0), ("silver", 100), ("gold", 500), ("platinum", 2_000)];

pub(crate) fn cny(minor_units: i64) -> Money {
    Money {
        currency_code: "CNY".to_owned(),
        minor_units,
    }
}

/// An active template: 10.00 yuan off, for 30 days, without caps.
pub(crate) fn ten_off(code: &str) -> CouponTemplate {
    let amount_off = AmountOff {
        amount: Some(cny(1_000)),
    };
    CouponTemplate {
        code: code.to_owned(),
        name: "Ten off".to_owned(),
        benefit: Some(CouponBenefit {
            kind: Some(Benefit::AmountOff(amount_off)),
        }),
        validity: Some(CouponValidity {
            kind: Some(Validity::DaysAfterIssue(30)),
        }),
        state: CouponTemplateState::Active.into(),
        ..CouponTemplate::default()
    }
}

/// The refusal that a call ended with.
pub(crate) fn refusal<T: std::fmt::Debug>(outcome: Result<T, Status>) -> Refusal {
    match Fault::from_peer(outcome.expect_err("the call is refused")) {
        Fault::Refused(refusal) => *refusal,
        fault => panic!("no refusal: {fault:?}"),
    }
}

pub(crate) fn reason<T: std::fmt::Debug>(outcome: Result<T, Status>) -> String {
    refusal(outcome).reason
}

/// The fields that a request was refused for.
pub(crate) fn wrong_fields<T: std::fmt::Debug>(outcome: Result<T, Status>) -> Vec<String> {
    let refusal = refusal(outcome);
    assert_eq!(refusal.reason, "INVALID_FIELD");
    refusal.violations.into_iter().map(|violation| violation.path).collect()
}

impl Brand {
    /// A new member's id. Nobody is told of the member.
    pub(crate) fn member(&self) -> String {
        Id::<Member>::generate(&self.harness.clock).to_string()
    }

    pub(crate) fn tiers(&self) -> TierServiceClient<rpc::Channel> {
        TierServiceClient::new(self.harness.channel_of(self.tenant))
    }

    pub(crate) fn templates(&self) -> CouponTemplateServiceClient<rpc::Channel> {
        CouponTemplateServiceClient::new(self.harness.channel_of(self.tenant))
    }

    pub(crate) fn coupons(&self) -> CouponServiceClient<rpc::Channel> {
        CouponServiceClient::new(self.harness.channel_of(self.tenant))
    }

    pub(crate) async fn summary(&self) -> GetRightsSummaryResponse {
        self.try_summary().await.unwrap()
    }

    pub(crate) async fn try_summary(&self) -> Result<GetRightsSummaryResponse, Status> {
        let mut client = RightsSummaryServiceClient::new(self.harness.channel_of(self.tenant));
        let told = client.get_rights_summary(GetRightsSummaryRequest {}).await?;
        Ok(told.into_inner())
    }

    pub(crate) async fn put_ladder(&self, request_id: &str, tiers: &[(&str, i64)]) -> Result<TierLadder, Status> {
        let request = ladder_request(request_id, tiers);
        Ok(self
            .tiers()
            .upsert_tier_ladder(request)
            .await?
            .into_inner()
            .tier_ladder
            .unwrap())
    }

    pub(crate) async fn create(&self, template: CouponTemplate) -> Result<CouponTemplate, Status> {
        let request_id = format!("create {}", template.code);
        let request = CreateCouponTemplateRequest {
            request_id,
            template: Some(template),
        };
        Ok(self
            .templates()
            .create_coupon_template(request)
            .await?
            .into_inner()
            .template
            .unwrap())
    }

    pub(crate) async fn template(&self, code: &str) -> CouponTemplate {
        let request = GetCouponTemplateRequest {
            template_code: code.to_owned(),
        };
        self.templates()
            .get_coupon_template(request)
            .await
            .unwrap()
            .into_inner()
            .template
            .unwrap()
    }

    pub(crate) async fn issue(
        &self,
        request_id: &str,
        code: &str,
        members: &[&str],
    ) -> Result<IssueCouponsResponse, Status> {
        let items = members.iter().map(|member| item(member, "")).collect();
        self.issue_items(request_id, code, items).await
    }

    pub(crate) async fn issue_items(
        &self,
        request_id: &str,
        code: &str,
        items: Vec<IssueItem>,
    ) -> Result<IssueCouponsResponse, Status> {
        let request = IssueCouponsRequest {
            request_id: request_id.to_owned(),
            template_code: code.to_owned(),
            items,
        };
        Ok(self.coupons().issue_coupons(request).await?.into_inner())
    }

    /// One coupon of a template for a member.
    pub(crate) async fn one(&self, code: &str, member: &str) -> Coupon {
        let request_id = format!("issue {}", self.harness.clock.uuid());
        let response = self.issue(&request_id, code, &[member]).await.unwrap();
        issued(&response).remove(0)
    }

    pub(crate) async fn coupon(&self, coupon_id: &str) -> Coupon {
        let request = GetCouponRequest {
            coupon_id: coupon_id.to_owned(),
        };
        self.coupons()
            .get_coupon(request)
            .await
            .unwrap()
            .into_inner()
            .coupon
            .unwrap()
    }

    pub(crate) async fn list(&self, member: &str, state: Option<CouponState>) -> Vec<Coupon> {
        let request = ListMemberCouponsRequest {
            member_id: member.to_owned(),
            state: state.map(i32::from),
            ..ListMemberCouponsRequest::default()
        };
        self.coupons()
            .list_member_coupons(request)
            .await
            .unwrap()
            .into_inner()
            .coupons
    }

    pub(crate) async fn lock(
        &self,
        request_id: &str,
        coupon: &str,
        order: &str,
        seconds: i32,
    ) -> Result<Coupon, Status> {
        let request = LockCouponRequest {
            request_id: request_id.to_owned(),
            coupon_id: coupon.to_owned(),
            order_id: order.to_owned(),
            lock_seconds: seconds,
        };
        Ok(self.coupons().lock_coupon(request).await?.into_inner().coupon.unwrap())
    }

    pub(crate) async fn redeem(
        &self,
        request_id: &str,
        coupon: &str,
        order: &str,
        amount: i64,
    ) -> Result<RedeemCouponResponse, Status> {
        let request = RedeemCouponRequest {
            request_id: request_id.to_owned(),
            coupon_id: coupon.to_owned(),
            order_id: order.to_owned(),
            order_amount: Some(cny(amount)),
        };
        Ok(self.coupons().redeem_coupon(request).await?.into_inner())
    }

    pub(crate) async fn release(&self, request_id: &str, coupon: &str, order: &str) -> Result<Coupon, Status> {
        let request = ReleaseCouponRequest {
            request_id: request_id.to_owned(),
            coupon_id: coupon.to_owned(),
            order_id: order.to_owned(),
        };
        Ok(self
            .coupons()
            .release_coupon(request)
            .await?
            .into_inner()
            .coupon
            .unwrap())
    }

    pub(crate) async fn give_back(&self, request_id: &str, coupon: &str, order: &str) -> Result<Coupon, Status> {
        let request = ReturnCouponRequest {
            request_id: request_id.to_owned(),
            coupon_id: coupon.to_owned(),
            order_id: order.to_owned(),
        };
        Ok(self
            .coupons()
            .return_coupon(request)
            .await?
            .into_inner()
            .coupon
            .unwrap())
    }

    pub(crate) async fn standing(&self, member: &str) -> MemberTier {
        let request = GetMemberTierRequest {
            member_id: member.to_owned(),
        };
        self.tiers()
            .get_member_tier(request)
            .await
            .unwrap()
            .into_inner()
            .member_tier
            .unwrap()
    }

    pub(crate) async fn tier(&self, member: &str) -> String {
        self.standing(member).await.tier.unwrap().code
    }

    /// A member's tiers in the order in which they were reached, with the causes.
    pub(crate) async fn history(&self, member: &str) -> Vec<(String, TierChangeCause)> {
        let request = ListTierChangesRequest {
            member_id: member.to_owned(),
            ..ListTierChangesRequest::default()
        };
        let changes = self
            .tiers()
            .list_tier_changes(request)
            .await
            .unwrap()
            .into_inner()
            .tier_changes;
        changes
            .into_iter()
            .rev()
            .map(|change| (change.to_tier_code.clone(), change.cause()))
            .collect()
    }

    pub(crate) fn tell_registered(&self, member: &str) {
        let fact = MemberRegistered {
            member_id: member.to_owned(),
            ..MemberRegistered::default()
        };
        self.harness.publish_of(self.tenant, "identity", &fact, member);
    }

    pub(crate) fn tell_merged(&self, surviving: &str, absorbed: &str) {
        let fact = MembersMerged {
            surviving_member_id: surviving.to_owned(),
            absorbed_member_id: absorbed.to_owned(),
            ..MembersMerged::default()
        };
        self.harness.publish_of(self.tenant, "identity", &fact, surviving);
    }

    pub(crate) fn tell_merged_as(&self, merge: &str, surviving: &str, absorbed: &str) {
        let fact = MembersMerged {
            surviving_member_id: surviving.to_owned(),
            absorbed_member_id: absorbed.to_owned(),
            merge_id: merge.to_owned(),
            ..MembersMerged::default()
        };
        self.harness.publish_of(self.tenant, "identity", &fact, surviving);
    }

    pub(crate) fn tell_undone(&self, merge: &str, surviving: &str, restored: &str, led: &[&String]) {
        let fact = MergeUndone {
            merge_id: merge.to_owned(),
            restored_member_id: restored.to_owned(),
            surviving_member_id: surviving.to_owned(),
            led_member_ids: led.iter().map(|&id| id.clone()).collect(),
            merge_time: Some(self.harness.clock.now().to_wire()),
            ..MergeUndone::default()
        };
        self.harness.publish_of(self.tenant, "identity", &fact, surviving);
    }

    pub(crate) fn tell_earned(&self, member: &str, asset: &str, amount: i64) {
        let fact = PointsEarned {
            member_id: member.to_owned(),
            asset_code: asset.to_owned(),
            amount,
            ..PointsEarned::default()
        };
        self.harness.publish_of(self.tenant, "points", &fact, member);
    }

    pub(crate) fn tell_reversed(&self, member: &str, amount: i64) {
        let fact = PointsReversed {
            member_id: member.to_owned(),
            asset_code: "growth".to_owned(),
            amount,
            ..PointsReversed::default()
        };
        self.harness.publish_of(self.tenant, "points", &fact, member);
    }

    pub(crate) fn tell_expired(&self, member: &str, amount: i64) {
        let fact = PointsExpired {
            member_id: member.to_owned(),
            asset_code: "growth".to_owned(),
            amount,
            ..PointsExpired::default()
        };
        self.harness.publish_of(self.tenant, "points", &fact, member);
    }

    pub(crate) fn tell_adjusted(&self, member: &str, amount: i64) {
        let fact = PointsAdjusted {
            member_id: member.to_owned(),
            asset_code: "growth".to_owned(),
            amount,
            ..PointsAdjusted::default()
        };
        self.harness.publish_of(self.tenant, "points", &fact, member);
    }

    pub(crate) fn tell_debt_repaid(&self, member: &str, amount: i64) {
        let fact = PointsDebtRepaid {
            member_id: member.to_owned(),
            asset_code: "growth".to_owned(),
            amount,
            ..PointsDebtRepaid::default()
        };
        self.harness.publish_of(self.tenant, "points", &fact, member);
    }

    pub(crate) async fn settle(&self) {
        self.harness.settle().await;
    }
}

pub(crate) fn ladder_request(request_id: &str, tiers: &[(&str, i64)]) -> UpsertTierLadderRequest {
    let tier = |(code, threshold): &(&str, i64)| Tier {
        code: (*code).to_owned(),
        name: format!("Tier {code}"),
        threshold: *threshold,
    };
    UpsertTierLadderRequest {
        request_id: request_id.to_owned(),
        asset_code: "growth".to_owned(),
        tiers: tiers.iter().map(tier).collect(),
        etag: String::new(),
    }
}

pub(crate) fn item(member: &str, item_id: &str) -> IssueItem {
    IssueItem {
        member_id: member.to_owned(),
        item_id: item_id.to_owned(),
    }
}

/// The coupons that a call issued.
pub(crate) fn issued(response: &IssueCouponsResponse) -> Vec<Coupon> {
    let coupon = |result: &IssueResult| match &result.outcome {
        Some(Outcome::Coupon(coupon)) => Some(coupon.clone()),
        Some(Outcome::Refusal(_)) | None => None,
    };
    response.results.iter().filter_map(coupon).collect()
}

/// For each item of a call: none where it issued a coupon, else why it did not.
pub(crate) fn reasons(response: &IssueCouponsResponse) -> Vec<Option<ErrorReason>> {
    let reason = |result: &IssueResult| match result.outcome.as_ref().unwrap() {
        Outcome::Coupon(_) => None,
        Outcome::Refusal(refusal) => Some(refusal.reason()),
    };
    response.results.iter().map(reason).collect()
}
