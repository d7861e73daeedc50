//! From the outbox of a service into its stream, in the order of positions.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType, Stream};
use async_trait::async_trait;
use fault::Fault;
use futures::future::try_join_all;
use prost::Message;
use runtime::Worker;
use store::{Db, Emissions, OutboxRow};

use super::window::{Window, fact_at, stream};
use super::{JetStream, trouble};
use crate::wire;

/// How many facts are under way to the server at the most.
const FACTS_MAX: u32 = 512;
/// How often it looks, besides being woken: another replica may write to the same database.
const LOOK_AGAIN: Duration = Duration::from_millis(40);
/// The same where this process alone writes.
const WAIT: Duration = Duration::from_secs(1);
/// How long to believe that the stream is whole, and ends where it did.
const BELIEVED: Duration = Duration::from_secs(1);
/// How long to wait after trouble.
const PAUSE: Duration = Duration::from_millis(500);
/// What the headers of a message may weigh beside its payload.
const HEADERS_MAX: usize = 4 * 1024;

/// Where a fact stands in the outbox.
const POSITION: &str = "Quanyu-Position";
/// Said of a fact that the server does not take because of its size: it is to be read from the feed.
pub(super) const ELSEWHERE: &str = "Quanyu-Elsewhere";

/// Publishes the facts of one outbox. One replica does it at a time; where two do, the server takes each fact once.
pub(super) struct Publisher {
    nats: JetStream,
    service: String,
    db: Db,
    emissions: Emissions,
    /// The last position in the stream, and since when that is believed; none before the stream was looked at.
    last: Option<(i64, Instant)>,
    has_trouble: bool,
}

impl Publisher {
    pub(super) fn new(nats: JetStream, service: &str, db: Db) -> Self {
        let emissions = db.emissions(None);
        Self {
            nats,
            service: service.to_owned(),
            db,
            emissions,
            last: None,
            has_trouble: false,
        }
    }
}

#[async_trait]
impl Worker for Publisher {
    fn name(&self) -> &'static str {
        "events.publish"
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        self.emissions.see();
        // Whatever comes of it: a tick that is dropped leaves nobody certain.
        let known = self.last.take().filter(|(_, since)| since.elapsed() < BELIEVED);
        let last = match known {
            Some((last, _)) => Ok(last),
            None if self.nats.is_connected() => self.agree().await,
            None => Err(Fault::unavailable("NATS is away")),
        };
        let Some(last) = self.unless_trouble(last) else {
            return Ok(0);
        };
        let facts = self.db.facts_after(last, None, FACTS_MAX).await?.facts;
        let sent = self.send(&facts).await;
        let Some(()) = self.unless_trouble(sent) else {
            return Ok(0);
        };
        let last = facts.last().map_or(last, |fact| fact.position);
        let since = known.map_or_else(Instant::now, |(_, since)| since);
        self.nats.standings().published(&self.service, last);
        self.last = Some((last, since));
        Ok(facts.len())
    }

    async fn rest(&mut self) {
        if self.has_trouble {
            return kernel::pause(PAUSE).await;
        }
        let look_again = match self.db.commits() {
            Some(_) => WAIT,
            None => LOOK_AGAIN,
        };
        let _ = tokio::time::timeout(look_again, self.emissions.news()).await;
    }

    fn turn_ended(&mut self) {
        self.last = None;
        self.has_trouble = false;
        self.nats.standings().leaves_publishing(&self.service);
    }

    fn has_news(&self) -> Option<bool> {
        Some(self.has_trouble || self.db.commits().is_none() || self.emissions.has_news())
    }
}

impl Publisher {
    /// Trouble with NATS is no trouble of the worker: it is told where operators look, and it is tried again soon.
    fn unless_trouble<T>(&mut self, outcome: Result<T, Fault>) -> Option<T> {
        let told = outcome.as_ref().err().map(ToString::to_string);
        self.has_trouble = told.is_some();
        self.nats.standings().publishing(&self.service, told);
        outcome.ok()
    }

    /// Makes the stream one that the outbox can go on with, and answers its last position.
    ///
    /// One that has lost facts from its middle, or that knows others than the outbox (which was brought back to an earlier
    /// state), is made anew: consumers read from the feed what it does not hold.
    async fn agree(&self) -> Result<i64, Fault> {
        let service = &*self.service;
        let Some(found) = stream(&self.nats, service).await? else {
            return self.begin().await;
        };
        let window = Window::read(found.cached_info())?;
        let is_of_outbox = self.knows_the_last_of(&found, window).await?;
        if window.missing == 0 && is_of_outbox {
            self.as_configured(found.cached_info().config.clone()).await?;
            return Ok(window.last);
        }
        tracing::warn!(
            service,
            ?window,
            is_of_outbox,
            "the stream is not what the outbox tells, and is made anew; consumers read from the feed what they miss"
        );
        let name = self.nats.names().stream(service);
        let deleted = self.nats.0.context.delete_stream(name).await;
        deleted.map_err(|error| trouble("the stream cannot be made anew", error))?;
        self.begin().await
    }

