use contracts_identity::v1::{LinkIdentityRequest, LinkIdentityResponse};
use fault::Fault;
use rpc::Call;

use super::refusals;
use super::{arrival, rows, wire};
use crate::api::{IdentityApi, parse_id};
use crate::{blocked_value, channel};

impl IdentityApi {
    pub(crate) async fn link_identity(&self, call: Call<LinkIdentityRequest>) -> Result<LinkIdentityResponse, Fault> {
        let id = parse_id("member_id", &call.member_id)?;
        let tx = store::begin_or_replay!(self.db, call);
        let channels = channel::rows::all(&**tx, call.tenant()).await?;
        let mut evidence = arrival::evidence(&call.evidence.clone().unwrap_or_default(), &channels)?;
        let blocklist = blocked_value::rows::among(&**tx, call.tenant(), std::iter::once(&evidence.key)).await?;
        evidence.blocked |= blocklist.blocks(&evidence.key);
        let key = Some(&evidence.key).filter(|_| evidence.leads());
        let (mut graph, member) = rows::open_member(&tx, call.tenant(), id, key).await?;
        let identity = self
            .decide(|moment| graph.link(&member, &evidence, moment))
            .map_err(refusals::link_fault)?;
        // Past this line nothing may refuse the link.
        rows::save(&tx, &self.clock, call.tenant(), &call.principal().subject, &graph).await?;
        tx.commit(LinkIdentityResponse {
            identity: Some(wire::identity(&identity)),
        })
        .await
    }
}
