use std::time::Duration;

use contracts::events::internal::v1::feed_service_server::{FeedService, FeedServiceServer};
use contracts::events::internal::v1::{ReadFactsRequest, ReadFactsResponse};
use fault::Fault;
use rpc::Call;
use store::{Db, OutboxRow, Stretch};
use tonic::{Request, Response, Status};

use crate::wire;

/// What a batch of facts may weigh on the wire.
const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How often a waiting reader looks, besides being woken: another process may write to the same database.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Shows the facts of a service to its peers.
pub fn feed(db: Db) -> FeedServiceServer<impl FeedService> {
    FeedServiceServer::new(Feed { db }).max_encoding_message_size(BATCH_BYTES_MAX)
}

struct Feed {
    db: Db,
}

#[tonic::async_trait]
impl FeedService for Feed {
    async fn read_facts(&self, request: Request<ReadFactsRequest>) -> Result<Response<ReadFactsResponse>, Status> {
        rpc::answer(request, |call| self.read(call)).await
    }
}

impl Feed {
    async fn read(&self, call: Call<ReadFactsRequest>) -> Result<ReadFactsResponse, Fault> {
        let facts_max = u32::try_from(call.facts_max).map_err(Fault::internal)?;
        let wait = Duration::from_millis(u64::try_from(call.wait_ms).map_err(Fault::internal)?);
        let kinds = (!call.types.is_empty()).then(|| call.types.clone());
        let mut emissions = self.db.emissions(kinds.clone());
        let mut stretch = self.look(&call, kinds.as_deref(), facts_max).await?;
        let read = async {
            while stretch.facts.is_empty() && !stretch.has_more && !wait.is_zero() {
                // Woken, or not: in both cases the next look tells.
                let _ = tokio::time::timeout(LOOK_AGAIN, emissions.news()).await;
                // Before the look, so that what is committed during it wakes us again.
                emissions.see();
                stretch = self.look(&call, kinds.as_deref(), facts_max).await?;
            }
            Ok::<_, Fault>(())
        };
        tokio::time::timeout(wait.max(LOOK_AGAIN), read)
            .await
            .unwrap_or(Ok(()))?;
        Ok(within(BATCH_BYTES_MAX / 2, stretch))
    }

    async fn look(
        &self,
        call: &Call<ReadFactsRequest>,
        kinds: Option<&[String]>,
        facts_max: u32,
    ) -> Result<Stretch, Fault> {
        self.db.facts_after(call.after_position, kinds, facts_max).await
    }
}

/// The first of the facts, as many as weigh no more than `bytes_max`, and at least one.
fn within(bytes_max: usize, stretch: Stretch) -> ReadFactsResponse {
    let Stretch {
        mut facts,
        mut last_position,
        mut has_more,
    } = stretch;
    let mut bytes: usize = 0;
    let mut fits = |row: &OutboxRow| {
        let first = bytes == 0;
        bytes = bytes.saturating_add(row.payload.len()).saturating_add(256);
        first || bytes <= bytes_max
    };
    let fitting = facts.iter().take_while(|row| fits(row)).count();
    if fitting < facts.len() {
        facts.truncate(fitting);
        last_position = facts.last().map_or(last_position, |fact| fact.position);
        has_more = true;
    }
    ReadFactsResponse {
        facts: facts.into_iter().map(wire::write).collect(),
        last_position,
        has_more,
    }
}
