use contracts_identity::v1::{UnlinkIdentityRequest, UnlinkIdentityResponse};
use fault::Fault;
use rpc::Call;

use super::refusals;
use super::rows;
use crate::api::{IdentityApi, parse_id};

impl IdentityApi {
    pub(crate) async fn unlink_identity(
        &self,
        call: Call<UnlinkIdentityRequest>,
    ) -> Result<UnlinkIdentityResponse, Fault> {
        let id = parse_id("member_id", &call.member_id)?;
        let identity = parse_id("identity_id", &call.identity_id)?;
        let tx = store::begin_or_replay!(self.db, call);
        let (mut graph, member) = rows::open_member(&tx, call.tenant(), id, None).await?;
        let unlinked = self.decide(|moment| graph.unlink(&member, identity, moment));
        unlinked.map_err(|error| refusals::unlink_fault(error, identity))?;
        // Past this line nothing may refuse the unlinking.
        rows::save(&tx, &self.clock, call.tenant(), &call.principal().subject, &graph).await?;
        tx.commit(UnlinkIdentityResponse {}).await
    }
}
