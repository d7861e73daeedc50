//! What tagging knows of a member, in one answer.

mod get_summary;

use contracts::tagging::v1::insight_service_server::InsightService;
use contracts::tagging::v1::{GetSummaryRequest, GetSummaryResponse};

use crate::api::TaggingApi;

rpc::serve_methods! {
    impl InsightService for TaggingApi {
        get_summary(GetSummaryRequest) -> GetSummaryResponse;
    }
}
