use contracts_points::v1::{CreateEarningRuleDraftRequest, CreateEarningRuleDraftResponse, ErrorReason};
use fault::Fault;
use kernel::Time;
use ledger::RuleState;
use rpc::Call;

use super::wire::draft_to_wire;
use crate::api::PointsApi;
use crate::earning;
use crate::earning::rows;
use crate::earning::rows::draft::DraftRow;
use crate::earning::update_earning_rule::state_forbids;

impl PointsApi {
    pub(crate) async fn create_earning_rule_draft(
        &self,
        call: Call<CreateEarningRuleDraftRequest>,
    ) -> Result<CreateEarningRuleDraftResponse, Fault> {
        let tx = store::begin_or_replay!(self.db, call);
        let mut row = earning::rows::rule_for_update(&tx, call.tenant(), &call.code).await?;
        if row.rule.state != RuleState::Active {
            return Err(state_forbids(&call.code, row.rule.state, RuleState::Draft));
        }
        if rows::draft::find_draft(&**tx, call.tenant(), &call.code)
            .await?
            .is_some()
        {
            let message = format!(
                "earning rule {} has a draft of its next version already: change it, or throw it away",
                call.code
            );
            return Err(Fault::refused(ErrorReason::EarningRuleDraftExists, message).with("code", &call.code));
        }
        let now = self.clock.now();
        row.rule.state = RuleState::Draft;
        row.rule.effect = Time::EPOCH;
        row.update_time = now;
        let draft = DraftRow {
            latest: row.rule.version,
            row,
            begin_time: now,
            revision: 1,
        };
        rows::draft::insert_draft(&tx, call.tenant(), &draft).await?;
        tx.commit(CreateEarningRuleDraftResponse {
            earning_rule_draft: Some(draft_to_wire(&draft, now)),
        })
        .await
    }
}
