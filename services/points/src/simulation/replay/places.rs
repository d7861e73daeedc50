//! Who has a place in a pool, and what that allows.

use std::collections::BTreeSet;

use super::super::ask::{Ask, Change};
use super::super::brand::FAMILY;
use super::super::pools::POOLS;
use super::Replay;

impl Replay {
    /// Who has joined a pool.
    pub(crate) fn joined(&self, pool: usize) -> BTreeSet<usize> {
        let others = self.places[pool].iter().filter(|(_, joined)| **joined);
        let mut members = POOLS[pool].of_family(&self.family.leads);
        members.extend(others.map(|(member, _)| *member));
        members
    }

    /// Whether a member has a place in a pool, or is invited to one.
    pub(crate) fn has_place(&self, pool: usize, member: usize) -> bool {
        self.places[pool].contains_key(&member) || self.joined(pool).contains(&member)
    }

    /// Whether a member may spend of a pool.
    pub(crate) fn may_spend(&self, pool: usize, member: usize) -> bool {
        let owner = POOLS[pool].owner(&self.family.leads);
        self.joined(pool).contains(&member) && (!POOLS[pool].owner_alone || owner == member)
    }

    /// A fact tells that a place is another one; of the family's only those are told with which a pool was founded.
    pub(super) fn change_place(&mut self, pool: usize, member: usize, change: Change) {
        let places = &mut self.places[pool];
        let is_asked = |ask: &Ask| matches!(ask, Ask::Place { pool: of, member: who, change: what } if (*of, *who, *what) == (pool, member, change));
        let is_founding = POOLS[pool].members.contains(&member) && change != Change::Leave;
        let asked = self.ops.values().any(|op| is_asked(&op.ask));
        assert!(
            asked || is_founding,
            "{change:?} of {member} in {pool} was not asked for"
        );
        if member < FAMILY {
            return;
        }
        let before = match change {
            Change::Invite => places.insert(member, false),
            Change::Join => places.insert(member, true),
            Change::Leave => places.remove(&member),
        };
        let is_news = match change {
            Change::Invite => before.is_none(),
            Change::Join => before == Some(false),
            Change::Leave => before.is_some(),
        };
        assert!(is_news, "{change:?} of {member} in {pool}: it was {before:?}");
    }
}