    /// Whether the last fact of the stream is the one of the outbox at its position. The outbox is asked after the stream:
    /// meanwhile it only grows.
    async fn knows_the_last_of(&self, stream: &Stream, window: Window) -> Result<bool, Fault> {
        if window.first > window.last {
            return Ok(window.last <= self.db.last_position().await?);
        }
        let found = fact_at(stream, window.last).await?;
        if window.last > self.db.last_position().await? {
            return Ok(false);
        }
        let before = window.last.saturating_sub(1);
        let told = self.db.facts_after(before, None, 1).await?.facts;
        Ok(told.first().map(|fact| fact.fact_id.to_string()) == found)
    }

    /// A stream that begins behind the last fact of the outbox.
    async fn begin(&self) -> Result<i64, Fault> {
        let head = self.db.last_position().await?;
        let first = u64::try_from(head.saturating_add(1)).map_err(Fault::internal)?;
        let config = Config {
            first_sequence: Some(first),
            ..self.config()
        };
        let created = self.nats.0.context.create_stream(config).await;
        created.map_err(|error| trouble("the stream cannot be made", error))?;
        Ok(head)
    }

    fn config(&self) -> Config {
        let service = &*self.service;
        Config {
            name: self.nats.names().stream(service),
            subjects: vec![self.nats.names().subjects(service)],
            description: Some(format!(
                "The facts of {service}: a sequence is a position of its outbox"
            )),
            retention: RetentionPolicy::Limits,
            discard: DiscardPolicy::Old,
            storage: StorageType::File,
            num_replicas: self.nats.0.replicas,
            max_age: self.nats.0.max_age,
            max_messages: -1,
            max_messages_per_subject: -1,
            max_bytes: -1,
            max_consumers: -1,
            // What stands in between is taken out by nobody.
            deny_delete: true,
            deny_purge: true,
            ..Config::default()
        }
    }

    /// Follows a change of the settings.
    async fn as_configured(&self, found: Config) -> Result<(), Fault> {
        let wanted = self.config();
        if (found.num_replicas, found.max_age) == (wanted.num_replicas, wanted.max_age) {
            return Ok(());
        }
        let config = Config {
            num_replicas: wanted.num_replicas,
            max_age: wanted.max_age,
            ..found
        };
        let updated = self.nats.0.context.update_stream(config).await;
        updated
            .map(drop)
            .map_err(|error| trouble("the stream does not take its settings", error))
    }

    /// Publishes facts that follow the last one of the stream, and waits until the server has them all. It takes none after
    /// one that it has not taken.
    async fn send(&self, facts: &[OutboxRow]) -> Result<(), Fault> {
        let Some(last) = facts.last() else {
            return Ok(());
        };
        let (service, context) = (&*self.service, &self.nats.0.context);
        let failed = |error| trouble("facts cannot be published", error);
        let mut under_way = Vec::with_capacity(facts.len());
        for fact in facts {
            let subject = self.nats.names().subject(service, &fact.kind);
            let sent = context
                .send_publish(subject, self.message(fact)?)
                .await
                .map_err(failed)?;
            under_way.push(async move { Ok::<_, Fault>((fact.position, sent.await.map_err(failed)?)) });
        }
        for (position, stored) in try_join_all(under_way).await? {
            if i64::try_from(stored.sequence).ok() != Some(position) {
                let told = format!("it is at {} there", stored.sequence);
                return Err(trouble(
                    &format!("the fact at {position} is not where it belongs"),
                    told,
                ));
            }
        }
        let kinds: BTreeSet<&str> = facts.iter().map(|fact| &*fact.kind).collect();
        let kinds: Vec<&str> = kinds.into_iter().collect();
        let news = self
            .nats
            .0
            .client
            .publish(self.nats.names().news(service), kinds.join(" ").into());
        // They are stored; who is not told of them looks after a while.
        if let Err(error) = news.await {
            tracing::debug!(service, position = last.position, %error, "nobody was told of new facts");
        }
        Ok(())
    }

    fn message(&self, fact: &OutboxRow) -> Result<PublishMessage, Fault> {
        let before = u64::try_from(fact.position.saturating_sub(1)).map_err(Fault::internal)?;
        let mut headers = HeaderMap::new();
        headers.insert(POSITION, fact.position.to_string());
        if !fact.traceparent.is_empty() {
            headers.insert("traceparent", &*fact.traceparent);
        }
        let mut payload = wire::write(fact.clone()).encode_to_vec();
        if payload.len().saturating_add(HEADERS_MAX) > self.nats.0.client.max_payload() {
            headers.insert(ELSEWHERE, "feed");
            payload.clear();
        }
        let message = PublishMessage::build().headers(headers).payload(payload.into());
        Ok(message
            .message_id(fact.fact_id.to_string())
            .expected_last_sequence(before))
    }
}
