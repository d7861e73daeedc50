//! The next versions of rules while they are worked on.

mod activate_earning_rule_draft;
mod create_earning_rule_draft;
mod discard_earning_rule_draft;
mod get_earning_rule_draft;
mod update_earning_rule_draft;
pub(crate) mod wire;

use async_trait::async_trait;
use contracts::points::v1::earning_rule_draft_service_server::EarningRuleDraftService;
use contracts::points::v1::{
    ActivateEarningRuleDraftRequest, ActivateEarningRuleDraftResponse, CreateEarningRuleDraftRequest,
    CreateEarningRuleDraftResponse, DiscardEarningRuleDraftRequest, DiscardEarningRuleDraftResponse,
    GetEarningRuleDraftRequest, GetEarningRuleDraftResponse, UpdateEarningRuleDraftRequest,
    UpdateEarningRuleDraftResponse,
};
use rpc::answer;
use tonic::{Request, Response, Status};

use crate::api::PointsApi;

#[async_trait]
impl EarningRuleDraftService for PointsApi {
    async fn create_earning_rule_draft(
        &self,
        request: Request<CreateEarningRuleDraftRequest>,
    ) -> Result<Response<CreateEarningRuleDraftResponse>, Status> {
        answer(request, |call| self.create_earning_rule_draft(call)).await
    }

    async fn get_earning_rule_draft(
        &self,
        request: Request<GetEarningRuleDraftRequest>,
    ) -> Result<Response<GetEarningRuleDraftResponse>, Status> {
        answer(request, |call| self.get_earning_rule_draft(call)).await
    }

    async fn update_earning_rule_draft(
        &self,
        request: Request<UpdateEarningRuleDraftRequest>,
    ) -> Result<Response<UpdateEarningRuleDraftResponse>, Status> {
        answer(request, |call| self.update_earning_rule_draft(call)).await
    }

    async fn discard_earning_rule_draft(
        &self,
        request: Request<DiscardEarningRuleDraftRequest>,
    ) -> Result<Response<DiscardEarningRuleDraftResponse>, Status> {
        answer(request, |call| self.discard_earning_rule_draft(call)).await
    }

    async fn activate_earning_rule_draft(
        &self,
        request: Request<ActivateEarningRuleDraftRequest>,
    ) -> Result<Response<ActivateEarningRuleDraftResponse>, Status> {
        answer(request, |call| self.activate_earning_rule_draft(call)).await
    }
}
