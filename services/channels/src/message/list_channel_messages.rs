use contracts_channels::v1::{ListChannelMessagesRequest, ListChannelMessagesResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::{rows, wire};
use crate::account;
use crate::api::ChannelsApi;

impl ChannelsApi {
    pub(crate) async fn list_channel_messages(
        &self,
        call: Call<ListChannelMessagesRequest>,
    ) -> Result<ListChannelMessagesResponse, Fault> {
        let tenant = call.tenant();
        let account_id = account::wire::account_id(&call.account_id)?;
        let account = account::rows::find(self.db.read(), tenant, account_id).await?;
        account.ok_or_else(|| account::wire::not_found(account_id))?;
        let state = wire::wanted(call.state());
        let filter = format!("channels.messages {account_id} {state:?}");
        let page = Page::parse(filter, call.page_size, &call.page_token)?;
        let mut found = rows::list(self.db.read(), (tenant, account_id), state, page.id()?, page.rows_max()).await?;
        let next_page_token = page.cut(&mut found, |last| *last.id.uuid().as_bytes());
        Ok(ListChannelMessagesResponse {
            messages: found.iter().map(wire::message).collect(),
            next_page_token,
        })
    }
}
