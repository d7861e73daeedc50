use contracts_campaign::v1::{ListJourneysRequest, ListJourneysResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::{rows, wire};
use crate::api::CampaignApi;

impl CampaignApi {
    pub(crate) async fn list_journeys(&self, call: Call<ListJourneysRequest>) -> Result<ListJourneysResponse, Fault> {
        let archived = call.include_archived;
        let page = Page::parse([u8::from(archived)], call.page_size, &call.page_token)?;
        let after = page.text()?.unwrap_or_default();
        let mut found = rows::list(self.db.read(), call.tenant(), archived, &after, page.rows_max()).await?;
        let next_page_token = page.cut(&mut found, |last| last.code.clone());
        Ok(ListJourneysResponse {
            journeys: found.iter().map(wire::journey).collect::<Result<_, Fault>>()?,
            next_page_token,
        })
    }
}
