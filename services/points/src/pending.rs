//! What was earned and waits to become available.

mod cancel_pending;
mod confirm_pending;

use async_trait::async_trait;
use contracts::points::v1::pending_service_server::PendingService;
use contracts::points::v1::{
    CancelPendingRequest, CancelPendingResponse, ConfirmPendingRequest, ConfirmPendingResponse,
};
use rpc::answer;
use tonic::{Request, Response, Status};

use crate::api::PointsApi;

#[async_trait]
impl PendingService for PointsApi {
    async fn confirm_pending(
        &self,
        request: Request<ConfirmPendingRequest>,
    ) -> Result<Response<ConfirmPendingResponse>, Status> {
        answer(request, |call| self.confirm_pending(call)).await
    }

    async fn cancel_pending(
        &self,
        request: Request<CancelPendingRequest>,
    ) -> Result<Response<CancelPendingResponse>, Status> {
        answer(request, |call| self.cancel_pending(call)).await
    }
}
