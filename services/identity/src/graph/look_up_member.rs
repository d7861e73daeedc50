use contracts::identity::v1::{LookUpMemberRequest, LookUpMemberResponse};
use fault::Fault;
use rpc::Call;

use super::{arrival, identity, wire};
use crate::api::IdentityApi;
use crate::channel;

impl IdentityApi {
    pub(crate) async fn look_up_member(&self, call: Call<LookUpMemberRequest>) -> Result<LookUpMemberResponse, Fault> {
        let channels = channel::rows::all(self.db.read(), call.tenant()).await?;
        let key = arrival::key(&call, &channels)?;
        let holders = identity::rows::holders(self.db.read(), call.tenant(), std::slice::from_ref(&key)).await?;
        let holder = holders.get(&key).ok_or_else(|| Fault::not_found("member", &key))?;
        let member = self.member(call.tenant(), *holder).await?;
        Ok(LookUpMemberResponse {
            member: Some(wire::member(&member)),
        })
    }
}
