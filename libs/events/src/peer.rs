use std::time::Duration;

use async_trait::async_trait;
use contracts::events::internal::v1::ReadFactsRequest;
use contracts::events::internal::v1::feed_service_client::FeedServiceClient;
use fault::Fault;
use rpc::{Peer, Peers};
use runtime::{Envelope, Facts, Source};
use store::Stretch;

use crate::wire;

/// What a batch of facts may weigh on the wire.
const BATCH_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How long one call waits for the first fact.
const WAIT: Duration = Duration::from_secs(5);
/// How long to wait before a peer that is away is asked again.
const AWAY_PAUSE: Duration = Duration::from_millis(500);

/// The facts of services in other processes, read from their feeds by calls.
#[derive(Debug, Clone)]
pub struct PeerFacts(Peers);

impl PeerFacts {
    /// Of these peers.
    pub fn new(peers: Peers) -> Self {
        Self(peers)
    }
}

impl Facts for PeerFacts {
    fn source(&self, _: &str, stream: &str, kinds: &[&str]) -> Box<dyn Source> {
        Box::new(PeerSource::new(stream, kinds, self.0.channel(stream)))
    }
}

/// The outbox of a service, read by a call.
#[derive(Debug)]
pub struct PeerSource {
    stream: String,
    kinds: Vec<String>,
    peer: Peer,
}

impl PeerSource {
    /// The facts of these kinds of the service behind `peer`.
    pub fn new(stream: &str, kinds: &[&str], peer: Peer) -> Self {
        Self {
            stream: stream.to_owned(),
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            peer,
        }
    }

    async fn read(&self, after: i64, facts_max: u32, wait: Duration) -> Result<Stretch<Envelope>, Fault> {
        let request = ReadFactsRequest {
            stream: self.stream.clone(),
            after_position: after,
            facts_max: i32::try_from(facts_max).map_err(Fault::internal)?,
            wait_ms: i32::try_from(wait.as_millis()).map_err(Fault::internal)?,
            types: self.kinds.clone(),
        };
        let channel = self.peer.on_behalf_of_platform()?;
        let mut client = FeedServiceClient::new(channel).max_decoding_message_size(BATCH_BYTES_MAX);
        let answer = client.read_facts(request).await.map_err(Fault::from_peer)?.into_inner();
        let facts: Result<Vec<Envelope>, Fault> = answer.facts.into_iter().map(wire::read).collect();
        Ok(Stretch {
            facts: facts?,
            last_position: answer.last_position,
            has_more: answer.has_more,
        })
    }
}

#[async_trait]
impl Source for PeerSource {
    async fn pull(&mut self, after: i64, facts_max: u32) -> Result<Stretch<Envelope>, Fault> {
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
