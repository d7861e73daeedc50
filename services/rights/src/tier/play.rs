//! Changes of members, many at a time: load the members, decide, write.

use std::collections::{BTreeMap, BTreeSet};

use fault::Fault;
use kernel::{Clock, Exact, Tenant};
use lineage::{Redirects, Undo};
use store::Tx;

use super::roster::{Change, Event, Outcome, Roster};
use super::{changes, facts, rows};
use crate::coupon::allowances;
use crate::member::{Member, MemberKey, absorptions};
use crate::{coupon, member};

/// Applies changes in their order and writes the outcome: growth values, tiers with their history and facts, and for merges
/// everything that members hold.
pub(crate) async fn play(tx: &Tx, clock: &Clock, events: Vec<Event>) -> Result<(), Fault> {
    let named: BTreeSet<MemberKey> = events.iter().flat_map(Event::members).collect();
    let redirects = Redirects::of(&**tx, named.iter().copied()).await?;
    let follow = |(tenant, member): MemberKey| (tenant, redirects.follow(tenant, member));
    let living: BTreeSet<MemberKey> = named.into_iter().map(follow).collect();
    let tenants: BTreeSet<Tenant> = living.iter().map(|(tenant, _)| *tenant).collect();

    member::rows::lock(tx, &living).await?;
    absorptions::grow(tx, &late(&events, &redirects)).await?;
    let ladders = rows::of_tenants(&**tx, &tenants.into_iter().collect::<Vec<_>>()).await?;
    let mut roster = Roster::new(ladders, member::rows::standings(&**tx, &living).await?);
    for event in events {
        roster.play(&event.redirected(follow));
    }
    write(tx, clock, &roster.finish()).await
}

/// Undoes a merge: the restored member gets back what came with it. Told again, it does nothing.
pub(crate) async fn undo(tx: &Tx, clock: &Clock, undo: &Undo<Member>) -> Result<(), Fault> {
    let merge_time = undo
        .merge_time
        .ok_or_else(|| Fault::internal("an undone merge without its time"))?;
    if !undo.end(&**tx).await? {
        return Ok(());
    }
    let [restored, survivor] = [undo.restored, undo.survivor].map(|member| (undo.tenant, member));
    let both = BTreeSet::from([restored, survivor]);
    member::rows::lock(tx, &both).await?;
    let absorption = absorptions::take(tx, restored, survivor).await?;
    let still_brought = absorptions::tiers_brought_to(tx, survivor).await?;
    let ladders = rows::of_tenants(&**tx, &[undo.tenant]).await?;
    let mut roster = Roster::new(ladders, member::rows::standings(&**tx, &both).await?);
    roster.part(&absorption, &still_brought, undo.occur_time);
    absorptions::give_back(tx, undo, merge_time).await?;
    write(tx, clock, &roster.finish()).await
}

/// The growth of members that was told after they were absorbed.
fn late(events: &[Event], redirects: &Redirects<Member>) -> BTreeMap<(MemberKey, String), i64> {
    let mut late: BTreeMap<(MemberKey, String), i64> = BTreeMap::new();
    for event in events {
        if let Change::Growth {
            member: member @ (tenant, id),
            asset_code,
            amount,
        } = &event.change
            && redirects.is_absorbed(*tenant, *id)
        {
            let sum = late.entry((*member, asset_code.clone())).or_default();
            *sum = sum.exact_add(*amount);
        }
    }
    late
}

async fn write(tx: &Tx, clock: &Clock, outcome: &Outcome) -> Result<(), Fault> {
    member::rows::save(tx, outcome).await?;
    changes::insert(tx, &outcome.tier_changes, || clock.uuid()).await?;
    changes::move_members(tx, &outcome.merges).await?;
    allowances::move_members(tx, &outcome.merges).await?;
    coupon::rows::move_members(tx, &outcome.merges).await?;
    absorptions::save(tx, &outcome.absorptions).await?;
    member::rows::absorb(tx, &outcome.merges).await?;
    tx.emit_all(clock, outcome.tier_changes.iter().map(facts::tier_changed).collect())
        .await
}
