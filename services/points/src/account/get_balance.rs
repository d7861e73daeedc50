use contracts_points::v1::{GetBalanceRequest, GetBalanceResponse};
use fault::Fault;
use rpc::Call;

use super::rows::{Which, balances};
use super::wire::{balance_to_wire, zero_balance};
use crate::api::{PointsApi, expiring_within_days};
use crate::asset::rows::asset;
use crate::wire::parse_id;

impl PointsApi {
    pub(crate) async fn get_balance(&self, call: Call<GetBalanceRequest>) -> Result<GetBalanceResponse, Fault> {
        let member = parse_id("member_id", &call.member_id)?;
        let (db, tenant, now) = (self.db.read(), call.tenant(), self.clock.now());
        let horizon = now.plus_days(expiring_within_days(call.expiring_within_days));
        let member = self.read_member(tenant, member).await?;
        let found = balances(db, tenant, member, Which::One(&call.asset_code), now, horizon).await?;
        let balance = if let Some(row) = found.first() {
            balance_to_wire(member, row, now, horizon)
        } else {
            let row = asset(db, tenant, &call.asset_code).await?;
            zero_balance(member, &row.asset.code)
        };
        Ok(GetBalanceResponse { balance: Some(balance) })
    }
}
