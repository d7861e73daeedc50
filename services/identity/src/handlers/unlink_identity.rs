use contracts::identity::v1::{UnlinkIdentityRequest, UnlinkIdentityResponse};
use fault::Fault;
use rpc::Call;

use crate::api::IdentityApi;
use crate::{store, wire};

impl IdentityApi {
    pub(crate) async fn unlink_identity(
        &self,
        call: Call<UnlinkIdentityRequest>,
    ) -> Result<UnlinkIdentityResponse, Fault> {
        let id = wire::id("member_id", &call.member_id)?;
        let identity = wire::id("identity_id", &call.identity_id)?;
        let tx = ::store::begin_or_replay!(self.db, call);
        let (mut graph, member) = store::graph::open_member(&tx, call.tenant(), id, None).await?;
        let unlinked = self.decide(|moment| graph.unlink(&member, identity, moment));
        unlinked.map_err(|error| wire::unlink_fault(error, identity))?;
        // Past this line nothing may refuse the unlinking.
        store::graph::save(&tx, &self.clock, call.tenant(), &call.principal().subject, &graph).await?;
        tx.commit(UnlinkIdentityResponse {}).await
    }
}
