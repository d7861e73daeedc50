//! The way of a [`Graph`] out of the database and back.
//!
//! Every change of a member, its identities included, happens under the lock of the member's row; a
//! request that finds other rows under the lock than those that led to them has lost a race, and runs again.

use std::collections::HashMap;

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
use crate::{channel, profile};

/// The members to whom keys lead, and the members of ids, locked and whole. The ids have been followed.
pub(crate) async fn open(
    tx: &Tx,
    tenant: Tenant,
    channels: Channels,
    keys: &[Key],
    ids: &[MemberId],
) -> Result<Graph, Fault> {
    let holders = identity::rows::holders(&**tx, tenant, keys).await?;
    let wanted: Vec<MemberId> = holders.values().chain(ids).copied().collect();
    let members = profile::rows::lock(&**tx, tenant, &wanted).await?;
    let apart = apart::rows::among(&**tx, tenant, &members).await?;
    let mut graph = graph(channels, members, &holders)?;
    graph.learn_apart(apart);
    Ok(graph)
}

/// The members to whom keys lead, as they are now: to decide without an effect.
pub(crate) async fn look(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    channels: Channels,
    keys: &[Key],
) -> Result<Graph, Fault> {
    let holders = identity::rows::holders(conn, tenant, keys).await?;
    let wanted: Vec<MemberId> = holders.values().copied().collect();
    let members = profile::rows::read(conn, tenant, &wanted).await?;
    let apart = apart::rows::among(conn, tenant, &members).await?;
    let mut graph = graph(channels, members, &holders)?;
    graph.learn_apart(apart);
    Ok(graph)
}

/// The graph, unless a key leads elsewhere by now.
fn graph(channels: Channels, members: Vec<Member>, holders: &HashMap<Key, MemberId>) -> Result<Graph, Fault> {
    let graph = Graph::new(channels, members);
    let is_stale = |(key, id): (&Key, &MemberId)| graph.holder(key).map(|holder| holder.id) != Some(*id);
    if holders.iter().any(is_stale) {
        Err(Fault::Contended)
    } else {
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
    let graph = open(
        tx,
        tenant,
        channels,
        key.map(std::slice::from_ref).unwrap_or_default(),
        &[survivor],
    )
    .await?;
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
        let known = !profile::rows::lock_with_absorbed(&**tx, tenant, &[id])
            .await?
            .is_empty();
        return Ok(Err(if known { NoMerge::NotAbsorbed } else { NoMerge::Unknown }));
    };
    let mut locked = profile::rows::lock_with_absorbed(&**tx, tenant, &[id, survivor]).await?;
    // Merged or undone while this waited for the lock.
    let Some(merge) = merge::rows::of_absorbed(tx, tenant, id)
        .await?
        .filter(|merge| merge.survivor == survivor)
    else {
        return Err(Fault::Contended);
    };
    let absorbed = locked.extract_if(.., |(member, _)| member.id == id).next();
    let (Some((absorbed, _)), Some((member, is_absorbed))) = (absorbed, locked.pop()) else {
        return Err(Fault::internal("a merge of members that are not there"));
    };
    if is_absorbed {
        return Ok(Err(NoMerge::SurvivorAbsorbed(survivor)));
    }
    let channels = channel::rows::all(&**tx, tenant).await?;
    Ok(Ok(OpenMerge {
        graph: graph(channels, vec![member], &HashMap::new())?,
        later: merge::rows::into_survivor_since(tx, tenant, &merge).await?,
        led: merge::rows::led(&**tx, tenant, id).await?,
        merge,
        absorbed,
    }))
}

/// Writes the changes, and tells their facts.
pub(crate) async fn save(tx: &Tx, clock: &Clock, tenant: Tenant, actor: &str, graph: &Graph) -> Result<(), Fault> {
    let changes = graph.changes();
    profile::rows::write(&**tx, tenant, &changes.members).await?;
    identity::rows::delete(&**tx, tenant, &changes.removed).await?;
    identity::rows::insert(&**tx, tenant, &changes.added).await?;
    for event in changes.events {
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
    }
    tx.emit_all(clock, facts::drafts(tenant, changes.events)).await
}

/// The member of an id, or the survivor of the one it was; none where the tenant knows no such id.
pub(crate) async fn member(conn: &impl ConnectionTrait, tenant: Tenant, id: MemberId) -> Result<Option<Member>, Fault> {
    let id = follow(conn, tenant, id).await?;
    Ok(profile::rows::read(conn, tenant, &[id]).await?.pop())
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

/// The ids of members as a list of values, with its parameters from `$2` on: `$1` is the tenant's.
pub(crate) fn member_list(conn: &impl ConnectionTrait, ids: &[MemberId]) -> (String, Vec<Value>) {
    let rows = ids.iter().map(|id| vec![id.uuid().into()]).collect();
    store::values(conn.get_database_backend(), 2, &[Column::Uuid], rows)
}
