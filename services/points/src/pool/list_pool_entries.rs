use contracts_points::v1::{ListPoolEntriesRequest, ListPoolEntriesResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::rows::pool;
use super::wire::parse_pool;
use crate::account::wire::entry_to_wire;
use crate::api::PointsApi;
use crate::posting::entries::list_entries;
use crate::wire::parse_cursor;

impl PointsApi {
    pub(crate) async fn list_pool_entries(
        &self,
        call: Call<ListPoolEntriesRequest>,
    ) -> Result<ListPoolEntriesResponse, Fault> {
        let id = parse_pool(&call.pool_id)?;
        let page = Page::parse(
            format!("pool entries {}", call.pool_id),
            call.page_size,
            &call.page_token,
        )?;
        let before = match page.text()? {
            Some(cursor) => parse_cursor(Some(&cursor))?,
            None => i64::MAX,
        };
        let key = pool(self.db.read(), call.tenant(), id).await?.account();
        let mut rows = list_entries(self.db.read(), &key, before, page.rows_max()).await?;
        let next_page_token = page.cut(&mut rows, |entry| entry.sequence.to_string());
        Ok(ListPoolEntriesResponse {
            entries: rows.iter().map(entry_to_wire).collect(),
            next_page_token,
        })
    }
}
