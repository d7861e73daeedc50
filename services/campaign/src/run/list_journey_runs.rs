use contracts_campaign::v1::{ListJourneyRunsRequest, ListJourneyRunsResponse};
use fault::Fault;
use kernel::Page;
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
        let page = Page::parse(call.journey_code.as_bytes(), call.page_size, &call.page_token)?;
        let page = RunPage::read(&self.db, call.tenant(), of, &page).await?;
        Ok(ListJourneyRunsResponse {
            runs: page.runs,
            next_page_token: page.next_page_token,
        })
    }
}
