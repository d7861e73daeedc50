use contracts::identity::v1::{ListChannelsRequest, ListChannelsResponse};
use fault::Fault;
use kernel::{PageToken, page_size};
use rpc::Call;

use crate::api::IdentityApi;
use crate::{store, wire};

/// The list has no filter; the token is bound to the list itself.
const FILTER: &[u8] = b"channels";

impl IdentityApi {
    pub(crate) async fn list_channels(&self, call: Call<ListChannelsRequest>) -> Result<ListChannelsResponse, Fault> {
        let after = Fault::check_page_token(FILTER, &call.page_token)?.unwrap_or_default();
        let after = String::from_utf8(after).map_err(Fault::internal)?;
        let limit = page_size(call.page_size);
        let channels = store::channels::list(self.db.read(), call.tenant(), &after, limit.saturating_add(1)).await?;
        let page = usize::try_from(limit).map_err(Fault::internal)?;
        let is_last = channels.len() <= page;
        let channels: Vec<_> = channels.iter().take(page).map(wire::channel).collect();
        let last = channels.last().filter(|_| !is_last);
        let next_page_token = last.map(|last| PageToken::encode(FILTER, last.channel_code.as_bytes()));
        Ok(ListChannelsResponse {
            channels,
            next_page_token: next_page_token.unwrap_or_default(),
        })
    }
}
