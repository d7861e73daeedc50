use std::time::Duration;

use async_trait::async_trait;
use contracts::events::internal::v1::ReadFactsRequest;
use contracts::events::internal::v1::feed_service_client::FeedServiceClient;
use fault::Fault;
use rpc::Peer;
use store::Db;
use tokio::sync::watch;

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
    /// Facts after a position, in order, without a gap, and not waiting for any.
    async fn pull(&mut self, after: i64, facts_max: usize) -> Result<Vec<Envelope>, Fault>;

    /// Returns when there may be a fact after the position, or after a while.
    async fn wait(&mut self, after: i64);

    /// Whether there may be a fact that the last pull has not seen; wrong only by saying yes.
    fn has_news(&self) -> bool {
        true
    }
}

/// The outbox of a service that shares this process, read without a call.
#[derive(Debug)]
pub struct OutboxSource {
    outbox: Db,
    emissions: watch::Receiver<()>,
}

impl OutboxSource {
    /// The facts in this database.
    pub fn new(outbox: &Db) -> Self {
        Self {
            outbox: outbox.clone(),
            emissions: outbox.emissions(),
        }
    }
}

#[async_trait]
impl Source for OutboxSource {
    async fn pull(&mut self, after: i64, facts_max: usize) -> Result<Vec<Envelope>, Fault> {
        // Before the look, so that what is committed during it is news.
        self.emissions.mark_unchanged();
        let facts_max = u64::try_from(facts_max).map_err(Fault::internal)?;
        let rows = self.outbox.facts_after(after, facts_max).await?;
        Ok(rows.into_iter().map(Envelope::from).collect())
    }

    async fn wait(&mut self, _after: i64) {
        // On a copy: what has come stays news until it is pulled, whoever else ends this wait.
        let mut emissions = self.emissions.clone();
        let _ = tokio::time::timeout(self.look_again(), emissions.changed()).await;
    }

    fn has_news(&self) -> bool {
        self.outbox.commits().is_none() || self.emissions.has_changed().unwrap_or(true)
    }
}

impl OutboxSource {
    /// How long to believe that nothing has come where nobody has told of it.
    fn look_again(&self) -> Duration {
        if self.outbox.commits().is_some() {
            WAIT
        } else {
            LOOK_AGAIN
        }
    }
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
