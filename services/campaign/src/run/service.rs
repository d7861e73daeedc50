use contracts_campaign::v1::journey_run_service_server::JourneyRunService;
use contracts_campaign::v1::{
    GetJourneyRunRequest, GetJourneyRunResponse, ListJourneyRunsRequest, ListJourneyRunsResponse,
    ListMemberJourneyRunsRequest, ListMemberJourneyRunsResponse,
};

use crate::api::CampaignApi;

rpc::serve_methods! {
    impl JourneyRunService for CampaignApi {
        get_journey_run(GetJourneyRunRequest) -> GetJourneyRunResponse;
        list_journey_runs(ListJourneyRunsRequest) -> ListJourneyRunsResponse;
        list_member_journey_runs(ListMemberJourneyRunsRequest) -> ListMemberJourneyRunsResponse;
    }
}
