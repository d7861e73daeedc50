//! Corrections by hand.

mod approve_adjustment;
mod create_adjustment;
mod get_adjustment;
mod list_adjustments;
mod reject_adjustment;
pub(crate) mod rows;
mod wire;

use async_trait::async_trait;
use contracts::points::v1::adjustment_service_server::AdjustmentService;
use contracts::points::v1::{
    ApproveAdjustmentRequest, ApproveAdjustmentResponse, CreateAdjustmentRequest, CreateAdjustmentResponse,
    GetAdjustmentRequest, GetAdjustmentResponse, ListAdjustmentsRequest, ListAdjustmentsResponse,
    RejectAdjustmentRequest, RejectAdjustmentResponse,
};
use rpc::answer;
use tonic::{Request, Response, Status};

use crate::api::PointsApi;

#[async_trait]
impl AdjustmentService for PointsApi {
    async fn create_adjustment(
        &self,
        request: Request<CreateAdjustmentRequest>,
    ) -> Result<Response<CreateAdjustmentResponse>, Status> {
        answer(request, |call| self.create_adjustment(call)).await
    }

    async fn approve_adjustment(
        &self,
        request: Request<ApproveAdjustmentRequest>,
    ) -> Result<Response<ApproveAdjustmentResponse>, Status> {
        answer(request, |call| self.approve_adjustment(call)).await
    }

    async fn reject_adjustment(
        &self,
        request: Request<RejectAdjustmentRequest>,
    ) -> Result<Response<RejectAdjustmentResponse>, Status> {
        answer(request, |call| self.reject_adjustment(call)).await
    }

    async fn get_adjustment(
        &self,
        request: Request<GetAdjustmentRequest>,
    ) -> Result<Response<GetAdjustmentResponse>, Status> {
        answer(request, |call| self.get_adjustment(call)).await
    }

    async fn list_adjustments(
        &self,
        request: Request<ListAdjustmentsRequest>,
    ) -> Result<Response<ListAdjustmentsResponse>, Status> {
        answer(request, |call| self.list_adjustments(call)).await
    }
}
