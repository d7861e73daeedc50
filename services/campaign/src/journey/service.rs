use contracts_campaign::v1::journey_service_server::JourneyService;
use contracts_campaign::v1::{
    ArchiveJourneyRequest, ArchiveJourneyResponse, CreateJourneyRequest, CreateJourneyResponse, GetJourneyRequest,
    GetJourneyResponse, GetJourneyStatisticsRequest, GetJourneyStatisticsResponse, GetJourneyVersionRequest,
    GetJourneyVersionResponse, ListJourneysRequest, ListJourneysResponse, PublishJourneyRequest,
    PublishJourneyResponse, UpdateJourneyRequest, UpdateJourneyResponse,
};

use crate::api::CampaignApi;

rpc::serve_methods! {
    impl JourneyService for CampaignApi {
        create_journey(CreateJourneyRequest) -> CreateJourneyResponse;
        update_journey(UpdateJourneyRequest) -> UpdateJourneyResponse;
        get_journey(GetJourneyRequest) -> GetJourneyResponse;
        list_journeys(ListJourneysRequest) -> ListJourneysResponse;
        publish_journey(PublishJourneyRequest) -> PublishJourneyResponse;
        archive_journey(ArchiveJourneyRequest) -> ArchiveJourneyResponse;
        get_journey_version(GetJourneyVersionRequest) -> GetJourneyVersionResponse;
        get_journey_statistics(GetJourneyStatisticsRequest) -> GetJourneyStatisticsResponse;
    }
}
