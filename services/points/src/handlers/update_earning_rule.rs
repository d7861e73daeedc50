use contracts::points::v1::{ErrorReason, UpdateEarningRuleRequest, UpdateEarningRuleResponse};
use fault::Fault;
use rpc::Call;
use store::Begun;

use super::PointsApi;
use crate::domain::RuleState;
use crate::store as ledger;
use crate::wire::{RulePatch, check_etag, rule_to_wire};

impl PointsApi {
    pub(crate) async fn update_earning_rule(
        &self,
        call: Call<UpdateEarningRuleRequest>,
    ) -> Result<UpdateEarningRuleResponse, Fault> {
        let sent = call
            .earning_rule
            .as_ref()
            .ok_or_else(|| Fault::invalid("earning_rule", "is required"))?;
        let paths = call.update_mask.as_ref().map_or(&[][..], |mask| mask.paths.as_slice());
        let patch = RulePatch::masked(sent, paths)?;
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let mut row = ledger::rule_for_update(&tx, call.tenant(), &call.code).await?;
        check_etag(&call.etag, &row.rule.version.to_string())?;
        let from = row.rule.state;
        let now = self.clock.now();
        patch.apply(&mut row, now)?;
        check_state(&call.code, from, row.rule.state)?;
        self.compile(row.rule.clone())?;
        ledger::asset(&**tx, call.tenant(), &row.rule.asset).await?;
        row.rule.version = row.rule.version.saturating_add(1);
        row.update_time = now;
        ledger::update_rule(&tx, call.tenant(), &row).await?;
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
pub(super) fn state_forbids(code: &str, from: RuleState, to: RuleState) -> Fault {
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
