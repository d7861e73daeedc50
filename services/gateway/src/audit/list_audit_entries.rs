use contracts_gateway::v1::{ListAuditEntriesRequest, ListAuditEntriesResponse};
use fault::Fault;
use kernel::{Page, PageTokenError};
use rpc::Call;

use super::rows;
use super::wire;
use crate::api::GatewayApi;

/// The name of the list, which tells its tokens from those of other lists.
const FILTER: &str = "gateway.audit_entries";

impl GatewayApi {
    pub(crate) async fn list_audit_entries(
        &self,
        call: Call<ListAuditEntriesRequest>,
    ) -> Result<ListAuditEntriesResponse, Fault> {
        let filter = format!("{FILTER} {}", call.subject);
        let page = Page::parse(filter, call.page_size, &call.page_token)?;
        let before = page.cursor().map_or(Ok(i64::MAX), place)?;
        let mut calls =
            rows::calls_before(self.db.read(), call.tenant(), before, &call.subject, page.rows_max()).await?;
        let next_page_token = page.cut(&mut calls, |last| last.call.link.sequence.to_be_bytes());
        Ok(ListAuditEntriesResponse {
            audit_entries: calls.iter().map(wire::entry).collect(),
            next_page_token,
        })
    }
}

fn place(cursor: &[u8]) -> Result<i64, PageTokenError> {
    cursor
        .try_into()
        .map(i64::from_be_bytes)
        .map_err(|_| PageTokenError::Malformed)
}
