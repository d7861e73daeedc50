//! What a durable pull consumer of a stream answers.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::jetstream::consumer::pull::Config;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer};
use async_nats::jetstream::stream::{ConsumerErrorKind, Stream};
use async_nats::jetstream::{self, ErrorCode};
use contracts::events::internal::v1::Fact;
use fault::Fault;
use futures::StreamExt;
use prost::Message;
use runtime::{Envelope, Source};
use store::Stretch;

use super::names::durable;
use super::publisher::ELSEWHERE;
use super::window::{Window, fact_at, stream};
use super::{JetStream, trouble};
use crate::wire;

/// What the facts of one answer may weigh.
const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;
/// After how long the server forgets a consumer that nobody asks for.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(72);

/// Which facts of a stream are read, and for whom.
pub(super) struct Wanted<'a> {
    pub(super) consumer: &'a str,
    pub(super) service: &'a str,
    pub(super) kinds: &'a [String],
}

/// A durable consumer that stands behind a position.
pub(super) struct Reading {
    stream: Stream,
    consumer: PullConsumer,
    /// Up to where its facts were answered.
    position: i64,
    /// What is wanted of it.
    subjects: BTreeSet<String>,
}

/// What the stream has to say.
pub(super) enum Told {
    /// Facts, or that none is wanted of those up to a position.
    Facts(Stretch<Envelope>),
    /// Nothing that follows the position.
    Nothing,
    /// It does not hold what follows, and why.
    Gap(String),
}

