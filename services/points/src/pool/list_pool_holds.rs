use contracts_points::v1::{ListPoolHoldsRequest, ListPoolHoldsResponse};
use fault::Fault;
use kernel::Page;
use ledger::HoldId;
use rpc::Call;
use uuid::Uuid;

use super::rows::pool;
use super::wire::parse_pool;
use crate::api::PointsApi;
use crate::hold::rows::list_holds;
use crate::hold::wire::hold_to_wire;
use crate::wire::parse_cursor;

impl PointsApi {
    pub(crate) async fn list_pool_holds(
        &self,
        call: Call<ListPoolHoldsRequest>,
    ) -> Result<ListPoolHoldsResponse, Fault> {
        let id = parse_pool(&call.pool_id)?;
        let filter = format!("pool holds {} {}", call.pool_id, call.open_only);
        let page = Page::parse(filter, call.page_size, &call.page_token)?;
        let before = match page.text()? {
            Some(cursor) => parse_cursor(Some(&cursor))?,
            None => HoldId::from_uuid(Uuid::max()),
        };
        let key = pool(self.db.read(), call.tenant(), id).await?.account();
        let mut rows = list_holds(self.db.read(), &key, call.open_only, before, page.rows_max()).await?;
        let next_page_token = page.cut(&mut rows, |hold| hold.id.to_string());
        Ok(ListPoolHoldsResponse {
            holds: rows.iter().map(hold_to_wire).collect(),
            next_page_token,
        })
    }
}
