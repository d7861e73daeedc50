use std::time::Duration;

use contracts::events::internal::v1::feed_service_server::{FeedService, FeedServiceServer};
use contracts::events::internal::v1::{ReadFactsRequest, ReadFactsResponse};
use fault::Fault;
use rpc::Call;
use store::Db;
use tonic::{Request, Response, Status};

use crate::Envelope;

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
        let facts_max = u64::try_from(call.facts_max).map_err(Fault::internal)?;
        let wait = Duration::from_millis(u64::try_from(call.wait_ms).map_err(Fault::internal)?);
        // Subscribed before the first look, so that what is committed in between wakes us.
        let mut emissions = self.db.emissions();
        let read = async {
            loop {
                let facts = self.db.facts_after(call.after_position, facts_max).await?;
                if !facts.is_empty() || wait.is_zero() {
                    return Ok::<_, Fault>(facts);
                }
                // Woken, or not: in both cases the next look tells.
                let _ = tokio::time::timeout(LOOK_AGAIN, emissions.changed()).await;
            }
        };
        let facts = match tokio::time::timeout(wait.max(LOOK_AGAIN), read).await {
            Ok(facts) => facts?,
            Err(_) => Vec::new(),
        };
        Ok(ReadFactsResponse {
            facts: within(BATCH_BYTES_MAX / 2, facts),
        })
    }
}

/// The first of the facts, as many as weigh no more than `bytes_max`, and at least one.
fn within(bytes_max: usize, facts: Vec<store::OutboxRow>) -> Vec<contracts::events::internal::v1::Fact> {
    let mut bytes: usize = 0;
    let fits = |row: &store::OutboxRow| {
        let first = bytes == 0;
        bytes = bytes.saturating_add(row.payload.len()).saturating_add(256);
        first || bytes <= bytes_max
    };
    facts.into_iter().take_while(fits).map(Envelope::to_wire).collect()
}
