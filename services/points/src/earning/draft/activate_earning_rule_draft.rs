use contracts_points::v1::{ActivateEarningRuleDraftRequest, ActivateEarningRuleDraftResponse, ErrorReason};
use fault::Fault;
use kernel::Time;
use ledger::RuleState;
use rpc::Call;

use crate::api::PointsApi;
use crate::earning;
use crate::earning::rows;
use crate::earning::rows::draft::DraftRow;
use crate::earning::update_earning_rule::state_forbids;
use crate::earning::wire::rule_to_wire;
use crate::wire::parse_time;

impl PointsApi {
    pub(crate) async fn activate_earning_rule_draft(
        &self,
        call: Call<ActivateEarningRuleDraftRequest>,
    ) -> Result<ActivateEarningRuleDraftResponse, Fault> {
        let told = parse_time("effect_time", call.effect_time.as_ref())?;
        let tx = store::begin_or_replay!(self.db, call);
        let present = earning::rows::rule_for_update(&tx, call.tenant(), &call.code).await?;
        let draft = rows::draft::draft(&**tx, call.tenant(), &call.code).await?;
        Fault::check_etag(&call.etag, draft.etag())?;
        if present.rule.state != RuleState::Active {
            return Err(state_forbids(&call.code, present.rule.state, RuleState::Active));
        }
        if draft.outdated() && !call.discard_later_versions {
            return Err(outdated(&call.code, &draft));
        }
        let now = self.clock.now();
        let effect = effect_time(told, now)?;
        // Again, for the draft may still be a copy of a rule that was saved before as much was asked.
        self.check_rule(&draft.row.rule)?;

        // Past this line nothing refuses.
        let mut row = draft.row;
        row.rule.state = RuleState::Active;
        row.rule.effect = effect;
        row.rule.version = draft.latest.saturating_add(1);
        row.update_time = now;
        rows::draft::delete_draft(&tx, call.tenant(), &call.code).await?;
        earning::rows::update_rule(&tx, call.tenant(), &row).await?;
        tx.commit(ActivateEarningRuleDraftResponse {
            earning_rule: Some(rule_to_wire(&row, now)),
        })
        .await
    }
}

fn effect_time(told: Option<Time>, now: Time) -> Result<Time, Fault> {
    if told.is_some_and(|told| told <= now) {
        return Err(Fault::invalid("effect_time", "must lie in the future, or be absent"));
    }
    Ok(told.unwrap_or(now))
}

fn outdated(code: &str, draft: &DraftRow) -> Fault {
    let (base, latest) = (draft.row.rule.version, draft.latest);
    let message = format!(
        "earning rule {code} has the version {latest} by now, the draft was begun from {base}: begin anew, or discard the \
         later versions"
    );
    Fault::refused(ErrorReason::EarningRuleDraftOutdated, message)
        .with("code", code)
        .with("base_version", base)
        .with("version", latest)
}