impl Reading {
    /// The consumer, made to stand behind a position; none where the stream has a gap there or nothing to read.
    ///
    /// One whose last fact is not the service's own is believed in nothing: the service was brought back to an earlier moment,
    /// and what the stream has of the time after it has not happened. Its publisher makes it anew.
    pub(super) async fn begin(
        nats: &JetStream,
        wanted: &Wanted<'_>,
        after: i64,
        witness: &mut dyn Source,
    ) -> Result<Result<Self, Told>, Fault> {
        let Some(stream) = stream(nats, wanted.service).await? else {
            return Ok(Err(Told::Gap("there is no stream yet".to_owned())));
        };
        let window = Window::read(stream.cached_info())?;
        nats.standings().published(wanted.service, window.last);
        if let Some(gap) = window.gap_after(after) {
            return Ok(Err(Told::Gap(gap)));
        }
        if window.last <= after {
            return Ok(Err(Told::Nothing));
        }
        if fact_at(&stream, window.last).await? != told_at(witness, window.last).await? {
            let told = format!(
                "of the fact at {} the stream and the service tell different things",
                window.last
            );
            return Ok(Err(Told::Gap(told)));
        }
        let name = durable(wanted.consumer);
        let failed = |error| trouble(&format!("the consumer {name} cannot be made"), error);
        // Where one begins cannot be changed. One that another replica makes meanwhile is seen by the numbers of its messages.
        match stream.delete_consumer(&name).await {
            Ok(_) => {}
            Err(error) if is_unknown(&error.kind()) => {}
            Err(error) => return Err(failed(error.to_string())),
        }
        let subject = |kind: &String| nats.names().subject(wanted.service, kind);
        let config = Config {
            durable_name: Some(name.clone()),
            description: Some(format!("{}, whose position stands in its database", wanted.consumer)),
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: u64::try_from(after.saturating_add(1)).map_err(Fault::internal)?,
            },
            // What was applied stands in the consumer's own database.
            ack_policy: AckPolicy::None,
            // And so it need not outlive a server: one that is gone is begun anew.
            num_replicas: 1,
            memory_storage: true,
            inactive_threshold: FORGOTTEN_AFTER,
            ..Config::default()
        };
        let consumer = stream.create_consumer(config).await;
        let consumer = consumer.map_err(|error| failed(error.to_string()))?;
        Ok(Ok(Self {
            stream,
            consumer,
            position: after,
            subjects: wanted.kinds.iter().map(subject).collect(),
        }))
    }

    pub(super) fn stands_at(&self, position: i64) -> bool {
        self.position == position
    }

    /// The wanted facts behind where it stands, and it stands behind them then. What is dropped midway is begun anew.
    ///
    /// All facts of the stream come, one position after the other: only so is it certain that none is missing. What a server
    /// says of a stream is no proof of what another one, which is behind it, has told a consumer.
    pub(super) async fn go_on(&mut self, nats: &JetStream, service: &str, facts_max: u32) -> Result<Told, Fault> {
        let (messages, is_all) = self.fetch(facts_max).await?;
        if messages.is_empty() {
            nats.standings().published(service, self.window(service).await?.last);
            return Ok(Told::Nothing);
        }
        let (mut facts, mut last) = (Vec::with_capacity(messages.len()), self.position);
        for message in messages {
            let info = message.info();
            let info = info.map_err(|error| trouble("a message tells nothing of itself", error))?;
            let position = i64::try_from(info.stream_sequence).map_err(Fault::internal)?;
            if position != self.position.saturating_add(1) {
                return self.missed(position, service).await;
            }
            match self.read(&message, position)? {
                Read::Fact(fact) => facts.push(*fact),
                Read::Unwanted => {}
                Read::Elsewhere => return Ok(Told::Gap("a fact is too large for it".to_owned())),
            }
            self.position = position;
            last = position.saturating_add_unsigned(info.pending);
        }
        nats.standings().published(service, last);
        Ok(Told::Facts(Stretch {
            facts,
            last_position: self.position,
            has_more: !is_all,
        }))
    }

    /// Why another fact came than the next one: the stream does not have that, or it was told to somebody else.
    async fn missed(&self, position: i64, service: &str) -> Result<Told, Fault> {
        if let Some(gap) = self.window(service).await?.gap_after(self.position) {
            return Ok(Told::Gap(gap));
        }
        let told = format!("{position} came behind {}", self.position);
        Err(trouble("facts were lost on the way, or are told again", told))
    }

    async fn window(&self, service: &str) -> Result<Window, Fault> {
        let info = self.stream.get_info().await;
        let info = info.map_err(|error| trouble(&format!("the stream of {service} cannot be looked at"), error))?;
        Window::read(&info)
    }

    /// The next messages, and whether these were all.
    async fn fetch(&self, facts_max: u32) -> Result<(Vec<jetstream::Message>, bool), Fault> {
        let facts_max = usize::try_from(facts_max.max(1)).map_err(Fault::internal)?;
        let failed = |error: String| trouble("facts cannot be read", error);
        let fetch = self.consumer.fetch().max_messages(facts_max).max_bytes(BATCH_BYTES_MAX);
        let mut batch = fetch.messages().await.map_err(|error| failed(error.to_string()))?;
        let mut messages = Vec::new();
        while let Some(message) = batch.next().await {
            match message {
                Ok(message) => messages.push(message),
                // What follows is too heavy to come with these, or the server says why it cannot go on when it is asked again.
                Err(_) if !messages.is_empty() => return Ok((messages, false)),
                Err(error) => return Err(failed(error.to_string())),
            }
        }
        let is_all = messages.len() < facts_max;
        Ok((messages, is_all))
    }

    fn read(&self, message: &jetstream::Message, position: i64) -> Result<Read, Fault> {
        if !self.subjects.contains(&*message.subject) {
            return Ok(Read::Unwanted);
        }
        if message
            .headers
            .as_ref()
            .is_some_and(|headers| headers.get(ELSEWHERE).is_some())
        {
            return Ok(Read::Elsewhere);
        }
        let fact = Fact::decode(&*message.payload).map_err(|error| trouble("a message is no fact", error))?;
        if fact.position != position {
            let told = format!("it says {}", fact.position);
            return Err(trouble(&format!("the fact at {position} belongs elsewhere"), told));
        }
        Ok(Read::Fact(Box::new(wire::read(fact)?)))
    }
}

/// The id of the fact that a service tells itself at a position.
async fn told_at(witness: &mut dyn Source, position: i64) -> Result<Option<String>, Fault> {
    let told = witness.pull(position.saturating_sub(1), 1).await?;
    Ok(told.facts.first().map(|fact| fact.id.to_string()))
}

/// What a message is.
enum Read {
    Fact(Box<Envelope>),
    /// Of a kind that is nothing to the consumer.
    Unwanted,
    /// To be read from the feed.
    Elsewhere,
}

fn is_unknown(error: &ConsumerErrorKind) -> bool {
    matches!(error, ConsumerErrorKind::JetStream(told) if told.error_code() == ErrorCode::CONSUMER_NOT_FOUND)
}
