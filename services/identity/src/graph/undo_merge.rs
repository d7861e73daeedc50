use contracts_identity::v1::{UndoMergeRequest, UndoMergeResponse};
use fault::Fault;
use rpc::Call;

use super::refusals;
use super::rows::OpenMerge;
use super::{rows, wire};
use crate::api::{IdentityApi, parse_id};

impl IdentityApi {
    pub(crate) async fn undo_merge(&self, call: Call<UndoMergeRequest>) -> Result<UndoMergeResponse, Fault> {
        let id = parse_id("member_id", &call.member_id)?;
        let tx = store::begin_or_replay!(self.db, call);
        let opened = rows::open_merge(&tx, call.tenant(), id).await?;
        let OpenMerge {
            mut graph,
            merge,
            absorbed,
            later,
            led,
        } = opened.map_err(|none| refusals::no_merge_fault(&none, id))?;
        let undo = self.decide(|moment| {
            merge.check_window(self.undo_days, moment.now)?;
            graph.undo(&merge, absorbed, later, led, &call.comment, moment)
        });
        let undo = undo.map_err(|error| refusals::undo_fault(error, id))?;
        // Past this line nothing may refuse the undo.
        rows::save(&tx, &self.clock, call.tenant(), &call.principal().subject, &graph).await?;
        tx.commit(UndoMergeResponse {
            member: Some(wire::member(&undo.restored)),
            surviving_member: Some(wire::member(&undo.survivor)),
        })
        .await
    }
}
