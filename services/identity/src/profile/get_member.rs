use contracts_identity::v1::{GetMemberRequest, GetMemberResponse};
use fault::Fault;
use rpc::Call;

use crate::api::{IdentityApi, parse_id};
use crate::graph;

impl IdentityApi {
    pub(crate) async fn get_member(&self, call: Call<GetMemberRequest>) -> Result<GetMemberResponse, Fault> {
        let id = parse_id("member_id", &call.member_id)?;
        let member = self.member(call.tenant(), id).await?;
        let absorbed = Some(id).filter(|id| *id != member.id);
        Ok(GetMemberResponse {
            member: Some(graph::wire::member(&member)),
            absorbed_member_id: absorbed.map(|id| id.to_string()).unwrap_or_default(),
        })
    }
}
