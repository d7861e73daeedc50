use contracts::points::v1::{GetEarningRuleRequest, GetEarningRuleResponse};
use fault::Fault;
use rpc::Call;

use super::PointsApi;
use crate::store::{rule, rule_version};
use crate::wire::rule_to_wire;

impl PointsApi {
    pub(crate) async fn get_earning_rule(
        &self,
        call: Call<GetEarningRuleRequest>,
    ) -> Result<GetEarningRuleResponse, Fault> {
        let row = if call.version == 0 {
            rule(self.db.read(), call.tenant(), &call.code).await?
        } else {
            rule_version(self.db.read(), call.tenant(), &call.code, call.version).await?
        };
        Ok(GetEarningRuleResponse {
            earning_rule: Some(rule_to_wire(&row)),
        })
    }
}
