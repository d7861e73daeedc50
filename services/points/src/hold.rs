//! Spending in two steps.

mod capture_hold;
mod get_hold;
pub(crate) mod hold_points;
mod list_holds;
mod release_hold;
pub(crate) mod rows;
pub(crate) mod wire;

use async_trait::async_trait;
use contracts::points::v1::hold_service_server::HoldService;
use contracts::points::v1::{
    CaptureHoldRequest, CaptureHoldResponse, GetHoldRequest, GetHoldResponse, HoldPointsRequest, HoldPointsResponse,
    ListHoldsRequest, ListHoldsResponse, ReleaseHoldRequest, ReleaseHoldResponse,
};
use rpc::answer;
use tonic::{Request, Response, Status};

use crate::api::PointsApi;

#[async_trait]
impl HoldService for PointsApi {
    async fn hold_points(&self, request: Request<HoldPointsRequest>) -> Result<Response<HoldPointsResponse>, Status> {
        answer(request, |call| self.hold_points(call)).await
    }

    async fn capture_hold(
        &self,
        request: Request<CaptureHoldRequest>,
    ) -> Result<Response<CaptureHoldResponse>, Status> {
        answer(request, |call| self.capture_hold(call)).await
    }

    async fn release_hold(
        &self,
        request: Request<ReleaseHoldRequest>,
    ) -> Result<Response<ReleaseHoldResponse>, Status> {
        answer(request, |call| self.release_hold(call)).await
    }

    async fn get_hold(&self, request: Request<GetHoldRequest>) -> Result<Response<GetHoldResponse>, Status> {
        answer(request, |call| self.get_hold(call)).await
    }

    async fn list_holds(&self, request: Request<ListHoldsRequest>) -> Result<Response<ListHoldsResponse>, Status> {
        answer(request, |call| self.list_holds(call)).await
    }
}
