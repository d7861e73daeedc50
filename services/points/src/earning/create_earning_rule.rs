use contracts_points::v1::{CreateEarningRuleRequest, CreateEarningRuleResponse, ErrorReason};
use fault::Fault;
use kernel::Time;
use ledger::{Amount, EarningRule, MemberCaps, RuleState};
use rpc::Call;

use super::rows;
use super::rows::RuleRow;
use super::wire::{RulePatch, rule_to_wire};
use crate::api::PointsApi;
use crate::asset;

impl PointsApi {
    pub(crate) async fn create_earning_rule(
        &self,
        call: Call<CreateEarningRuleRequest>,
    ) -> Result<CreateEarningRuleResponse, Fault> {
        let sent = call
            .earning_rule
            .as_ref()
            .ok_or_else(|| Fault::invalid("earning_rule", "is required"))?;
        let patch = RulePatch::whole(sent)?;
        let tx = store::begin_or_replay!(self.db, call);
        let now = self.clock.now();
        let row = self.new_rule(&call.code, &patch, now)?;
        asset::rows::asset(&**tx, call.tenant(), &row.rule.asset).await?;
        if !rows::create_rule(&tx, call.tenant(), &row).await? {
            let message = format!(
                "there is an earning rule {} already: choose another code, or update it",
                call.code
            );
            return Err(Fault::refused(ErrorReason::EarningRuleExists, message).with("code", &call.code));
        }
        tx.commit(CreateEarningRuleResponse {
            earning_rule: Some(rule_to_wire(&row, now)),
        })
        .await
    }

    fn new_rule(&self, code: &str, patch: &RulePatch<'_>, now: Time) -> Result<RuleRow, Fault> {
        let mut row = RuleRow {
            rule: blank(code, now),
            display_name: String::new(),
            create_time: now,
            update_time: now,
            budget_used: 0,
        };
        patch.apply(&mut row, now)?;
        if row.rule.state == RuleState::Archived {
            return Err(Fault::invalid(
                "earning_rule.state",
                "must be DRAFT, SCHEDULED or ACTIVE for a new rule",
            ));
        }
        self.check_rule(&row.rule)?;
        Ok(row)
    }
}

/// A rule before its fields are set.
fn blank(code: &str, now: Time) -> EarningRule {
    EarningRule {
        code: code.to_owned(),
        version: 1,
        state: RuleState::Draft,
        effect: now,
        asset: "".into(),
        activity_types: Vec::new(),
        channels: Vec::new(),
        condition: String::new(),
        amount: Amount::Fixed(0),
        amount_max: 0,
        caps: MemberCaps::default(),
        budget: 0,
        priority: 0,
        stop: false,
        exclusion_group: String::new(),
        currency: String::new(),
        start: None,
        end: None,
    }
}
