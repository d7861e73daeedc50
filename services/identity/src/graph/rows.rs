//! The way of a [`Graph`] out of the database and back.
//!
//! Every change of a member, its identities included, happens under the lock of the member's row; a
//! request that finds other rows under the lock than those that led to them has lost a race, and runs again.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use fault::Fault;
use kernel::{Clock, Tenant};
use sea_orm::{ConnectionTrait, Value};
use store::{Column, Tx, redirects};
use uuid::Uuid;

use super::Graph;
use super::key::Key;
use super::member::{Member, MemberId};
use super::{Event, PastMerge};
use super::{apart, facts, identity, merge};
use crate::channel::Channels;
use crate::profile::rows::MemberRow;
use crate::{channel, profile};

/// What one decision looks at.
pub(crate) struct Wanted {
    pub(crate) tenant: Tenant,
    pub(crate) channels: Arc<Channels>,
    /// Every key whose holder matters.
    pub(crate) keys: Vec<Key>,
    /// The members who matter whoever holds the keys. Their ids have been followed.
    pub(crate) ids: Vec<MemberId>,
}

/// The members to whom keys lead, and the members of ids, locked and whole.
pub(crate) async fn open(tx: &Tx, wanted: Wanted) -> Result<Graph, Fault> {
    let mut graphs = open_all(tx, vec![wanted]).await?;
    graphs.pop().ok_or_else(|| Fault::internal("a graph was not read"))
}

/// The same for many tenants, whose members are locked in one order.
pub(crate) async fn open_all(tx: &Tx, wanted: Vec<Wanted>) -> Result<Vec<Graph>, Fault> {
    let holders = holders(&**tx, &wanted).await?;
    let named = named(&wanted, &holders);
    let members = profile::rows::lock_with_absorbed(&**tx, named.iter().flatten().copied()).await?;
    let seen = Seen::new(&**tx, holders, &named, members).await?;
    wanted.into_iter().map(|wanted| seen.graph(wanted)).collect()
}

/// The members to whom keys lead, as they are now, for many decisions without an effect. One whose keys lead elsewhere by
/// now has lost a race, alone.
pub(crate) async fn look(conn: &impl ConnectionTrait, wanted: Vec<Wanted>) -> Result<Vec<Result<Graph, Fault>>, Fault> {
    let holders = holders(conn, &wanted).await?;
    let named = named(&wanted, &holders);
    let members = profile::rows::with_absorbed(conn, named.iter().flatten().copied()).await?;
    let seen = Seen::new(conn, holders, &named, members).await?;
    Ok(wanted.into_iter().map(|wanted| seen.graph(wanted)).collect())
}

type Holders = HashMap<(Tenant, Key), MemberId>;

async fn holders(conn: &impl ConnectionTrait, wanted: &[Wanted]) -> Result<Holders, Fault> {
    // Calls that share a statement may name one key.
    let mut keys: BTreeSet<(Tenant, &Key)> = BTreeSet::new();
    for wanted in wanted {
        keys.extend(wanted.keys.iter().map(|key| (wanted.tenant, key)));
    }
    let keys: Vec<(Tenant, &Key)> = keys.into_iter().collect();
    identity::rows::holders(conn, &keys).await
}

/// The members that each decision looks at.
fn named(wanted: &[Wanted], holders: &Holders) -> Vec<BTreeSet<(Tenant, MemberId)>> {
    wanted.iter().map(|wanted| named_by(wanted, holders)).collect()
}

fn named_by(wanted: &Wanted, holders: &Holders) -> BTreeSet<(Tenant, MemberId)> {
    let held = wanted
        .keys
        .iter()
        .filter_map(|key| holders.get(&(wanted.tenant, key.clone())));
    held.chain(&wanted.ids).map(|id| (wanted.tenant, *id)).collect()
}

/// What many decisions look at, of any tenants: each takes from it what it asked for, and nothing else.
struct Seen {
    holders: Holders,
    /// With whether they are absorbed.
    members: HashMap<(Tenant, MemberId), (Member, bool)>,
    apart: Vec<(Tenant, MemberId, MemberId)>,
}

impl Seen {
    async fn new(
        conn: &impl ConnectionTrait,
        holders: Holders,
        named: &[BTreeSet<(Tenant, MemberId)>],
        members: Vec<MemberRow>,
    ) -> Result<Self, Fault> {
        // Most decisions look at one member, who is apart from nobody else among them.
        let several = named.iter().filter(|named| named.len() > 1).flatten();
        let several: BTreeSet<(Tenant, MemberId)> = several.copied().collect();
        let several: Vec<(Tenant, MemberId)> = several.into_iter().collect();
        Ok(Self {
            holders,
            members: members.into_iter().collect(),
            apart: apart::rows::of_members(conn, &several).await?,
        })
    }

