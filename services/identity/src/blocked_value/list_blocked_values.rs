use contracts_identity::v1::{ListBlockedValuesRequest, ListBlockedValuesResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::{rows, wire};
use crate::api::IdentityApi;

/// The list has no filter; the token is bound to the list itself.
const FILTER: &[u8] = b"blocked_values";

impl IdentityApi {
    pub(crate) async fn list_blocked_values(
        &self,
        call: Call<ListBlockedValuesRequest>,
    ) -> Result<ListBlockedValuesResponse, Fault> {
        let page = Page::parse(FILTER, call.page_size, &call.page_token)?;
        let mut values = rows::list(self.db.read(), call.tenant(), page.id()?, page.rows_max()).await?;
        let next_page_token = page.cut(&mut values, |last| last.id.uuid().into_bytes());
        Ok(ListBlockedValuesResponse {
            blocked_values: values.iter().map(wire::blocked_value).collect(),
            next_page_token,
        })
    }
}
