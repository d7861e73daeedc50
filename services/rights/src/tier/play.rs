//! Playing facts on the members' tiers, many at a time: load, decide, write.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contracts::rights::v1::TierChanged;
use fault::Fault;
use kernel::{Clock, Exact, Tenant, Time};
use store::{Draft, Tx, redirects};
use uuid::Uuid;

use super::roster::{Happening, Outcome, Roster, TierChange, What};
use super::{changes, rows};
use crate::coupon::allowances;
use crate::member::absorptions;
use crate::member::{MemberId, MemberKey};
use crate::{coupon, member};

/// Plays what happened, in order, and writes what came of it: growth values, tiers with their history and facts, and
/// for merges everything that members hold.
pub(crate) async fn play(tx: &Tx, clock: &Clock, happenings: Vec<Happening>) -> Result<(), Fault> {
    let named: BTreeSet<MemberKey> = happenings.iter().flat_map(Happening::members).collect();
    let led = member::rows::follow_many(&**tx, &named).await?;
    let follow = |member: MemberKey| led.get(&member).copied().unwrap_or(member);
    let living: BTreeSet<MemberKey> = named.into_iter().map(follow).collect();
    let tenants: BTreeSet<Tenant> = living.iter().map(|(tenant, _)| *tenant).collect();

    member::rows::lock(tx, &living).await?;
    absorptions::grow(tx, &late(&happenings, &led)).await?;
    let ladders = rows::of_tenants(&**tx, &tenants.into_iter().collect::<Vec<_>>()).await?;
    let mut roster = Roster::new(ladders, member::rows::standings(&**tx, &living).await?);
    for happening in happenings {
        roster.play(&happening.redirected(follow));
    }
    write(tx, clock, &roster.finish()).await
}

/// A merge that was undone.
pub(crate) struct Undo {
    pub(crate) tenant: Tenant,
    /// The merge's id.
    pub(crate) merge: Uuid,
    pub(crate) restored: MemberId,
    pub(crate) survivor: MemberId,
    /// Who leads to the restored member again.
    pub(crate) led: Vec<MemberId>,
    pub(crate) merge_time: Time,
    pub(crate) time: Time,
}

/// Undoes a merge: what came with the restored member goes back. Told again, it does nothing.
pub(crate) async fn undo(tx: &Tx, clock: &Clock, undo: &Undo) -> Result<(), Fault> {
    let led: Vec<Uuid> = undo.led.iter().map(|member| member.uuid()).collect();
    if !redirects::end(&**tx, undo.tenant, undo.merge, undo.restored.uuid(), &led).await? {
        return Ok(());
    }
    let [restored, survivor] = [undo.restored, undo.survivor].map(|member| (undo.tenant, member));
    let both = BTreeSet::from([restored, survivor]);
    member::rows::lock(tx, &both).await?;
    let absorption = absorptions::take(tx, restored, survivor).await?;
    let still_brought = absorptions::tiers_brought_to(tx, survivor).await?;
    let ladders = rows::of_tenants(&**tx, &[undo.tenant]).await?;
    let mut roster = Roster::new(ladders, member::rows::standings(&**tx, &both).await?);
    roster.part(&absorption, &still_brought, undo.time);
    absorptions::give_back(
        tx,
        undo.tenant,
        [undo.restored, undo.survivor],
        &undo.led,
        undo.merge_time,
    )
    .await?;
    write(tx, clock, &roster.finish()).await
}

/// What has grown of members who were absorbed before it was told.
fn late(happenings: &[Happening], redirects: &HashMap<MemberKey, MemberKey>) -> BTreeMap<(MemberKey, String), i64> {
    let mut late: BTreeMap<(MemberKey, String), i64> = BTreeMap::new();
    for happening in happenings {
        if let What::Grown {
            member,
            asset_code,
            amount,
        } = &happening.what
            && redirects.contains_key(member)
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
    tx.emit_all(clock, outcome.tier_changes.iter().map(fact).collect())
        .await
}

fn fact(change: &TierChange) -> Draft {
    let (tenant, member) = change.member;
    let fact = TierChanged {
        member_id: member.to_string(),
        from_tier_code: change.from.clone().unwrap_or_default(),
        to_tier_code: change.to.clone(),
        growth_value: change.growth_value,
        change_time: Some(change.time.to_wire()),
    };
    Draft::new(tenant, member.to_string(), &fact)
}
