//! What facts of other services do to journeys: they let members enter, end waits, and merge members. No calls are made
//! here; the runner makes them.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use contracts::identity::v1::{MembersMerged, MergeUndone};
use events::{Consumer, Envelope};
use fault::Fault;
use kernel::{Clock, Tenant};
use store::{Tx, redirects};

use super::listeners;
use super::listeners::Entrance;
use super::wire;
use super::{Fact, FactKey, FactType};
use crate::journey::versions::Versions;
use crate::member::merges;
use crate::member::strays::LOOK_AFTER;
use crate::run::MemberId;

use crate::member::merge::Merge;
use crate::member::merge::merge;

/// Listens to one stream.
pub(crate) struct Listener {
    stream: &'static Stream,
    pub(crate) clock: Clock,
    pub(crate) versions: Versions,
}

/// A peer's facts that matter to journeys.
pub(crate) struct Stream {
    producer: &'static str,
    consumer: &'static str,
    types: &'static [&'static str],
}

/// All streams; each has a consumer of its own.
pub(crate) const STREAMS: [Stream; 4] = [
    Stream {
        producer: "identity",
        consumer: "campaign.identity",
        types: &[
            "identity.member_registered",
            "identity.members_merged",
            "identity.merge_undone",
        ],
    },
    Stream {
        producer: "tagging",
        consumer: "campaign.tagging",
        types: &[
            "tagging.activity_recorded",
            "tagging.tag_changed",
            "tagging.segment_entered",
            "tagging.segment_left",
        ],
    },
    Stream {
        producer: "points",
        consumer: "campaign.points",
        types: &["points.earned", "points.redeemed", "points.expired"],
    },
    Stream {
        producer: "rights",
        consumer: "campaign.rights",
        types: &["rights.tier_changed", "rights.coupon_issued", "rights.coupon_redeemed"],
    },
];

/// A fact about a member of a tenant.
pub(crate) struct Told {
    pub(crate) tenant: Tenant,
    pub(crate) member: MemberId,
    pub(crate) fact: Fact,
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
    async fn listen(&self, tx: &Tx, facts: &[Envelope]) -> Result<(), Fault> {
        let listening = Listening::read(tx, facts).await?;
        if listening.to_nothing() {
            return Ok(());
        }
        let mut told = listening.decode(facts)?;
        follow_redirects(tx, &mut told).await?;
        crate::fact::hear::hear(tx, &listening, &told, self.clock.now()).await?;
        crate::fact::enter::enter(self, tx, &listening, &told).await
    }
}

#[async_trait]
impl Consumer for Listener {
    fn name(&self) -> &'static str {
        self.stream.consumer
    }

    fn stream(&self) -> &'static str {
        self.stream.producer
    }

    fn types(&self) -> &'static [&'static str] {
        self.stream.types
    }

    async fn apply(&self, tx: &Tx, facts: &[Envelope]) -> Result<(), Fault> {
        // A merge concerns what came before it, and what comes after it concerns the survivor, until it is undone.
        for facts in facts.chunk_by(|one, next| Tells::of(one) == Tells::of(next)) {
            match facts.first().map(Tells::of) {
                Some(Tells::Merge) => {
                    let standing = crate::member::merge::unless_undone(tx, facts).await?;
                    let merges = standing
                        .into_iter()
                        .map(Merge::read)
                        .collect::<Result<Vec<Merge>, Fault>>()?;
                    merge(tx, &self.versions, &merges, self.clock.now()).await?;
                    merges::note(&**tx, &merges, self.clock.now().plus(LOOK_AFTER)).await?;
                }
                Some(Tells::Undo) => {
                    for fact in facts {
                        crate::member::undo::undo(tx, fact).await?;
                    }
                }
                Some(Tells::Other) | None => self.listen(tx, facts).await?,
            }
        }
        Ok(())
    }
}

/// What a fact tells of members.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tells {
    Merge,
    Undo,
    Other,
}

impl Tells {
    fn of(fact: &Envelope) -> Self {
        if fact.is::<MembersMerged>() {
            Self::Merge
        } else if fact.is::<MergeUndone>() {
            Self::Undo
        } else {
            Self::Other
        }
    }
}

/// What some journey of a tenant listens to, of the types that a batch has.
pub(crate) struct Listening {
    pub(crate) entrances: BTreeMap<(Tenant, FactKey), Vec<Entrance>>,
    pub(crate) awaited: BTreeSet<(Tenant, FactKey)>,
}

impl Listening {
    async fn read(tx: &Tx, facts: &[Envelope]) -> Result<Self, Fault> {
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
    fn decode(&self, facts: &[Envelope]) -> Result<Vec<Told>, Fault> {
        let keys = self.entrances.keys().chain(&self.awaited);
        let types: BTreeSet<(Tenant, FactType)> = keys.map(|(tenant, key)| (*tenant, key.kind)).collect();
        let mut told = Vec::new();
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
                told.push(Told {
                    tenant: envelope.tenant,
                    member,
                    fact,
                });
            }
        }
        Ok(told)
    }

    fn concerns(&self, tenant: Tenant, key: FactKey) -> bool {
        let key = (tenant, key);
        self.entrances.contains_key(&key) || self.awaited.contains(&key)
    }
}

/// Facts about a member that was merged are about the one that survived.
async fn follow_redirects(tx: &Tx, told: &mut [Told]) -> Result<(), Fault> {
    let members: Vec<(Tenant, uuid::Uuid)> = told.iter().map(|told| (told.tenant, told.member.uuid())).collect();
    let led = redirects::follow_many(&**tx, &members).await?;
    for told in told {
        if let Some(to) = led.get(&(told.tenant, told.member.uuid())) {
            told.member = MemberId::from_uuid(*to);
        }
    }
    Ok(())
}
