use contracts::identity::v1::{ResolveMemberRequest, ResolveMemberResponse};
use fault::Fault;
use rpc::Call;
use store::Begun;

use crate::api::IdentityApi;
use crate::domain::Key;
use crate::wire::Importable;
use crate::{tables, wire};

impl IdentityApi {
    pub(crate) async fn resolve_member(
        &self,
        call: Call<ResolveMemberRequest>,
    ) -> Result<ResolveMemberResponse, Fault> {
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let channels = tables::channels::all(&**tx, call.tenant()).await?;
        let arrival = call.arrival.clone().unwrap_or_default();
        let arrival = wire::arrival(&arrival, &channels, Importable::No, self.clock.now())?;
        let keys: Vec<Key> = arrival.keys().cloned().collect();
        let mut graph = tables::graph::open(&tx, call.tenant(), channels, &keys, &[]).await?;
        let resolution = self.decide(|moment| graph.resolve(&arrival, moment));
        // Past this line nothing may refuse the resolution.
        let answer = ResolveMemberResponse { resolution: Some(wire::resolution(&resolution)) };
        if graph.changes().is_empty() {
            // Repeated, it leads to the same member; an answer without an effect need not be kept.
            return Ok(answer);
        }
        tables::graph::save(&tx, &self.clock, call.tenant(), &call.principal().subject, &graph).await?;
        tx.commit(answer).await
    }
}
