use contracts_points::v1::{ListPoolsRequest, ListPoolsResponse};
use fault::Fault;
use kernel::Page;
use ledger::PoolId;
use rpc::Call;
use uuid::Uuid;

use super::rows::pools_of;
use super::wire::pool_to_wire;
use crate::api::PointsApi;
use crate::wire::{parse_cursor, parse_id};

impl PointsApi {
    pub(crate) async fn list_pools(&self, call: Call<ListPoolsRequest>) -> Result<ListPoolsResponse, Fault> {
        let member = parse_id("member_id", &call.member_id)?;
        let page = Page::parse(format!("pools {}", call.member_id), call.page_size, &call.page_token)?;
        let after = match page.text()? {
            Some(cursor) => parse_cursor(Some(&cursor))?,
            None => PoolId::from_uuid(Uuid::nil()),
        };
        let member = self.read_member(call.tenant(), member).await?;
        let mut pools = pools_of(self.db.read(), call.tenant(), member, after, page.rows_max()).await?;
        let next_page_token = page.cut(&mut pools, |pool| pool.id.to_string());
        Ok(ListPoolsResponse {
            pools: pools.iter().map(|pool| pool_to_wire(pool, None)).collect(),
            next_page_token,
        })
    }
}
