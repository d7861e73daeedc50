//! Playing facts on the members' tiers, many at a time: load, decide, write.

use std::collections::BTreeSet;

use contracts::rights::v1::TierChanged;
use fault::Fault;
use kernel::{Clock, Tenant};
use store::{Draft, Tx};

use crate::domain::member::MemberKey;
use crate::domain::roster::{Happening, Outcome, Roster, TierChange};
use crate::store::{allowances, coupons, members, tier_changes, tier_ladders};

/// Plays what happened, in order, and writes what came of it: growth values, tiers with their history and facts, and
/// for merges everything that members hold.
pub(crate) async fn play(tx: &Tx, clock: &Clock, happenings: Vec<Happening>) -> Result<(), Fault> {
    let named: BTreeSet<MemberKey> = happenings.iter().flat_map(Happening::members).collect();
    let redirects = members::follow_many(&**tx, &named).await?;
    let follow = |member: MemberKey| redirects.get(&member).copied().unwrap_or(member);
    let living: BTreeSet<MemberKey> = named.into_iter().map(follow).collect();
    let tenants: BTreeSet<Tenant> = living.iter().map(|(tenant, _)| *tenant).collect();

    members::lock(tx, &living).await?;
    let ladders = tier_ladders::of_tenants(&**tx, &tenants.into_iter().collect::<Vec<_>>()).await?;
    let mut roster = Roster::new(ladders, members::standings(&**tx, &living).await?);
    for happening in happenings {
        roster.play(&happening.redirected(follow));
    }
    write(tx, clock, &roster.finish()).await
}

async fn write(tx: &Tx, clock: &Clock, outcome: &Outcome) -> Result<(), Fault> {
    members::save(tx, outcome).await?;
    tier_changes::insert(tx, &outcome.tier_changes, || clock.uuid()).await?;
    tier_changes::move_members(tx, &outcome.merges).await?;
    allowances::move_members(tx, &outcome.merges).await?;
    coupons::move_members(tx, &outcome.merges).await?;
    members::absorb(tx, &outcome.merges).await?;
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
