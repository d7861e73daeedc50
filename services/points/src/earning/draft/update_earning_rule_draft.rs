use contracts_points::v1::{UpdateEarningRuleDraftRequest, UpdateEarningRuleDraftResponse};
use fault::Fault;
use kernel::Time;
use rpc::Call;

use super::wire::draft_to_wire;
use crate::api::PointsApi;
use crate::earning::rows;
use crate::earning::wire::RulePatch;
use crate::{asset, earning};

impl PointsApi {
    pub(crate) async fn update_earning_rule_draft(
        &self,
        call: Call<UpdateEarningRuleDraftRequest>,
    ) -> Result<UpdateEarningRuleDraftResponse, Fault> {
        let sent = call
            .earning_rule
            .as_ref()
            .ok_or_else(|| Fault::invalid("earning_rule", "is required"))?;
        let patch = RulePatch::of_draft(sent, call.update_mask.as_ref())?;
        let tx = store::begin_or_replay!(self.db, call);
        earning::rows::rule_for_update(&tx, call.tenant(), &call.code).await?;
        let mut draft = rows::draft::draft(&**tx, call.tenant(), &call.code).await?;
        Fault::check_etag(&call.etag, draft.etag())?;
        let now = self.clock.now();
        patch.apply(&mut draft.row, now)?;
        self.check_rule(&draft.row.rule)?;
        asset::rows::asset(&**tx, call.tenant(), &draft.row.rule.asset).await?;
        draft.row.rule.effect = Time::EPOCH;
        draft.row.update_time = now;
        draft.revision = draft.revision.saturating_add(1);
        rows::draft::save_draft(&tx, call.tenant(), &draft).await?;
        tx.commit(UpdateEarningRuleDraftResponse {
            earning_rule_draft: Some(draft_to_wire(&draft, now)),
        })
        .await
    }
}
