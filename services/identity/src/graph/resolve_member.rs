use contracts_identity::v1::{ResolveMemberRequest, ResolveMemberResponse};
use fault::Fault;
use rpc::Call;
use sea_orm::ConnectionTrait;

use super::Arrival;
use super::arrival::Importable;
use super::key::Key;
use super::{arrival, rows, wire};
use crate::api::IdentityApi;
use crate::channel::Channels;
use crate::{blocked_value, channel};

impl IdentityApi {
    pub(crate) async fn resolve_member(
        &self,
        call: Call<ResolveMemberRequest>,
    ) -> Result<ResolveMemberResponse, Fault> {
        if let Some(found) = self.find(&call).await? {
            return self.unless_answered(&call.key(&call.request_id), found).await;
        }
        let tx = store::begin_or_replay!(self.db, call);
        let (arrival, channels) = self.parse_arrival(&**tx, &call).await?;
        let keys: Vec<Key> = arrival.keys().cloned().collect();
        let mut graph = rows::open(&tx, call.tenant(), channels, &keys, &[]).await?;
        let resolution = self.decide(|moment| graph.resolve(&arrival, moment));
        // Past this line nothing may refuse the resolution.
        rows::save(&tx, &self.clock, call.tenant(), &call.principal().subject, &graph).await?;
        tx.commit(ResolveMemberResponse {
            resolution: Some(wire::resolution(&resolution)),
        })
        .await
    }

    /// The answer, where the arrival changes nothing: most people have been there before, and nobody waits for a lock then.
    async fn find(&self, call: &Call<ResolveMemberRequest>) -> Result<Option<ResolveMemberResponse>, Fault> {
        let (arrival, channels) = self.parse_arrival(self.db.read(), call).await?;
        let keys: Vec<Key> = arrival.keys().cloned().collect();
        let mut graph = rows::look(self.db.read(), call.tenant(), channels, &keys).await?;
        let resolution = self.decide(|moment| graph.resolve(&arrival, moment));
        let answer = ResolveMemberResponse {
            resolution: Some(wire::resolution(&resolution)),
        };
        Ok(graph.changes().is_empty().then_some(answer))
    }

    async fn parse_arrival(
        &self,
        conn: &impl ConnectionTrait,
        call: &Call<ResolveMemberRequest>,
    ) -> Result<(Arrival, Channels), Fault> {
        let channels = channel::rows::all(conn, call.tenant()).await?;
        let arrival = call.arrival.clone().unwrap_or_default();
        let judged = arrival::judge(&arrival, &channels, Importable::No, self.clock.now());
        let blocklist = blocked_value::rows::among(conn, call.tenant(), judged.brought()).await?;
        Ok((judged.heed(&blocklist)?, channels))
    }
}
