//! What members give to each other.

mod transfer_points;

use async_trait::async_trait;
use contracts::points::v1::transfer_service_server::TransferService;
use contracts::points::v1::{TransferPointsRequest, TransferPointsResponse};
use rpc::answer;
use tonic::{Request, Response, Status};

use crate::api::PointsApi;

#[async_trait]
impl TransferService for PointsApi {
    async fn transfer_points(
        &self,
        request: Request<TransferPointsRequest>,
    ) -> Result<Response<TransferPointsResponse>, Status> {
        answer(request, |call| self.transfer_points(call)).await
    }
}
