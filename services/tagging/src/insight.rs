//! What tagging knows of a member, in one answer.

mod get_summary;

use contracts_tagging::v1::insight_service_server::InsightService;
use contracts_tagging::v1::{GetSummaryRequest, GetSummaryResponse};

use crate::api::TaggingApi;

rpc::serve_methods! {
    impl InsightService for TaggingApi {
        get_summary(GetSummaryRequest) -> GetSummaryResponse;
    }
}
