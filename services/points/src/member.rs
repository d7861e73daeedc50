//! What the ledger does about the facts of the other services.

mod merge;
pub(crate) mod owners;
mod pools;
pub(crate) mod returns;
mod undo;

pub(crate) use crate::earning::activities::EarnByRules;
pub(crate) use crate::earning::tiers::KeepTiers;
pub(crate) use merge::MoveOnMerge;
pub(crate) use undo::return_waiting;

use std::collections::{BTreeSet, HashMap};

use fault::Fault;
use kernel::Tenant;
use store::{Tx, redirects};
use uuid::Uuid;

use crate::domain::MemberId;

/// Where members of one batch of facts lead: to themselves, unless they were merged.
pub(crate) struct Redirects(HashMap<(Tenant, Uuid), Uuid>);

impl Redirects {
    pub(crate) async fn of(tx: &Tx, members: &BTreeSet<(Tenant, MemberId)>) -> Result<Self, Fault> {
        let ids: Vec<(Tenant, Uuid)> = members
            .iter()
            .map(|(tenant, member)| (*tenant, member.uuid()))
            .collect();
        Ok(Self(redirects::follow_many(&**tx, &ids).await?))
    }

    pub(crate) fn follow(&self, tenant: Tenant, member: MemberId) -> MemberId {
        self.0
            .get(&(tenant, member.uuid()))
            .map_or(member, |to| MemberId::from_uuid(*to))
    }

    /// From now on `from` leads to `to`, and so does whatever led to `from`.
    fn add(&mut self, tenant: Tenant, from: MemberId, to: MemberId) {
        for ((of, _), target) in &mut self.0 {
            if *of == tenant && *target == from.uuid() {
                *target = to.uuid();
            }
        }
        self.0.insert((tenant, from.uuid()), to.uuid());
    }
}
