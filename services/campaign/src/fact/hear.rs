use std::collections::BTreeSet;

use fault::Fault;
use kernel::{Tenant, Time};
use store::Tx;

use super::consumers::{Listening, MemberFact};
use super::heard;
use super::heard::Heard;
use super::{Fact, FactKey};
use crate::run;
use crate::run::row::RunRow;
use crate::run::{MemberId, RunId};

/// Keeps the facts that some version waits for, and wakes the runs that wait for them now.
///
/// A fact is kept whether or not a run of its member waits: the run may be on its way to its wait, or may not have begun,
/// for facts of several services arrive in any order.
pub(crate) async fn hear(tx: &Tx, listening: &Listening, facts: &[MemberFact], now: Time) -> Result<(), Fault> {
    let mut heard = Heard::new();
    for about in facts {
        if about
            .fact
            .keys()
            .into_iter()
            .any(|key| listening.awaited.contains(&(about.tenant, key)))
        {
            heard
                .entry((about.tenant, about.member))
                .or_default()
                .push(about.fact.clone());
        }
    }
    if heard.is_empty() {
        return Ok(());
    }
    let members: BTreeSet<(Tenant, MemberId)> = heard.keys().copied().collect();
    // The runs are locked before the facts are written: a runner that is about to let one of them wait either sees the
    // facts, or has let it wait before we look.
    let active = run::rows::lock_active(&**tx, &members).await?;
    heard::insert(&**tx, &heard).await?;
    let woken: Vec<(Tenant, RunId)> = active
        .iter()
        .filter(|row| {
            heard
                .get(&(row.tenant, row.member))
                .is_some_and(|facts| waits_for(row, facts))
        })
        .map(|row| (row.tenant, row.run_id))
        .collect();
    run::rows::wake(&**tx, &woken, now).await
}

/// Whether the run waits for one of the facts, and no runner has it in hand.
fn waits_for(row: &RunRow, facts: &[Fact]) -> bool {
    let Some(key) = FactKey::parse(&row.awaited_key) else {
        return false;
    };
    row.lease_id.is_none() && facts.iter().any(|fact| key.covers(fact))
}
