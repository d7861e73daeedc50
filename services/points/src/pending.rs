//! What was earned and waits to become available.

mod cancel_pending;
mod confirm_pending;

use contracts_points::v1::pending_service_server::PendingService;
use contracts_points::v1::{
    CancelPendingRequest, CancelPendingResponse, ConfirmPendingRequest, ConfirmPendingResponse,
};

use crate::api::PointsApi;

rpc::serve_methods! {
    impl PendingService for PointsApi {
        confirm_pending(ConfirmPendingRequest) -> ConfirmPendingResponse;
        cancel_pending(CancelPendingRequest) -> CancelPendingResponse;
    }
}
