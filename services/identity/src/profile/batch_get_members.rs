use std::collections::HashMap;

use contracts_identity::v1::{BatchGetMembersRequest, BatchGetMembersResponse, BatchGetMembersResult};
use fault::{Fault, Violations};
use rpc::Call;

use super::rows;
use crate::api::IdentityApi;
use crate::graph;
use crate::graph::member::{Member, MemberId};

impl IdentityApi {
    pub(crate) async fn batch_get_members(
        &self,
        call: Call<BatchGetMembersRequest>,
    ) -> Result<BatchGetMembersResponse, Fault> {
        let ids = parse(&call.member_ids)?;
        let survivors = graph::rows::follow_many(self.db.read(), call.tenant(), &ids).await?;
        let members = rows::read(self.db.read(), call.tenant(), &survivors).await?;
        let members: HashMap<MemberId, &Member> = members.iter().map(|member| (member.id, member)).collect();
        let result = |(id, survivor): (&MemberId, &MemberId)| {
            let member = members.get(survivor);
            let absorbed = member.filter(|_| id != survivor).map(|_| id.to_string());
            BatchGetMembersResult {
                member: member.map(|member| graph::wire::member(member)),
                absorbed_member_id: absorbed.unwrap_or_default(),
            }
        };
        Ok(BatchGetMembersResponse {
            results: ids.iter().zip(&survivors).map(result).collect(),
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
