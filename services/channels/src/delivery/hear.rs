//! The facts of all services, kept for those who want them in the transaction that moves the position.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use events::{Consumer, Envelope, OutboxSource};
use fault::Fault;
use kernel::{Clock, Id, Tenant};
use runtime::{Deps, Facts, Source, Worker};
use store::{Db, Stretch, Tx};

use super::listeners::{Listener, Listeners};
use super::rows::{self, Lane};
use super::{DELIVERIES, Delivery, Key, Receiver, State};
use crate::NAME;
use crate::fact;
use crate::fact::telling::Telling;
use crate::subscription::rows::lock_all;

/// Whose facts are heard, and the name under which the position is kept.
pub(crate) const HEARD: [(&str, &str); 5] = [
    ("campaign", "channels.hear_campaign"),
    ("identity", "channels.hear_identity"),
    ("points", "channels.hear_points"),
    ("rights", "channels.hear_rights"),
    ("tagging", "channels.hear_tagging"),
];
/// The same of the service's own facts.
pub(crate) const HEARD_OF_ONESELF: &str = "channels.hear_channels";

/// The workers that hear the other services.
pub(crate) fn hear(deps: &Deps, listeners: &Listeners) -> Vec<Box<dyn Worker>> {
    let wanted = Wanted {
        facts: Arc::clone(&deps.facts),
        db: deps.db.clone(),
        listeners: listeners.clone(),
    };
    let deps = Deps {
        facts: Arc::new(wanted),
        ..deps.clone()
    };
    let hear = |(stream, name)| events::consume(&deps, Keep::new(stream, name, &deps.clock, listeners));
    HEARD.into_iter().map(hear).collect()
}

/// The worker that hears what this service tells itself, where it is written.
pub(crate) fn hear_oneself(deps: &Deps, listeners: &Listeners) -> Box<dyn Worker> {
    let source = OutboxSource::new(&deps.db, fact::types_of(NAME));
    let keep = Keep::new(NAME, HEARD_OF_ONESELF, &deps.clock, listeners);
    events::consume_from(&deps.db, &deps.clock, source, keep)
}

/// Facts of which those are left out that nobody wants, so that they cost next to nothing.
struct Wanted {
    facts: Arc<dyn Facts>,
    db: Db,
    listeners: Listeners,
}

struct WantedSource {
    source: Box<dyn Source>,
    db: Db,
    listeners: Listeners,
}

impl Facts for Wanted {
    fn source(&self, consumer: &str, stream: &str, kinds: &[&str]) -> Box<dyn Source> {
        Box::new(WantedSource {
            source: self.facts.source(consumer, stream, kinds),
            db: self.db.clone(),
            listeners: self.listeners.clone(),
        })
    }
}

#[async_trait]
impl Source for WantedSource {
    /// Who subscribes is asked after the facts were read: who was answered before they happened is among them.
    async fn pull(&mut self, after: i64, facts_max: u32) -> Result<Stretch<Envelope>, Fault> {
        let mut stretch = self.source.pull(after, facts_max).await?;
        if stretch.facts.is_empty() {
            return Ok(stretch);
        }
        let listeners = self.listeners.of(self.db.read(), &tenants(&stretch.facts)).await?;
        // The last one stays, so that the position moves though nobody wants any of them.
        let last = stretch.facts.last().map(|fact| fact.position);
        stretch.facts.retain(|fact| {
            if Some(fact.position) == last {
                return true;
            }
            let of_tenant = listeners.get(&fact.tenant).into_iter().flatten();
            of_tenant.into_iter().any(|listener| listener.wishes.hears(&fact.kind))
        });
        Ok(stretch)
    }

    async fn wait(&mut self, after: i64) {
        self.source.wait(after).await;
    }

    fn has_news(&self) -> bool {
        self.source.has_news()
    }
}

/// Keeps the facts of one service.
struct Keep {
    stream: &'static str,
    name: &'static str,
    clock: Clock,
    listeners: Listeners,
}

impl Keep {
    fn new(stream: &'static str, name: &'static str, clock: &Clock, listeners: &Listeners) -> Self {
        Self {
            stream,
            name,
            clock: clock.clone(),
            listeners: listeners.clone(),
        }
    }

    /// What each subscription wants of these facts, in their order.
    fn wanted(
        &self,
        listeners: &BTreeMap<Tenant, Vec<Arc<Listener>>>,
        facts: &[Envelope],
    ) -> Result<Vec<(Receiver, Delivery)>, Fault> {
        let mut wanted = Vec::new();
        for fact in facts {
            let Some(listeners) = listeners.get(&fact.tenant) else {
                continue;
            };
            let told = Telling::of(fact);
            let message = told.message()?;
            for listener in listeners
                .iter()
                .filter(|listener| listener.wishes.want(&told, &message))
            {
                let receiver = (fact.tenant, listener.subscription.id);
                let key = Key {
                    receiver,
                    stream: self.stream.to_owned(),
                    position: fact.position,
                };
                wanted.push((receiver, Delivery::new(key, Id::generate(&self.clock), told.clone())));
            }
        }
        Ok(wanted)
    }
}

#[async_trait]
impl Consumer for Keep {
    fn name(&self) -> &'static str {
        self.name
    }

    fn stream(&self) -> &'static str {
        self.stream
    }

    fn types(&self) -> &'static [&'static str] {
        fact::types_of(self.stream)
    }

    async fn apply(&self, tx: &Tx, facts: &[Envelope]) -> Result<(), Fault> {
        let listeners = self.listeners.of(&**tx, &tenants(facts)).await?;
        let wanted = self.wanted(&listeners, facts)?;
        let receivers: BTreeSet<Receiver> = wanted.iter().map(|(receiver, _)| *receiver).collect();
        let locked = lock_all(&**tx, &receivers).await?;
        // Who was deleted or changed before the lock was had is judged anew.
        let judged = |listener: &Arc<Listener>, tenant: Tenant| {
            let now = locked.get(&(tenant, listener.subscription.id));
            now.is_none_or(|now| now.version == listener.subscription.version)
        };
        let all = listeners
            .iter()
            .flat_map(|(tenant, of)| of.iter().map(|listener| (listener, *tenant)));
        if !all.into_iter().all(|(listener, tenant)| judged(listener, tenant)) {
            return Err(Fault::Contended);
        }
        let kept = wanted.into_iter().filter(|(receiver, _)| locked.contains_key(receiver));
        enqueue(tx, kept.map(|(_, delivery)| delivery).collect(), self.clock.now()).await
    }
}

/// Keeps deliveries of one service in their order: of a subject the first one is due, if none is before it. Their subscriptions
/// are locked.
pub(super) async fn enqueue(tx: &Tx, mut deliveries: Vec<Delivery>, now: kernel::Time) -> Result<(), Fault> {
    if deliveries.is_empty() {
        return Ok(());
    }
    let lanes: BTreeSet<Lane> = deliveries.iter().map(Lane::of).collect();
    let mut busy = rows::busy(&**tx, lanes).await?;
    for delivery in &mut deliveries {
        if busy.insert(Lane::of(delivery)) {
            delivery.state = State::Due(now);
        }
    }
    tx.comes_due(DELIVERIES, now);
    rows::insert(&**tx, &deliveries).await
}

fn tenants(facts: &[Envelope]) -> BTreeSet<Tenant> {
    facts.iter().map(|fact| fact.tenant).collect()
}
