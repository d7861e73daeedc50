use contracts::identity::v1::{ListBlockedValuesRequest, ListBlockedValuesResponse};
use fault::Fault;
use kernel::{PageToken, PageTokenError, page_size};
use rpc::Call;
use uuid::Uuid;

use crate::api::IdentityApi;
use crate::{store, wire};

/// The list has no filter; the token is bound to the list itself.
const FILTER: &[u8] = b"blocked_values";

impl IdentityApi {
    pub(crate) async fn list_blocked_values(
        &self,
        call: Call<ListBlockedValuesRequest>,
    ) -> Result<ListBlockedValuesResponse, Fault> {
        let cursor = Fault::check_page_token(FILTER, &call.page_token)?;
        let after = cursor.map(|bytes| Uuid::from_slice(&bytes)).transpose();
        let after = after.map_err(|_| PageTokenError::Malformed)?.unwrap_or_default();
        let limit = page_size(call.page_size);
        let mut values =
            store::blocked_values::list(self.db.read(), call.tenant(), after, limit.saturating_add(1)).await?;
        let page = usize::try_from(limit).map_err(Fault::internal)?;
        let has_more = values.len() > page;
        values.truncate(page);
        let last = values.last().filter(|_| has_more);
        let next_page_token = last.map(|last| PageToken::encode(FILTER, last.id.uuid().as_bytes()));
        Ok(ListBlockedValuesResponse {
            blocked_values: values.iter().map(wire::blocked_value).collect(),
            next_page_token: next_page_token.unwrap_or_default(),
        })
    }
}
