//! One file for each method of the contract: parse, decide, apply, answer.

use contracts::campaign::v1::journey_run_service_server::JourneyRunService;
use contracts::campaign::v1::journey_service_server::JourneyService;
use contracts::campaign::v1::{
    ArchiveJourneyRequest, ArchiveJourneyResponse, CreateJourneyRequest, CreateJourneyResponse, GetJourneyRequest,
    GetJourneyResponse, GetJourneyRunRequest, GetJourneyRunResponse, GetJourneyStatisticsRequest,
    GetJourneyStatisticsResponse, GetJourneyVersionRequest, GetJourneyVersionResponse, ListJourneyRunsRequest,
    ListJourneyRunsResponse, ListJourneysRequest, ListJourneysResponse, ListMemberJourneyRunsRequest,
    ListMemberJourneyRunsResponse, PublishJourneyRequest, PublishJourneyResponse, UpdateJourneyRequest,
    UpdateJourneyResponse,
};
use kernel::Clock;
use store::Db;
use tonic::{Request, Response, Status, async_trait};

/// The methods of campaign.
#[derive(Clone)]
pub(crate) struct CampaignApi {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
}

#[async_trait]
impl JourneyService for CampaignApi {
    async fn create_journey(
        &self,
        request: Request<CreateJourneyRequest>,
    ) -> Result<Response<CreateJourneyResponse>, Status> {
        rpc::answer(request, |call| self.create_journey(call)).await
    }

    async fn update_journey(
        &self,
        request: Request<UpdateJourneyRequest>,
    ) -> Result<Response<UpdateJourneyResponse>, Status> {
        rpc::answer(request, |call| self.update_journey(call)).await
    }

    async fn get_journey(&self, request: Request<GetJourneyRequest>) -> Result<Response<GetJourneyResponse>, Status> {
        rpc::answer(request, |call| self.get_journey(call)).await
    }

    async fn list_journeys(
        &self,
        request: Request<ListJourneysRequest>,
    ) -> Result<Response<ListJourneysResponse>, Status> {
        rpc::answer(request, |call| self.list_journeys(call)).await
    }

    async fn publish_journey(
        &self,
        request: Request<PublishJourneyRequest>,
    ) -> Result<Response<PublishJourneyResponse>, Status> {
        rpc::answer(request, |call| self.publish_journey(call)).await
    }

    async fn archive_journey(
        &self,
        request: Request<ArchiveJourneyRequest>,
    ) -> Result<Response<ArchiveJourneyResponse>, Status> {
        rpc::answer(request, |call| self.archive_journey(call)).await
    }

    async fn get_journey_version(
        &self,
        request: Request<GetJourneyVersionRequest>,
    ) -> Result<Response<GetJourneyVersionResponse>, Status> {
        rpc::answer(request, |call| self.get_journey_version(call)).await
    }

    async fn get_journey_statistics(
        &self,
        request: Request<GetJourneyStatisticsRequest>,
    ) -> Result<Response<GetJourneyStatisticsResponse>, Status> {
        rpc::answer(request, |call| self.get_journey_statistics(call)).await
    }
}

#[async_trait]
impl JourneyRunService for CampaignApi {
    async fn get_journey_run(
        &self,
        request: Request<GetJourneyRunRequest>,
    ) -> Result<Response<GetJourneyRunResponse>, Status> {
        rpc::answer(request, |call| self.get_journey_run(call)).await
    }

    async fn list_journey_runs(
        &self,
        request: Request<ListJourneyRunsRequest>,
    ) -> Result<Response<ListJourneyRunsResponse>, Status> {
        rpc::answer(request, |call| self.list_journey_runs(call)).await
    }

    async fn list_member_journey_runs(
        &self,
        request: Request<ListMemberJourneyRunsRequest>,
    ) -> Result<Response<ListMemberJourneyRunsResponse>, Status> {
        rpc::answer(request, |call| self.list_member_journey_runs(call)).await
    }
}
