//! Corrections by hand.

mod approve_adjustment;
mod create_adjustment;
mod get_adjustment;
mod list_adjustments;
mod reject_adjustment;
pub(crate) mod rows;
mod wire;

use contracts_points::v1::adjustment_service_server::AdjustmentService;
use contracts_points::v1::{
    ApproveAdjustmentRequest, ApproveAdjustmentResponse, CreateAdjustmentRequest, CreateAdjustmentResponse,
    GetAdjustmentRequest, GetAdjustmentResponse, ListAdjustmentsRequest, ListAdjustmentsResponse,
    RejectAdjustmentRequest, RejectAdjustmentResponse,
};

use crate::api::PointsApi;

rpc::serve_methods! {
    impl AdjustmentService for PointsApi {
        create_adjustment(CreateAdjustmentRequest) -> CreateAdjustmentResponse;
        approve_adjustment(ApproveAdjustmentRequest) -> ApproveAdjustmentResponse;
        reject_adjustment(RejectAdjustmentRequest) -> RejectAdjustmentResponse;
        get_adjustment(GetAdjustmentRequest) -> GetAdjustmentResponse;
        list_adjustments(ListAdjustmentsRequest) -> ListAdjustmentsResponse;
    }
}
