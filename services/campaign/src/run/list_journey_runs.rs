use contracts::campaign::v1::{ListJourneyRunsRequest, ListJourneyRunsResponse};
use fault::Fault;
use rpc::Call;

use super::page::RunPage;
use super::rows::ListOf;
use crate::api::CampaignApi;

impl CampaignApi {
    pub(crate) async fn list_journey_runs(
        &self,
        call: Call<ListJourneyRunsRequest>,
    ) -> Result<ListJourneyRunsResponse, Fault> {
        let of = ListOf::Journey(&call.journey_code);
        let filter = call.journey_code.as_bytes();
        let page = RunPage::read(&self.db, call.tenant(), of, filter, call.page_size, &call.page_token).await?;
        Ok(ListJourneyRunsResponse {
            runs: page.runs,
            next_page_token: page.next_page_token,
        })
    }
}
