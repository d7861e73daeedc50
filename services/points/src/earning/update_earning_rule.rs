use contracts_points::v1::{ErrorReason, UpdateEarningRuleRequest, UpdateEarningRuleResponse};
use fault::Fault;
use ledger::RuleState;
use rpc::Call;

use super::rows;
use super::wire::{RulePatch, rule_to_wire};
use crate::api::PointsApi;
use crate::asset;

impl PointsApi {
    pub(crate) async fn update_earning_rule(
        &self,
        call: Call<UpdateEarningRuleRequest>,
    ) -> Result<UpdateEarningRuleResponse, Fault> {
        let sent = call
            .earning_rule
            .as_ref()
            .ok_or_else(|| Fault::invalid("earning_rule", "is required"))?;
        let patch = RulePatch::masked(sent, call.update_mask.as_ref())?;
        let tx = store::begin_or_replay!(self.db, call);
        let mut row = rows::rule_for_update(&tx, call.tenant(), &call.code).await?;
        Fault::check_etag(&call.etag, row.rule.version)?;
        let from = row.rule.state;
        let now = self.clock.now();
        patch.apply(&mut row, now)?;
        check_state(&call.code, from, row.rule.state)?;
        self.check_rule(&row.rule)?;
        asset::rows::asset(&**tx, call.tenant(), &row.rule.asset).await?;
        row.rule.version = row.rule.version.saturating_add(1);
        row.update_time = now;
        rows::update_rule(&tx, call.tenant(), &row).await?;
        tx.commit(UpdateEarningRuleResponse {
            earning_rule: Some(rule_to_wire(&row, now)),
        })
        .await
    }
}

fn check_state(code: &str, from: RuleState, to: RuleState) -> Result<(), Fault> {
    if from.may_become(to) {
        return Ok(());
    }
    Err(state_forbids(code, from, to))
}

/// The refusal of what the state of a rule does not allow.
pub(crate) fn state_forbids(code: &str, from: RuleState, to: RuleState) -> Fault {
    let message = format!(
        "earning rule {code} is {}: it cannot be changed to {}",
        from.name(),
        to.name()
    );
    Fault::refused(ErrorReason::EarningRuleStateForbids, message)
        .with("code", code)
        .with("from", from.name())
        .with("to", to.name())
}
