use contracts_identity::v1::{LookUpMemberRequest, LookUpMemberResponse};
use fault::Fault;
use kernel::Tenant;
use rpc::Call;

use super::identity::Evidence;
use super::key::Key;
use super::refusals::link_fault;
use super::{LinkError, arrival, identity, wire};
use crate::api::IdentityApi;
use crate::{blocked_value, channel};

impl IdentityApi {
    pub(crate) async fn look_up_member(&self, call: Call<LookUpMemberRequest>) -> Result<LookUpMemberResponse, Fault> {
        let channels = channel::rows::all(self.db.read(), call.tenant()).await?;
        let Evidence { key, blocked, .. } = arrival::looked_up(&call, &channels)?;
        let holders = identity::rows::holders(self.db.read(), call.tenant(), std::slice::from_ref(&key)).await?;
        let Some(holder) = holders.get(&key) else {
            return Err(self.leads_to_nobody(call.tenant(), key, blocked).await?);
        };
        let member = self.member(call.tenant(), *holder).await?;
        Ok(LookUpMemberResponse {
            member: Some(wire::member(&member)),
        })
    }

    /// Why a key leads to nobody: nobody has it yet, or nobody ever can.
    async fn leads_to_nobody(&self, tenant: Tenant, key: Key, blocked: bool) -> Result<Fault, Fault> {
        let blocklist = blocked_value::rows::among(self.db.read(), tenant, std::iter::once(&key)).await?;
        if blocked || blocklist.blocks(&key) {
            Ok(link_fault(LinkError::Blocked(key)))
        } else {
            Ok(Fault::not_found("member", &key))
        }
    }
}
