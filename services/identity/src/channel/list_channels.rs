use contracts_identity::v1::{ListChannelsRequest, ListChannelsResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::rows;
use super::wire;
use crate::api::IdentityApi;

/// The list has no filter; the token is bound to the list itself.
const FILTER: &[u8] = b"channels";

impl IdentityApi {
    pub(crate) async fn list_channels(&self, call: Call<ListChannelsRequest>) -> Result<ListChannelsResponse, Fault> {
        let page = Page::parse(FILTER, call.page_size, &call.page_token)?;
        let after = page.text()?.unwrap_or_default();
        let mut channels = rows::list(self.db.read(), call.tenant(), &after, page.rows_max()).await?;
        let next_page_token = page.cut(&mut channels, |last| last.code.clone());
        Ok(ListChannelsResponse {
            channels: channels.iter().map(wire::channel).collect(),
            next_page_token,
        })
    }
}
