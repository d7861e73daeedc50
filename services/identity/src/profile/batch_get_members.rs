use contracts_identity::v1::{BatchGetMembersRequest, BatchGetMembersResponse, BatchGetMembersResult};
use fault::{Fault, Violations};
use rpc::Call;

use super::getting::Ids;
use crate::api::IdentityApi;
use crate::graph;
use crate::graph::member::MemberId;

impl IdentityApi {
    pub(crate) async fn batch_get_members(
        &self,
        call: Call<BatchGetMembersRequest>,
    ) -> Result<BatchGetMembersResponse, Fault> {
        let ids = parse(&call.member_ids)?;
        let named = Ids {
            tenant: call.tenant(),
            ids: ids.clone(),
        };
        let members = self.getting.ask_when_room(named).await?;
        let results = ids.iter().zip(members).map(|(id, member)| {
            let absorbed = member
                .as_ref()
                .filter(|member| member.id != *id)
                .map(|_| id.to_string());
            BatchGetMembersResult {
                member: member.as_ref().map(graph::wire::member),
                absorbed_member_id: absorbed.unwrap_or_default(),
            }
        });
        Ok(BatchGetMembersResponse {
            results: results.collect(),
        })
    }
}

fn parse(texts: &[String]) -> Result<Vec<MemberId>, Fault> {
    let mut violations = Violations::new();
    let mut ids = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        ids.extend(violations.parse(format!("member_ids[{index}]"), text.parse::<MemberId>()));
    }
    violations.finish()?;
    Ok(ids)
}
