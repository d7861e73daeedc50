use std::time::Duration;

use async_trait::async_trait;
use contracts::events::internal::v1::ReadFactsRequest;
use contracts::events::internal::v1::feed_service_client::FeedServiceClient;
use fault::Fault;
use rpc::Peer;

use crate::Envelope;

/// What a batch of facts may weigh on the wire.
const BATCH_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How long one call waits for the first fact.
const WAIT: Duration = Duration::from_secs(5);
/// How long to wait before a peer that is away is asked again.
const AWAY_PAUSE: Duration = Duration::from_millis(500);

/// Where a consumer gets facts from: the outbox of a peer, or a broker.
#[async_trait]
pub trait Source: Send + Sync {
    /// Facts after a position, in order, without a gap, and not waiting for any.
    async fn pull(&mut self, after: i64, facts_max: usize) -> Result<Vec<Envelope>, Fault>;

    /// Returns when there may be a fact after the position, or after a while.
    async fn wait(&mut self, after: i64);
}

/// The outbox of a service, read by a call.
#[derive(Debug)]
pub struct PeerSource {
    stream: String,
    peer: Peer,
}

impl PeerSource {
    /// The facts of the service behind `peer`.
    pub fn new(stream: &str, peer: Peer) -> Self {
        Self {
            stream: stream.to_owned(),
            peer,
        }
    }

    async fn read(&self, after: i64, facts_max: usize, wait: Duration) -> Result<Vec<Envelope>, Fault> {
        let request = ReadFactsRequest {
            stream: self.stream.clone(),
            after_position: after,
            facts_max: i32::try_from(facts_max).map_err(Fault::internal)?,
            wait_ms: i32::try_from(wait.as_millis()).map_err(Fault::internal)?,
        };
        let channel = self.peer.on_behalf_of_platform()?;
        let mut client = FeedServiceClient::new(channel).max_decoding_message_size(BATCH_BYTES_MAX);
        let answer = client.read_facts(request).await.map_err(Fault::from_peer)?.into_inner();
        answer.facts.into_iter().map(Envelope::from_wire).collect()
    }
}

#[async_trait]
impl Source for PeerSource {
    async fn pull(&mut self, after: i64, facts_max: usize) -> Result<Vec<Envelope>, Fault> {
        self.read(after, facts_max, Duration::ZERO).await
    }

    async fn wait(&mut self, after: i64) {
        // Away or not, the next pull tells; but a peer that is away must not be asked without a pause.
        if let Err(fault) = self.read(after, 1, WAIT).await {
            tracing::debug!(stream = self.stream, %fault, "waiting for facts");
            kernel::pause(AWAY_PAUSE).await;
        }
    }
}
