//! Spending in two steps.

mod capture_hold;
mod get_hold;
pub(crate) mod hold_points;
mod list_holds;
mod release_hold;
pub(crate) mod rows;
pub(crate) mod wire;

use contracts_points::v1::hold_service_server::HoldService;
use contracts_points::v1::{
    CaptureHoldRequest, CaptureHoldResponse, GetHoldRequest, GetHoldResponse, HoldPointsRequest, HoldPointsResponse,
    ListHoldsRequest, ListHoldsResponse, ReleaseHoldRequest, ReleaseHoldResponse,
};

use crate::api::PointsApi;

/// The queue of accounts with a hold whose deadline has passed, by their names.
pub(crate) const RELEASE_HOLDS: &str = "points.release_holds";

rpc::serve_methods! {
    impl HoldService for PointsApi {
        hold_points(HoldPointsRequest) -> HoldPointsResponse;
        capture_hold(CaptureHoldRequest) -> CaptureHoldResponse;
        release_hold(ReleaseHoldRequest) -> ReleaseHoldResponse;
        get_hold(GetHoldRequest) -> GetHoldResponse;
        list_holds(ListHoldsRequest) -> ListHoldsResponse;
    }
}
