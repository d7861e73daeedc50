//! The facts of a service as one consumer gets them: from its stream, or from its feed.

use std::time::{Duration, Instant};

use async_nats::Subscriber;
use async_trait::async_trait;
use fault::Fault;
use futures::{FutureExt, StreamExt};
use runtime::{Envelope, Source};
use store::Stretch;

use super::reading::{Reading, Told, Wanted};
use super::{JetStream, Way, trouble};

/// How long one look at the stream may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long to wait for word that facts were stored; it may be lost.
const WAIT: Duration = Duration::from_secs(2);
/// For how long a stream may have nothing new before the feed is asked whether that is so.
const SILENCE_BELIEVED: Duration = Duration::from_secs(2);
/// How long the stream is left alone after trouble: at first, and at the most.
const PAUSE: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// The facts of one service for one consumer.
pub(super) struct JetStreamSource {
    nats: JetStream,
    consumer: String,
    service: String,
    kinds: Vec<String>,
    feed: Box<dyn Source>,
    /// The feed with facts of all kinds, by which it is seen whether a stream is one of this service's past.
    witness: Box<dyn Source>,
    reading: Option<Reading>,
    news: Option<Subscriber>,
    /// The last position that the stream was seen with, and since when that is no news.
    last: i64,
    still_since: Option<Instant>,
    /// Whether the feed had what the stream does not: until the stream goes on, the feed is read.
    is_stuck: bool,
    reads_feed: bool,
    leave_alone_until: Option<Instant>,
    pause: Duration,
}

/// What a service tells when it is asked itself.
pub(super) struct Feeds {
    /// The facts that a consumer wants.
    pub(super) wanted: Box<dyn Source>,
    /// All of them.
    pub(super) all: Box<dyn Source>,
}

impl JetStreamSource {
    pub(super) fn new(nats: JetStream, consumer: &str, service: &str, kinds: &[&str], feeds: Feeds) -> Self {
        Self {
            nats,
            consumer: consumer.to_owned(),
            service: service.to_owned(),
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            feed: feeds.wanted,
            witness: feeds.all,
            reading: None,
            news: None,
            last: 0,
            still_since: None,
            is_stuck: false,
            reads_feed: false,
            leave_alone_until: None,
            pause: PAUSE,
        }
    }
}

#[async_trait]
impl Source for JetStreamSource {
    async fn pull(&mut self, after: i64, facts_max: u32) -> Result<Stretch<Envelope>, Fault> {
        if !self.nats.is_connected() {
            self.reading = None;
            return self
                .read_feed(after, facts_max, Way::Feed("NATS is away".to_owned()))
                .await;
        }
        if self.leave_alone_until.is_some_and(|until| Instant::now() < until) {
            return self.feed.pull(after, facts_max).await;
        }
        self.leave_alone_until = None;
        let told = tokio::time::timeout(PATIENCE, self.look(after, facts_max)).await;
        match told.unwrap_or_else(|_| Err(trouble("the stream", "it does not answer"))) {
            Ok(Told::Facts(stretch)) => {
                self.goes_by_stream();
                Ok(stretch)
            }
            Ok(Told::Nothing) => self.unless_silent(after, facts_max).await,
            Ok(Told::Gap(gap)) => self.read_feed(after, facts_max, Way::CatchingUp(gap)).await,
            Err(fault) => {
                self.leave_alone_until = Instant::now().checked_add(self.pause);
                self.pause = self.pause.saturating_mul(2).min(PAUSE_MAX);
                self.read_feed(after, facts_max, Way::Feed(fault.to_string())).await
            }
        }
    }

    async fn wait(&mut self, after: i64) {
        if self.reads_feed {
            return self.feed.wait(after).await;
        }
        let Some(news) = &mut self.news else {
            return kernel::pause(WAIT).await;
        };
        let wanted = async {
            while let Some(message) = news.next().await {
                let told = String::from_utf8_lossy(&message.payload).into_owned();
                if told
                    .split(' ')
                    .any(|kind| self.kinds.iter().any(|wanted| wanted == kind))
                {
                    return;
                }
            }
            // Nothing will ever come of it.
            std::future::pending::<()>().await;
        };
        let _ = tokio::time::timeout(WAIT, wanted).await;
    }

    fn leave(&mut self) {
        self.reading = None;
        self.is_stuck = false;
        self.reads_feed = false;
        self.leave_alone_until = None;
        self.nats.standings().leaves(&self.consumer);
    }
}

impl JetStreamSource {
    async fn look(&mut self, after: i64, facts_max: u32) -> Result<Told, Fault> {
        self.listen().await?;
        // A look that is dropped midway leaves a consumer that has told what nobody has heard.
        let reading = self.reading.take().filter(|reading| reading.stands_at(after));
        let wanted = Wanted {
            consumer: &self.consumer,
            service: &self.service,
            kinds: &self.kinds,
        };
        let begun = match reading {
            Some(reading) => Ok(reading),
            None => Reading::begin(&self.nats, &wanted, after, &mut *self.witness).await?,
        };
        let mut reading = match begun {
            Ok(reading) => reading,
            Err(told) => return Ok(told),
        };
        let told = reading.go_on(&self.nats, &self.service, facts_max).await?;
        if !matches!(told, Told::Gap(_)) {
            self.reading = Some(reading);
        }
        Ok(told)
    }

    /// Listens for news, and forgets those of what is about to be looked at.
    async fn listen(&mut self) -> Result<(), Fault> {
        match &mut self.news {
            Some(news) => while news.next().now_or_never().flatten().is_some() {},
            none => {
                let subject = self.nats.names().news(&self.service);
                let news = self.nats.0.client.subscribe(subject).await;
                *none = Some(news.map_err(|error| trouble("nobody can listen", error))?);
            }
        }
        Ok(())
    }

    fn goes_by_stream(&mut self) {
        self.reads_feed = false;
        self.is_stuck = false;
        self.still_since = Some(Instant::now());
        self.pause = PAUSE;
        self.nats.standings().reads(&self.consumer, Way::Stream);
    }

    async fn read_feed(&mut self, after: i64, facts_max: u32, way: Way) -> Result<Stretch<Envelope>, Fault> {
        self.reads_feed = true;
        self.nats.standings().reads(&self.consumer, way);
        self.feed.pull(after, facts_max).await
    }

    /// The stream has nothing. That may be so, or nobody publishes: the feed knows.
    async fn unless_silent(&mut self, after: i64, facts_max: u32) -> Result<Stretch<Envelope>, Fault> {
        let last = self.nats.standings().last_of(&self.service);
        if last != self.last {
            self.last = last;
            self.goes_by_stream();
        }
        self.reads_feed = self.is_stuck;
        let is_believed = self.still_since.is_some_and(|since| since.elapsed() < SILENCE_BELIEVED);
        if is_believed && !self.is_stuck {
            return Ok(Stretch {
                facts: Vec::new(),
                last_position: after,
                has_more: false,
            });
        }
        if !self.is_stuck {
            // The stream answers, whether or not the service does.
            self.nats.standings().reads(&self.consumer, Way::Stream);
        }
        let stretch = self.feed.pull(after, facts_max).await?;
        self.still_since = Some(Instant::now());
        if stretch.last_position > last {
            self.is_stuck = true;
            self.reads_feed = true;
            let told = format!("the stream ends with {last}, and the service is further");
            self.nats.standings().reads(&self.consumer, Way::Feed(told));
        }
        Ok(stretch)
    }
}
