use contracts_points::v1::{GetBalanceRequest, GetBalanceResponse};
use fault::Fault;
use rpc::Call;

use super::reading::Holding;
use crate::api::{PointsApi, expiring_within_days};
use crate::wire::parse_id;

impl PointsApi {
    pub(crate) async fn get_balance(&self, call: Call<GetBalanceRequest>) -> Result<GetBalanceResponse, Fault> {
        let holding = Holding {
            tenant: call.tenant(),
            member: parse_id("member_id", &call.member_id)?,
            asset: call.asset_code.as_str().into(),
            days: expiring_within_days(call.expiring_within_days),
        };
        let balance = self.reading.ask(holding).await?;
        Ok(GetBalanceResponse { balance: Some(balance) })
    }
}
