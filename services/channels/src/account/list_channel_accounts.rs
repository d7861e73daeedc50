use contracts_channels::v1::{ListChannelAccountsRequest, ListChannelAccountsResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::{rows, wire};
use crate::api::ChannelsApi;

/// The list has no filter: its name tells its tokens from those of other lists.
const FILTER: &[u8] = b"channels.channel_accounts";

impl ChannelsApi {
    pub(crate) async fn list_channel_accounts(
        &self,
        call: Call<ListChannelAccountsRequest>,
    ) -> Result<ListChannelAccountsResponse, Fault> {
        let (tenant, now) = (call.tenant(), self.clock.now());
        let page = Page::parse(FILTER, call.page_size, &call.page_token)?;
        let mut found = rows::list(self.db.read(), tenant, page.id()?, page.rows_max()).await?;
        let next_page_token = page.cut(&mut found, |last| *last.id.uuid().as_bytes());
        let mut accounts = Vec::with_capacity(found.len());
        for account in &found {
            let secrets = rows::secrets(self.db.read(), tenant, account.id, now).await?;
            accounts.push(wire::account(tenant, account, &secrets));
        }
        Ok(ListChannelAccountsResponse {
            accounts,
            next_page_token,
        })
    }
}
