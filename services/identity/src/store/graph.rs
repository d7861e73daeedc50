//! The way of a [`Graph`] out of the database and back.
//!
//! Every change of a member, its identities included, happens under the lock of the member's row; whoever finds that the
//! rows are no longer what led to them has lost a race, and runs again.

use std::collections::HashMap;

use fault::Fault;
use kernel::{Clock, Tenant};
use sea_orm::{ConnectionTrait, Value};
use store::{Tx, redirects};
use uuid::Uuid;

use super::{channels, identities, members};
use crate::domain::graph::{Happening, Merge};
use crate::domain::{Channels, Graph, Key, Member, MemberId};
use crate::events;

/// The members to whom keys lead, and the members of ids, locked and whole. The ids have been followed.
pub(crate) async fn open(
    tx: &Tx,
    tenant: Tenant,
    channels: Channels,
    keys: &[Key],
    ids: &[MemberId],
) -> Result<Graph, Fault> {
    let holders = identities::holders(&**tx, tenant, keys).await?;
    let wanted: Vec<MemberId> = holders.values().chain(ids).copied().collect();
    let members = members::lock(&**tx, tenant, &wanted).await?;
    graph(channels, members, &holders)
}

/// The members to whom keys lead, as they are now: to see what would be decided, not to change it.
pub(crate) async fn look(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    channels: Channels,
    keys: &[Key],
) -> Result<Graph, Fault> {
    let holders = identities::holders(conn, tenant, keys).await?;
    let wanted: Vec<MemberId> = holders.values().copied().collect();
    let members = members::read(conn, tenant, &wanted).await?;
    graph(channels, members, &holders)
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

/// The graph of one member, and of whoever holds `key`; refuses where the tenant has no such member.
pub(crate) async fn open_member(
    tx: &Tx,
    tenant: Tenant,
    id: MemberId,
    key: Option<&Key>,
) -> Result<(Graph, Member), Fault> {
    let channels = channels::all(&**tx, tenant).await?;
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

/// Writes what has changed, and tells of it.
pub(crate) async fn save(tx: &Tx, clock: &Clock, tenant: Tenant, actor: &str, graph: &Graph) -> Result<(), Fault> {
    let changes = graph.changes();
    members::write(&**tx, tenant, &changes.members).await?;
    identities::delete(&**tx, tenant, &changes.removed).await?;
    identities::insert(&**tx, tenant, &changes.added).await?;
    for happening in changes.happenings {
        match happening {
            Happening::Registered(_) | Happening::Updated(_) => {}
            Happening::Merged(merge) => remember(tx, tenant, actor, merge).await?,
        }
    }
    tx.emit_all(clock, events::drafts(tenant, changes.happenings)).await
}

/// The member of an id, or the survivor of the one it was; none where the tenant knows no such id.
pub(crate) async fn member(conn: &impl ConnectionTrait, tenant: Tenant, id: MemberId) -> Result<Option<Member>, Fault> {
    let id = follow(conn, tenant, id).await?;
    Ok(members::read(conn, tenant, &[id]).await?.pop())
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

async fn remember(tx: &Tx, tenant: Tenant, actor: &str, merge: &Merge) -> Result<(), Fault> {
    const HEAD: &str = "INSERT INTO member_merge \
         (tenant_id, absorbed_id, survivor_id, moved_identity_ids, actor, comment, merge_time)";
    let moved: Vec<String> = merge.moved.iter().map(ToString::to_string).collect();
    let row: Vec<Value> = vec![
        tenant.uuid().into(),
        merge.absorbed.uuid().into(),
        merge.survivor.id.uuid().into(),
        moved.join(" ").into(),
        actor.into(),
        merge.comment.clone().into(),
        merge.time.micros().into(),
    ];
    store::insert_rows(&**tx, HEAD, vec![row], "").await?;
    redirects::add(&**tx, tenant, merge.absorbed.uuid(), merge.survivor.id.uuid()).await
}
