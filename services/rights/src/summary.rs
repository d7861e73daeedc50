//! The figures of a tenant: how many members have each tier, how many coupons of each template are in each state.

mod get_rights_summary;
mod rows;

use contracts_rights::v1::rights_summary_service_server::RightsSummaryService;
use contracts_rights::v1::{GetRightsSummaryRequest, GetRightsSummaryResponse};

use crate::api::RightsApi;

rpc::serve_methods! {
    impl RightsSummaryService for RightsApi {
        get_rights_summary(GetRightsSummaryRequest) -> GetRightsSummaryResponse;
    }
}
