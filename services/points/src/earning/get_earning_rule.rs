use contracts_points::v1::{GetEarningRuleRequest, GetEarningRuleResponse};
use fault::Fault;
use rpc::Call;

use super::rows::{rule, rule_at, rule_version};
use super::wire::rule_to_wire;
use crate::api::PointsApi;
use crate::wire::parse_time;

impl PointsApi {
    pub(crate) async fn get_earning_rule(
        &self,
        call: Call<GetEarningRuleRequest>,
    ) -> Result<GetEarningRuleResponse, Fault> {
        let at = parse_time("at_time", call.at_time.as_ref())?;
        if call.version != 0 && at.is_some() {
            return Err(Fault::invalid("at_time", "must be absent where a version is asked for"));
        }
        let row = match (call.version, at) {
            (0, None) => rule(self.db.read(), call.tenant(), &call.code).await?,
            (0, Some(at)) => rule_at(self.db.read(), call.tenant(), &call.code, at).await?,
            (version, _) => rule_version(self.db.read(), call.tenant(), &call.code, version).await?,
        };
        Ok(GetEarningRuleResponse {
            earning_rule: Some(rule_to_wire(&row, self.clock.now())),
        })
    }
}