    /// The graph of one decision, unless a key leads elsewhere by now, or a member was absorbed.
    fn graph(&self, wanted: Wanted) -> Result<Graph, Fault> {
        let named = named_by(&wanted, &self.holders);
        let Wanted {
            tenant, channels, keys, ..
        } = wanted;
        let mut members = Vec::with_capacity(named.len());
        for (member, is_absorbed) in named.iter().filter_map(|id| self.members.get(id)) {
            if *is_absorbed {
                return Err(Fault::Contended);
            }
            members.push(member.clone());
        }
        let mut graph = Graph::new(channels, members);
        for key in keys {
            let held_by = graph.holder(&key).map(|holder| holder.id);
            let id = (tenant, key);
            if let Some(holder) = self.holders.get(&id)
                && held_by != Some(*holder)
            {
                return Err(Fault::Contended);
            }
        }
        let is_named = |id: MemberId| named.contains(&(tenant, id));
        let pairs = self.apart.iter().filter(|(of, ..)| *of == tenant);
        let pairs = pairs.filter(|(_, one, other)| is_named(*one) && is_named(*other));
        graph.learn_apart(pairs.map(|(_, one, other)| (*one, *other)));
        Ok(graph)
    }
}

/// The graph of one member and the holder of `key`. Refuses where the tenant has no such member.
pub(crate) async fn open_member(
    tx: &Tx,
    tenant: Tenant,
    id: MemberId,
    key: Option<&Key>,
) -> Result<(Graph, Member), Fault> {
    let channels = channel::rows::all(&**tx, tenant).await?;
    let survivor = follow(&**tx, tenant, id).await?;
    let wanted = Wanted {
        tenant,
        channels,
        keys: key.cloned().into_iter().collect(),
        ids: vec![survivor],
    };
    let graph = open(tx, wanted).await?;
    let member = graph
        .member(survivor)
        .cloned()
        .ok_or_else(|| Fault::not_found("member", id))?;
    Ok((graph, member))
}

/// A merge that is to be undone, with everything that the decision needs, locked.
pub(crate) struct OpenMerge {
    /// The survivor.
    pub(crate) graph: Graph,
    pub(crate) merge: PastMerge,
    pub(crate) absorbed: Member,
    /// The merges into the survivor since.
    pub(crate) later: Vec<PastMerge>,
    /// The members that led to the absorbed one before.
    pub(crate) led: Vec<MemberId>,
}

/// Why there is no merge to undo.
pub(crate) enum NoMerge {
    Unknown,
    NotAbsorbed,
    /// The survivor is absorbed itself.
    SurvivorAbsorbed(MemberId),
}

/// The merge by which a member was absorbed.
pub(crate) async fn open_merge(tx: &Tx, tenant: Tenant, id: MemberId) -> Result<Result<OpenMerge, NoMerge>, Fault> {
    let Some(survivor) = merge::rows::absorbed_by(&**tx, tenant, id).await? else {
        let known = !profile::rows::lock_with_absorbed(&**tx, [(tenant, id)])
            .await?
            .is_empty();
        return Ok(Err(if known { NoMerge::NotAbsorbed } else { NoMerge::Unknown }));
    };
    let both = [(tenant, id), (tenant, survivor)];
    let mut locked: HashMap<_, _> = profile::rows::lock_with_absorbed(&**tx, both)
        .await?
        .into_iter()
        .collect();
    // Merged or undone while this waited for the lock.
    let Some(merge) = merge::rows::of_absorbed(tx, tenant, id)
        .await?
        .filter(|merge| merge.survivor == survivor)
    else {
        return Err(Fault::Contended);
    };
    let [absorbed, member] = both.map(|id| locked.remove(&id));
    let (Some((absorbed, _)), Some((member, is_absorbed))) = (absorbed, member) else {
        return Err(Fault::internal("a merge of members that are not there"));
    };
    if is_absorbed {
        return Ok(Err(NoMerge::SurvivorAbsorbed(survivor)));
    }
    let channels = channel::rows::all(&**tx, tenant).await?;
    Ok(Ok(OpenMerge {
        graph: Graph::new(channels, vec![member]),
        later: merge::rows::into_survivor_since(tx, tenant, &merge).await?,
        led: merge::rows::led(&**tx, tenant, id).await?,
        merge,
        absorbed,
    }))
}

/// What has become of one tenant's members, by one request or by many that were decided one after the other.
pub(crate) struct Decided<'g> {
    pub(crate) tenant: Tenant,
    pub(crate) graph: &'g Graph,
    /// Who caused each event.
    pub(crate) causes: Vec<Cause<'g>>,
}

/// Who caused an event, and in which trace; none for that of the transaction itself.
#[derive(Clone, Copy)]
pub(crate) struct Cause<'c> {
    pub(crate) actor: &'c str,
    pub(crate) traceparent: Option<&'c str>,
}

/// Writes the changes that one caller has caused, and tells their facts.
pub(crate) async fn save(tx: &Tx, clock: &Clock, tenant: Tenant, actor: &str, graph: &Graph) -> Result<(), Fault> {
    let cause = Cause {
        actor,
        traceparent: None,
    };
    let decided = Decided {
        tenant,
        graph,
        causes: vec![cause; graph.events.len()],
    };
    save_all(tx, clock, &[decided]).await
}

