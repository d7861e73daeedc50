use contracts::campaign::v1::{ListJourneysRequest, ListJourneysResponse};
use fault::Fault;
use kernel::{PageToken, page_size};
use rpc::Call;

use super::{rows, wire};
use crate::api::CampaignApi;

impl CampaignApi {
    pub(crate) async fn list_journeys(&self, call: Call<ListJourneysRequest>) -> Result<ListJourneysResponse, Fault> {
        let filter = [u8::from(call.include_archived)];
        let after = Fault::check_page_token(&filter, &call.page_token)?.unwrap_or_default();
        let after = String::from_utf8(after).map_err(|_| kernel::PageTokenError::Malformed)?;
        let limit = page_size(call.page_size);

        // One more than asked for tells whether there is a next page.
        let one_more = limit.saturating_add(1);
        let tenant = call.tenant();
        let mut found = rows::list(self.db.read(), tenant, call.include_archived, &after, one_more).await?;
        let whole = usize::try_from(limit).map_err(Fault::internal)?;
        let more = found.len() > whole;
        found.truncate(whole);
        let next = found
            .last()
            .filter(|_| more)
            .map(|last| PageToken::encode(&filter, last.code.as_bytes()));
        let journeys = found.iter().map(wire::journey).collect::<Result<Vec<_>, Fault>>()?;
        Ok(ListJourneysResponse {
            journeys,
            next_page_token: next.unwrap_or_default(),
        })
    }
}
