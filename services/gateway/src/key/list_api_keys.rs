use contracts::gateway::v1::{ListApiKeysRequest, ListApiKeysResponse};
use fault::Fault;
use kernel::{PageToken, PageTokenError, page_size};
use rpc::Call;
use sea_orm::prelude::Uuid;

use super::rows;
use crate::api::GatewayApi;
use crate::wire;

/// The list has no filter; its name keeps tokens of other lists out.
const FILTER: &[u8] = b"gateway.api_keys";

impl GatewayApi {
    pub(crate) async fn list_api_keys(&self, call: Call<ListApiKeysRequest>) -> Result<ListApiKeysResponse, Fault> {
        let after = cursor(&call.page_token)?;
        let keys_max = page_size(call.page_size);
        let mut keys = rows::list(self.db.read(), call.tenant(), after, keys_max.saturating_add(1)).await?;
        let now = self.clock.now();
        let has_more = u64::try_from(keys.len()).unwrap_or(u64::MAX) > keys_max;
        if has_more {
            keys.pop();
        }
        let last = keys.last().filter(|_| has_more);
        Ok(ListApiKeysResponse {
            next_page_token: last.map_or_else(String::new, |key| PageToken::encode(FILTER, key.id.uuid().as_bytes())),
            api_keys: keys.iter().map(|key| wire::api_key(key, now)).collect(),
        })
    }
}

fn cursor(token: &str) -> Result<Option<Uuid>, Fault> {
    let cursor = Fault::check_page_token(FILTER, token)?;
    let uuid = cursor.map(|bytes| Uuid::from_slice(&bytes)).transpose();
    uuid.map_err(|_| PageTokenError::Malformed.into())
}
