//! The methods: one file each, which parses, decides, applies and answers.

use contracts::rights::v1;
use contracts::rights::v1::coupon_service_server::CouponService;
use contracts::rights::v1::coupon_template_service_server::CouponTemplateService;
use contracts::rights::v1::rights_summary_service_server::RightsSummaryService;
use contracts::rights::v1::tier_service_server::TierService;
use fault::Fault;
use kernel::{Clock, RequestKey};
use prost::Message;
use store::Db;
use tonic::{Request, Response, Status};

/// The methods of this service, with what they need.
#[derive(Clone)]
pub(crate) struct RightsApi {
    pub(crate) clock: Clock,
    pub(crate) db: Db,
}

type Answer<T> = Result<Response<T>, Status>;

impl RightsApi {
    /// Handles a request that takes effect once.
    ///
    /// In PostgreSQL a copy of the request may take effect while this one waits for a row. What this one then finds, and
    /// refuses because of, is its own doing: the refusal gives way to the first answer.
    async fn once<A, Work>(&self, key: RequestKey, work: Work) -> Result<A, Fault>
    where
        A: Message + Default,
        Work: Future<Output = Result<A, Fault>>,
    {
        match work.await {
            Err(refusal) if refusal.is_refusal() => self.db.answered(&key).await?.ok_or(refusal),
            outcome => outcome,
        }
    }
}

#[tonic::async_trait]
impl TierService for RightsApi {
    async fn upsert_tier_ladder(
        &self,
        request: Request<v1::UpsertTierLadderRequest>,
    ) -> Answer<v1::UpsertTierLadderResponse> {
        rpc::answer(request, |call| {
            self.once(call.key(&call.request_id), self.upsert_tier_ladder(call))
        })
        .await
    }

    async fn get_tier_ladder(&self, request: Request<v1::GetTierLadderRequest>) -> Answer<v1::GetTierLadderResponse> {
        rpc::answer(request, |call| self.get_tier_ladder(call)).await
    }

    async fn get_member_tier(&self, request: Request<v1::GetMemberTierRequest>) -> Answer<v1::GetMemberTierResponse> {
        rpc::answer(request, |call| self.get_member_tier(call)).await
    }

    async fn list_tier_changes(
        &self,
        request: Request<v1::ListTierChangesRequest>,
    ) -> Answer<v1::ListTierChangesResponse> {
        rpc::answer(request, |call| self.list_tier_changes(call)).await
    }
}

#[tonic::async_trait]
impl CouponTemplateService for RightsApi {
    async fn create_coupon_template(
        &self,
        request: Request<v1::CreateCouponTemplateRequest>,
    ) -> Answer<v1::CreateCouponTemplateResponse> {
        rpc::answer(request, |call| {
            self.once(call.key(&call.request_id), self.create_coupon_template(call))
        })
        .await
    }

    async fn get_coupon_template(
        &self,
        request: Request<v1::GetCouponTemplateRequest>,
    ) -> Answer<v1::GetCouponTemplateResponse> {
        rpc::answer(request, |call| self.get_coupon_template(call)).await
    }

    async fn list_coupon_templates(
        &self,
        request: Request<v1::ListCouponTemplatesRequest>,
    ) -> Answer<v1::ListCouponTemplatesResponse> {
        rpc::answer(request, |call| self.list_coupon_templates(call)).await
    }

    async fn update_coupon_template(
        &self,
        request: Request<v1::UpdateCouponTemplateRequest>,
    ) -> Answer<v1::UpdateCouponTemplateResponse> {
        rpc::answer(request, |call| {
            self.once(call.key(&call.request_id), self.update_coupon_template(call))
        })
        .await
    }
}

#[tonic::async_trait]
impl CouponService for RightsApi {
    async fn issue_coupons(&self, request: Request<v1::IssueCouponsRequest>) -> Answer<v1::IssueCouponsResponse> {
        rpc::answer(request, |call| {
            self.once(call.key(&call.request_id), self.issue_coupons(call))
        })
        .await
    }

    async fn get_coupon(&self, request: Request<v1::GetCouponRequest>) -> Answer<v1::GetCouponResponse> {
        rpc::answer(request, |call| self.get_coupon(call)).await
    }

    async fn list_member_coupons(
        &self,
        request: Request<v1::ListMemberCouponsRequest>,
    ) -> Answer<v1::ListMemberCouponsResponse> {
        rpc::answer(request, |call| self.list_member_coupons(call)).await
    }

    async fn lock_coupon(&self, request: Request<v1::LockCouponRequest>) -> Answer<v1::LockCouponResponse> {
        rpc::answer(request, |call| {
            self.once(call.key(&call.request_id), self.lock_coupon(call))
        })
        .await
    }

    async fn redeem_coupon(&self, request: Request<v1::RedeemCouponRequest>) -> Answer<v1::RedeemCouponResponse> {
        rpc::answer(request, |call| {
            self.once(call.key(&call.request_id), self.redeem_coupon(call))
        })
        .await
    }

    async fn release_coupon(&self, request: Request<v1::ReleaseCouponRequest>) -> Answer<v1::ReleaseCouponResponse> {
        rpc::answer(request, |call| {
            self.once(call.key(&call.request_id), self.release_coupon(call))
        })
        .await
    }

    async fn return_coupon(&self, request: Request<v1::ReturnCouponRequest>) -> Answer<v1::ReturnCouponResponse> {
        rpc::answer(request, |call| {
            self.once(call.key(&call.request_id), self.return_coupon(call))
        })
        .await
    }
}

#[tonic::async_trait]
impl RightsSummaryService for RightsApi {
    async fn get_rights_summary(
        &self,
        request: Request<v1::GetRightsSummaryRequest>,
    ) -> Answer<v1::GetRightsSummaryResponse> {
        rpc::answer(request, |call| self.get_rights_summary(call)).await
    }
}
