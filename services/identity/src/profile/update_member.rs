use contracts_identity::v1::{UpdateMemberRequest, UpdateMemberResponse};
use fault::Fault;
use rpc::Call;

use super::wire;
use crate::api::{IdentityApi, parse_id};
use crate::graph;

impl IdentityApi {
    pub(crate) async fn update_member(&self, call: Call<UpdateMemberRequest>) -> Result<UpdateMemberResponse, Fault> {
        let id = parse_id("member_id", &call.member_id)?;
        let values = wire::profile_changes(call.profile.as_ref(), call.update_mask.as_ref(), self.clock.now())?;
        let tx = store::begin_or_replay!(self.db, call);
        let (mut graph, member) = graph::rows::open_member(&tx, call.tenant(), id, None).await?;
        Fault::check_etag(&call.etag, member.version)?;
        self.decide(|moment| graph.update(member.id, &values, moment));
        // Past this line nothing may refuse the update.
        graph::rows::save(&tx, &self.clock, call.tenant(), &call.principal().subject, &graph).await?;
        let member = graph.member(member.id).map(graph::wire::member);
        tx.commit(UpdateMemberResponse { member }).await
    }
}
