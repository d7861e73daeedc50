//! Who has a place in a pool, and what that allows.

use std::collections::BTreeSet;

use contracts_points::v1::Entry;

use super::{Effect, Replay, parts, sorted};
use crate::simulation::answer::Answer;
use crate::simulation::ask::{Ask, Change};
use crate::simulation::brand::FAMILY;
use crate::simulation::pools::{POOLS, Pool};

impl Replay {
    /// Who has joined a pool.
    pub(crate) fn joined(&self, pool: usize) -> BTreeSet<usize> {
        if self.dissolved.contains(&pool) {
            return BTreeSet::new();
        }
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

    /// The acting member may spend of a pool, and is whom the member that was named has become, or was until just now: its account is
    /// not locked by a spend of the pool's, so that an undo which changes no place may be told before what was asked in time.
    pub(super) fn check_spender(&mut self, pool: usize, named: usize, by: &str) {
        let member = self.members.ids.iter().position(|id| id.to_string() == by).unwrap();
        assert!(self.may_spend(pool, member), "{member} spends of pool {pool}");
        let is_named = self.family.leads.of(named) == member;
        self.see("spends told after an undo", !is_named);
        let was_named = is_named || self.family.led.contains(&(named, member));
        assert!(was_named, "{member} spends of pool {pool} in the name of {named}");
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

    /// All that is left of a pool goes to its owner, as if that one had absorbed it.
    pub(super) fn return_pool(&mut self, out: &Entry, into: &Entry) {
        let ((pool, giver), (owner, receiver)) = (self.holder(out), self.holder(into));
        let number = pool.pool().expect("a pool's");
        assert_eq!(owner.member, POOLS[number].owner(&self.family.leads), "{into:?}");
        let mut moving = self.hand_over(giver, receiver);
        moving.out.sort_unstable();
        assert_eq!((parts(out), parts(into)), (moving.out, moving.into), "{into:?}");
        self.returned.insert(number, into.clone());
    }

    /// A pool has ended: nothing is left of it that has not been returned.
    pub(super) fn dissolve(&mut self, pool: usize) {
        let op = self.cause(&Effect::Dissolved(pool));
        let Some(Answer::Dissolve(told)) = op.done() else {
            panic!("not asked for: {pool} is dissolved")
        };
        let returned = self.returned.get(&pool).map(sorted);
        assert_eq!(
            told.entry.as_ref().map(sorted),
            returned,
            "what was answered is what was posted"
        );
        let holder = Pool::account(pool).holder();
        self.check_nothing_left(holder);
        self.family.closed.insert(holder);
        self.family
            .leads
            .dissolve(Pool::account(pool).member, POOLS[pool].members[0]);
        self.places[pool].clear();
        self.dissolved.insert(pool);
    }
}
