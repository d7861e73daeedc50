use contracts_identity::v1::{MergeMembersRequest, MergeMembersResponse};
use fault::{Fault, Violations};
use rpc::Call;

use super::Graph;
use super::member::{Member, MemberId};
use super::refusals;
use super::rows::Wanted;
use super::{rows, wire};
use crate::api::IdentityApi;
use crate::channel;

impl IdentityApi {
    pub(crate) async fn merge_members(&self, call: Call<MergeMembersRequest>) -> Result<MergeMembersResponse, Fault> {
        let ids = parse(&call)?;
        let tx = store::begin_or_replay!(self.db, call);
        let channels = channel::rows::all(&**tx, call.tenant()).await?;
        let survivors = rows::follow_many(&**tx, call.tenant(), &ids).await?;
        let wanted = Wanted {
            tenant: call.tenant(),
            channels,
            keys: Vec::new(),
            ids: survivors.clone(),
        };
        let mut graph = rows::open(&tx, wanted).await?;
        let [one, other] = pair(&graph, &ids, &survivors)?;
        let merge = self.decide(|moment| graph.merge(&one, &other, call.accept_conflicts, &call.comment, moment));
        let merge = merge.map_err(|error| refusals::merge_fault(error, one.id))?;
        // Past this line nothing may refuse the merge.
        rows::save(&tx, &self.clock, call.tenant(), &call.principal().subject, &graph).await?;
        tx.commit(MergeMembersResponse {
            member: Some(wire::member(&merge.survivor)),
            absorbed_member_id: merge.absorbed.to_string(),
        })
        .await
    }
}

fn parse(request: &MergeMembersRequest) -> Result<Vec<MemberId>, Fault> {
    let mut violations = Violations::new();
    let one = violations.parse("member_id", request.member_id.parse::<MemberId>());
    let other = violations.parse("other_member_id", request.other_member_id.parse::<MemberId>());
    violations.finish()?;
    Ok(one.into_iter().chain(other).collect())
}

/// The two members, in the order of the request.
fn pair(graph: &Graph, ids: &[MemberId], survivors: &[MemberId]) -> Result<[Member; 2], Fault> {
    let mut members = ids.iter().zip(survivors).map(|(id, survivor)| {
        graph
            .member(*survivor)
            .cloned()
            .ok_or_else(|| Fault::not_found("member", id))
    });
    let mut next = || {
        members
            .next()
            .unwrap_or_else(|| Err(Fault::internal("a merge names two members")))
    };
    Ok([next()?, next()?])
}
