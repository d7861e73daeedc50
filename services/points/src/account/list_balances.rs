use contracts_points::v1::{ListBalancesRequest, ListBalancesResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::balances::balances_after;
use super::wire::balance_to_wire;
use crate::api::{PointsApi, expiring_within_days};
use crate::wire::parse_id;

impl PointsApi {
    pub(crate) async fn list_balances(&self, call: Call<ListBalancesRequest>) -> Result<ListBalancesResponse, Fault> {
        let member = parse_id("member_id", &call.member_id)?;
        let page = Page::parse(format!("balances {}", call.member_id), call.page_size, &call.page_token)?;
        let (tenant, now) = (call.tenant(), self.clock.now());
        let horizon = now.plus_days(expiring_within_days(call.expiring_within_days));
        let member = self.read_member(tenant, member).await?;
        let after = page.text()?.unwrap_or_default();
        let times = (now, horizon);
        let mut rows = balances_after(self.db.read(), (tenant, member), &after, page.rows_max(), times).await?;
        let next_page_token = page.cut(&mut rows, |row| row.asset.to_string());
        let balances = rows
            .iter()
            .map(|row| balance_to_wire(member, row, now, horizon))
            .collect();
        Ok(ListBalancesResponse {
            balances,
            next_page_token,
        })
    }
}