/// Writes the changes of many tenants, and tells their facts.
pub(crate) async fn save_all(tx: &Tx, clock: &Clock, decided: &[Decided<'_>]) -> Result<(), Fault> {
    let (mut members, mut removed, mut added) = (Vec::new(), Vec::new(), Vec::new());
    for &Decided { tenant, graph, .. } in decided {
        let changes = graph.changes();
        let changed = changes.members.into_iter();
        members.extend(changed.map(|(member, absorbed_by)| (tenant, member, absorbed_by)));
        removed.extend(changes.removed.into_iter().map(|(member, edge)| (tenant, member, edge)));
        added.extend(changes.added.into_iter().map(|(member, edge)| (tenant, member, edge)));
    }
    profile::rows::write(&**tx, &members).await?;
    identity::rows::delete(&**tx, &removed).await?;
    identity::rows::insert(&**tx, &added).await?;
    let mut drafts = Vec::new();
    for Decided { tenant, graph, causes } in decided {
        assert!(causes.len() == graph.events.len(), "an event that nobody caused");
        for (event, cause) in graph.events.iter().zip(causes) {
            save_event(tx, *tenant, cause.actor, event).await?;
            drafts.push(facts::draft(*tenant, event).within(cause.traceparent.map(ToOwned::to_owned)));
        }
    }
    tx.emit_all(clock, drafts).await
}

/// What is kept of an event beside the members as they are after it.
async fn save_event(tx: &Tx, tenant: Tenant, actor: &str, event: &Event) -> Result<(), Fault> {
    match event {
        Event::Registered(_) | Event::Updated(_) => {}
        Event::Merged(merge) => {
            merge::rows::remember(tx, tenant, actor, merge).await?;
            apart::rows::inherit(tx, tenant, merge).await?;
            redirects::add(&**tx, tenant, merge.absorbed.uuid(), merge.survivor.id.uuid()).await?;
        }
        Event::Undone(undo) => {
            merge::rows::undo(tx, tenant, actor, undo).await?;
            apart::rows::part(tx, tenant, undo).await?;
            let led: Vec<Uuid> = undo.led.iter().map(|id| id.uuid()).collect();
            redirects::end(&**tx, tenant, undo.merge.uuid(), undo.restored.id.uuid(), &led).await?;
        }
    }
    Ok(())
}

/// Where an id leads: to itself, unless its member was absorbed.
pub(crate) async fn follow(conn: &impl ConnectionTrait, tenant: Tenant, id: MemberId) -> Result<MemberId, Fault> {
    Ok(MemberId::from_uuid(redirects::follow(conn, tenant, id.uuid()).await?))
}

/// Where ids lead, in their order.
pub(crate) async fn follow_many(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    ids: &[MemberId],
) -> Result<Vec<MemberId>, Fault> {
    let uuids: Vec<(Tenant, Uuid)> = ids.iter().map(|id| (tenant, id.uuid())).collect();
    let redirects = redirects::follow_many(conn, &uuids).await?;
    let survivor = |id: &(Tenant, Uuid)| MemberId::from_uuid(redirects.get(id).copied().unwrap_or(id.1));
    Ok(uuids.iter().map(survivor).collect())
}

/// The members of ids, or the survivors of those they were, in the order of the ids; none where the tenant knows no such
/// id. One who is absorbed meanwhile is a lost race, alone.
pub(crate) async fn members(
    conn: &impl ConnectionTrait,
    ids: &[(Tenant, MemberId)],
) -> Result<Vec<Result<Option<Member>, Fault>>, Fault> {
    let named: BTreeSet<(Tenant, Uuid)> = ids.iter().map(|(tenant, id)| (*tenant, id.uuid())).collect();
    let named: Vec<(Tenant, Uuid)> = named.into_iter().collect();
    let led = redirects::follow_many(conn, &named).await?;
    let survivor = |(tenant, id): &(Tenant, MemberId)| {
        let led = led.get(&(*tenant, id.uuid()));
        (*tenant, led.map_or(*id, |to| MemberId::from_uuid(*to)))
    };
    let found = profile::rows::with_absorbed(conn, ids.iter().map(survivor)).await?;
    let found: HashMap<(Tenant, MemberId), (Member, bool)> = found.into_iter().collect();
    let member = |id| match found.get(&survivor(id)) {
        Some((_, true)) => Err(Fault::Contended),
        Some((member, false)) => Ok(Some(member.clone())),
        None => Ok(None),
    };
    Ok(ids.iter().map(member).collect())
}

/// The rows of the members of a list.
pub(crate) const OF_MEMBER: &str = "t.tenant_id = k.column1 AND t.member_id = k.column2";

/// Members of tenants as a list of values, with its parameters, of which the first is `$1`.
pub(crate) fn member_list(conn: &impl ConnectionTrait, ids: &[(Tenant, MemberId)]) -> (String, Vec<Value>) {
    let rows = ids
        .iter()
        .map(|(tenant, id)| vec![tenant.uuid().into(), id.uuid().into()]);
    store::values(conn.get_database_backend(), 1, &[Column::Uuid; 2], rows.collect())
}
