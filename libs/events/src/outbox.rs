use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use runtime::{Envelope, Facts, Source};
use store::{Db, Emissions, Stretch};

/// How long to believe that nothing has come where this process alone writes.
const WAIT: Duration = Duration::from_secs(5);
/// How often to look besides being woken, where another process may write to the same database.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// The facts of services that share this process, read from their outboxes without a call.
#[derive(Debug, Clone)]
pub struct OutboxFacts(BTreeMap<&'static str, Db>);

impl OutboxFacts {
    /// Of the services with these databases, by their names.
    pub fn new(databases: BTreeMap<&'static str, Db>) -> Self {
        Self(databases)
    }
}

impl Facts for OutboxFacts {
    fn source(&self, _: &str, stream: &str, kinds: &[&str]) -> Box<dyn Source> {
        match self.0.get(stream) {
            Some(outbox) => Box::new(OutboxSource::new(outbox, kinds)),
            None => Box::new(Nowhere(stream.to_owned())),
        }
    }
}

/// A stream that no service of the process tells.
struct Nowhere(String);

#[async_trait]
impl Source for Nowhere {
    async fn pull(&mut self, _: i64, _: u32) -> Result<Stretch<Envelope>, Fault> {
        Err(Fault::internal(format!(
            "no service of this process tells the facts of {}",
            self.0
        )))
    }

    async fn wait(&mut self, _: i64) {
        kernel::pause(WAIT).await;
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
    /// The facts of these kinds in this database, or of all where none is named.
    pub fn new(outbox: &Db, kinds: &[&str]) -> Self {
        let kinds: Vec<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        Self {
            outbox: outbox.clone(),
            emissions: outbox.emissions((!kinds.is_empty()).then(|| kinds.clone())),
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
        let kinds = (!self.kinds.is_empty()).then_some(&*self.kinds);
        let Stretch {
            facts,
            last_position,
            has_more,
        } = self.outbox.facts_after(after, kinds, facts_max).await?;
        Ok(Stretch {
            facts: facts.into_iter().map(Envelope::from).collect(),
            last_position,
            has_more,
        })
    }

    async fn wait(&mut self, _after: i64) {
        // What has come stays news until it is pulled, even where the wait is ended by another.
        let _ = tokio::time::timeout(self.look_again(), self.emissions.news()).await;
    }

    fn has_news(&self) -> bool {
        self.outbox.commits().is_none() || self.emissions.has_news()
    }
}
