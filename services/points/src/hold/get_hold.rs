use std::collections::BTreeSet;

use contracts_points::v1::{GetHoldRequest, GetHoldResponse};
use fault::Fault;
use rpc::Call;

use super::rows::holds;
use super::wire::hold_to_wire;
use crate::api::PointsApi;
use crate::wire::parse_id;

impl PointsApi {
    pub(crate) async fn get_hold(&self, call: Call<GetHoldRequest>) -> Result<GetHoldResponse, Fault> {
        let id = parse_id("hold_id", &call.hold_id)?;
        let found = holds(self.db.read(), &BTreeSet::from([(call.tenant(), id)])).await?;
        let hold = found.first().ok_or_else(|| Fault::not_found("hold", id))?;
        Ok(GetHoldResponse {
            hold: Some(hold_to_wire(hold)),
        })
    }
}
