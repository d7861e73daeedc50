use contracts::points::v1::{CreateEarningRuleRequest, CreateEarningRuleResponse, ErrorReason};
use fault::Fault;
use rpc::Call;
use store::Begun;

use super::PointsApi;
use crate::domain::{EarningRule, RuleState};
use crate::store::{self as ledger, RuleRow};
use crate::wire::{RulePatch, rule_to_wire};

impl PointsApi {
    pub(crate) async fn create_earning_rule(
        &self,
        call: Call<CreateEarningRuleRequest>,
    ) -> Result<CreateEarningRuleResponse, Fault> {
        let row = self.parse_new_rule(&call)?;
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        ledger::asset(&**tx, call.tenant(), &row.rule.asset).await?;
        if !ledger::create_rule(&tx, call.tenant(), &row).await? {
            let message = format!(
                "there is an earning rule {} already: choose another code, or update it",
                call.code
            );
            return Err(Fault::refused(ErrorReason::EarningRuleExists, message).with("code", &call.code));
        }
        tx.commit(CreateEarningRuleResponse {
            earning_rule: Some(rule_to_wire(&row)),
        })
        .await
    }

    fn parse_new_rule(&self, request: &CreateEarningRuleRequest) -> Result<RuleRow, Fault> {
        let sent = request
            .earning_rule
            .as_ref()
            .ok_or_else(|| Fault::invalid("earning_rule", "is required"))?;
        let now = self.clock.now();
        let mut row = RuleRow {
            rule: blank(&request.code),
            display_name: String::new(),
            create_time: now,
            update_time: now,
        };
        RulePatch::whole(sent)?.apply(&mut row)?;
        if row.rule.state == RuleState::Archived {
            return Err(Fault::invalid(
                "earning_rule.state",
                "must be DRAFT or ACTIVE for a new rule",
            ));
        }
        self.compile(row.rule.clone())?;
        Ok(row)
    }
}

/// A rule before its fields are set.
fn blank(code: &str) -> EarningRule {
    EarningRule {
        code: code.to_owned(),
        version: 1,
        state: RuleState::Draft,
        asset: "".into(),
        activity_types: Vec::new(),
        channels: Vec::new(),
        condition: String::new(),
        formula: String::new(),
        amount_max: 0,
        priority: 0,
        stop: false,
        start: None,
        end: None,
    }
}
