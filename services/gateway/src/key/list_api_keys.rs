use contracts_gateway::v1::{ListApiKeysRequest, ListApiKeysResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::rows;
use super::wire;
use crate::api::GatewayApi;

/// The list has no filter: its name tells its tokens from those of other lists.
const FILTER: &[u8] = b"gateway.api_keys";

impl GatewayApi {
    pub(crate) async fn list_api_keys(&self, call: Call<ListApiKeysRequest>) -> Result<ListApiKeysResponse, Fault> {
        let page = Page::parse(FILTER, call.page_size, &call.page_token)?;
        let mut keys = rows::list(self.db.read(), call.tenant(), page.id()?, page.rows_max()).await?;
        let next_page_token = page.cut(&mut keys, |last| *last.id.uuid().as_bytes());
        let now = self.clock.now();
        Ok(ListApiKeysResponse {
            api_keys: keys.iter().map(|key| wire::api_key(key, now)).collect(),
            next_page_token,
        })
    }
}
