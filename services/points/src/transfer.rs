//! What members give to each other.

mod transfer_points;

use contracts_points::v1::transfer_service_server::TransferService;
use contracts_points::v1::{TransferPointsRequest, TransferPointsResponse};

use crate::api::PointsApi;

rpc::serve_methods! {
    impl TransferService for PointsApi {
        transfer_points(TransferPointsRequest) -> TransferPointsResponse;
    }
}
