//! The effect of other services' facts on journeys: they let members enter, end waits, and merge members. No calls are made
//! here; the runner makes them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use async_trait::async_trait;
use contracts_identity::v1::{MembersMerged, MergeUndone};
use events::{Consumer, Envelope};
use fault::Fault;
use kernel::{Clock, Fact as _, Tenant};
use lineage::{Part, Redirects};
use store::Tx;

use super::listeners;
use super::listeners::Entrance;
use super::wire;
use super::{Fact, FactKey, FactType};
use crate::journey::versions::Versions;
use crate::member::merge::{Merge, merge};
use crate::member::merges;
use crate::member::strays::LOOK_AFTER;
use crate::member::undo::undo;
use crate::run::{MemberId, MemberKind};

/// Listens to one stream.
pub(crate) struct Listener {
    stream: &'static Stream,
    pub(crate) clock: Clock,
    pub(crate) versions: Versions,
}

/// The facts of one peer that matter to journeys, and the consumer that keeps the position among them.
pub(crate) struct Stream {
    producer: &'static str,
    consumer: String,
    types: Vec<&'static str>,
}

/// A stream for each service that publishes a fact which journeys hear, or which merges members or undoes it.
pub(crate) static STREAMS: LazyLock<Vec<Stream>> = LazyLock::new(|| {
    let heard = FactType::ALL.iter().map(|fact_type| fact_type.name());
    let mut producers: BTreeMap<&str, Vec<&'static str>> = BTreeMap::new();
    for name in heard.chain([MembersMerged::TYPE, MergeUndone::TYPE]) {
        // A fact's name begins with its producer's: "points.earned".
        let producer = name.split_once('.').map_or(name, |(producer, _)| producer);
        producers.entry(producer).or_default().push(name);
    }
    let stream = |(producer, types)| Stream {
        producer,
        consumer: format!("campaign.{producer}"),
        types,
    };
    producers.into_iter().map(stream).collect()
});

#[cfg(test)]
impl Stream {
    pub(super) fn producer(&self) -> &str {
        self.producer
    }

    pub(super) fn types(&self) -> &[&'static str] {
        &self.types
    }
}

/// A fact about a member of a tenant.
pub(crate) struct MemberFact {
    pub(crate) tenant: Tenant,
    pub(crate) member: MemberId,
    pub(crate) fact: Fact,
    /// The trace in which it is applied.
    pub(crate) traceparent: String,
}

impl Listener {
    pub(crate) fn new(stream: &'static Stream, clock: Clock, versions: Versions) -> Self {
        Self {
            stream,
            clock,
            versions,
        }
    }

    /// Applies facts that merge nobody.
    async fn listen(&self, tx: &Tx, facts: &[&Envelope]) -> Result<(), Fault> {
        let listening = Listening::read(tx, facts).await?;
        if listening.to_nothing() {
            return Ok(());
        }
        let mut facts = listening.decode(facts)?;
        follow_redirects(tx, &mut facts).await?;
        crate::fact::hear::hear(tx, &listening, &facts, self.clock.now()).await?;
        crate::fact::enter::enter(self, tx, &listening, &facts).await
    }
}

#[async_trait]
impl Consumer for Listener {
    fn name(&self) -> &'static str {
        &self.stream.consumer
    }

    fn stream(&self) -> &'static str {
        self.stream.producer
    }

    fn types(&self) -> &'static [&'static str] {
        &self.stream.types
    }

    async fn apply(&self, tx: &Tx, facts: &[Envelope]) -> Result<(), Fault> {
        for part in lineage::parts::<MemberKind>(facts)? {
            match part {
                Part::Others(facts) => self.listen(tx, &facts).await?,
                Part::Merges(merges) => {
                    let standing = lineage::standing(&**tx, merges).await?;
                    let merges: Vec<Merge> = standing.into_iter().map(Merge::from).collect();
                    merge(tx, &self.versions, &merges, self.clock.now()).await?;
                    merges::note(&**tx, &merges, self.clock.now().plus(LOOK_AFTER)).await?;
                }
                Part::Undo(undone) => undo(tx, &undone).await?,
            }
        }
        Ok(())
    }
}

/// The facts to which some journey of a tenant listens, of the types that a batch has.
pub(crate) struct Listening {
    pub(crate) entrances: BTreeMap<(Tenant, FactKey), Vec<Entrance>>,
    pub(crate) awaited: BTreeSet<(Tenant, FactKey)>,
}

impl Listening {
    async fn read(tx: &Tx, facts: &[&Envelope]) -> Result<Self, Fault> {
        let types = facts
            .iter()
            .filter_map(|fact| Some((fact.tenant, FactType::parse(&fact.kind)?)));
        let types: BTreeSet<(Tenant, FactType)> = types.collect();
        let awaited = listeners::awaited(&**tx, &types).await?;
        let mut entrances: BTreeMap<(Tenant, FactKey), Vec<Entrance>> = BTreeMap::new();
        for entrance in listeners::entrances(&**tx, &types).await? {
            entrances
                .entry((entrance.version.tenant, entrance.fact.clone()))
                .or_default()
                .push(entrance);
        }
        Ok(Self { entrances, awaited })
    }

    fn to_nothing(&self) -> bool {
        self.entrances.is_empty() && self.awaited.is_empty()
    }

    /// The facts that somebody listens to. A type to which nobody does is not even decoded.
    fn decode(&self, facts: &[&Envelope]) -> Result<Vec<MemberFact>, Fault> {
        let keys = self.entrances.keys().chain(&self.awaited);
        let types: BTreeSet<(Tenant, FactType)> = keys.map(|(tenant, key)| (*tenant, key.kind)).collect();
        let mut concerning = Vec::new();
        for envelope in facts {
            let Some(fact_type) = FactType::parse(&envelope.kind) else {
                continue;
            };
            if !types.contains(&(envelope.tenant, fact_type)) {
                continue;
            }
            let (member, fact) = wire::read(envelope, fact_type)?;
            let known = |key: FactKey| self.concerns(envelope.tenant, key);
            if fact.keys().into_iter().any(known) {
                concerning.push(MemberFact {
                    tenant: envelope.tenant,
                    member,
                    fact,
                    traceparent: telemetry::cause(envelope.tenant.uuid(), &envelope.subject).unwrap_or_default(),
                });
            }
        }
        Ok(concerning)
    }

    fn concerns(&self, tenant: Tenant, key: FactKey) -> bool {
        let key = (tenant, key);
        self.entrances.contains_key(&key) || self.awaited.contains(&key)
    }
}

/// Facts about a member that was merged are about the one that survived.
async fn follow_redirects(tx: &Tx, facts: &mut [MemberFact]) -> Result<(), Fault> {
    let members = facts.iter().map(|about| (about.tenant, about.member));
    let redirects = Redirects::of(&**tx, members).await?;
    for about in facts {
        about.member = redirects.follow(about.tenant, about.member);
    }
    Ok(())
}
