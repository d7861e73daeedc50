use std::time::Duration;

use async_trait::async_trait;
use contracts::events::internal::v1::ReadFactsRequest;
use contracts::events::internal::v1::feed_service_client::FeedServiceClient;
use fault::Fault;
use rpc::Peer;
use store::{Db, Emissions, Stretch};

use crate::Envelope;

/// What a batch of facts may weigh on the wire.
const BATCH_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How long one call waits for the first fact.
const WAIT: Duration = Duration::from_secs(5);
/// How often to look besides being woken, where another process may write to the same database.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// How long to wait before a peer that is away is asked again.
const AWAY_PAUSE: Duration = Duration::from_millis(500);

/// Where a consumer gets facts from: the outbox of a peer, or a broker.
#[async_trait]
pub trait Source: Send + Sync {
    /// The wanted facts after a position, in order, and not waiting for any. Fails where one was lost on the way.
    async fn pull(&mut self, after: i64, facts_max: u32) -> Result<Stretch<Envelope>, Fault>;

    /// Returns when there may be a fact after the position, or after a while.
    async fn wait(&mut self, after: i64);

    /// Whether there may be a wanted fact that the last pull has not seen; wrong only by saying yes.
    fn has_news(&self) -> bool {
        true
    }
}

/// The outbox of a service that shares this process, read without a call.
#[derive(Debug)]
pub struct OutboxSource {
    outbox: Db,
    kinds: Vec<String>,
    emissions: Emissions,
}

impl OutboxSource {
    /// The facts of these kinds in this database.
    pub fn new(outbox: &Db, kinds: &[&str]) -> Self {
        let kinds: Vec<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        Self {
            outbox: outbox.clone(),
            emissions: outbox.emissions(Some(kinds.clone())),
            kinds,
        }
    }

    /// How long to believe that nothing has come where nobody has told of it.
    fn look_again(&self) -> Duration {
        if self.outbox.commits().is_some() {
            WAIT
        } else {
            LOOK_AGAIN
        }
    }
}

#[async_trait]
impl Source for OutboxSource {
    async fn pull(&mut self, after: i64, facts_max: u32) -> Result<Stretch<Envelope>, Fault> {
        // Before the look, so that what is committed during it is news.
        self.emissions.see();
        let Stretch {
            facts,
            last_position,
            has_more,
        } = self.outbox.facts_after(after, Some(&self.kinds), facts_max).await?;
        Ok(Stretch {
            facts: facts.into_iter().map(Envelope::from).collect(),
            last_position,
            has_more,
        })
    }

    async fn wait(&mut self, _after: i64) {
        // What has come stays news until it is pulled, whoever else ends this wait.
        let _ = tokio::time::timeout(self.look_again(), self.emissions.news()).await;
    }

    fn has_news(&self) -> bool {
        self.outbox.commits().is_none() || self.emissions.has_news()
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
        let facts: Result<Vec<Envelope>, Fault> = answer.facts.into_iter().map(Envelope::from_wire).collect();
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
