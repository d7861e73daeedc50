//! The facts of a run, in the order in which everybody learns them, done once more on the model.
//!
//! The order is the service's to choose. Which one it chose is told by the positions of its facts: of one account they
//! follow the order of its entries, which is checked. The model does each thing in that order, and must come to the very
//! entries, lots and answers. Only when something expires is the service's to choose too, for nobody can spend it any
//! more: the model checks that what was expired was due, and that it was all there was.

mod effects;
mod entries;
mod holds;
mod merges;
mod places;
mod read;
mod reversals;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use contracts_points::v1::*;
use kernel::Time;
use ledger::{HoldId, LotKey};
use store::OutboxRow;

use super::ask::Ask;
use super::brand::{Account, Members};
use super::history::Op;
use super::identity::Passage;
use super::pools::POOLS;
use crate::simulation::model::Model;
use effects::{Effect, effect, entry_of};
use merges::Family;
use read::Step;

/// The model, and how far it has come.
pub(super) struct Replay {
    pub(super) members: Members,
    pub(super) ops: BTreeMap<String, Op>,
    pub(super) model: Model,
    /// After how many facts each request had taken effect.
    pub(super) done: BTreeMap<String, usize>,
    /// How many facts there were.
    pub(super) position: usize,
    /// Who is who, and what of whom is where.
    pub(super) family: Family,
    /// What of that which seldom happens there has been.
    pub(super) seen: BTreeMap<&'static str, usize>,
    /// Of each pool the places of those who are not of the family, and whether they have joined.
    places: Vec<BTreeMap<usize, bool>>,
    /// By which entry what was left of a pool came to its owner.
    returned: BTreeMap<usize, Entry>,
    /// The pools that have ended.
    pub(super) dissolved: BTreeSet<usize>,
    /// For whom of a pool a hold was made.
    actors: HashMap<HoldId, String>,
    entries: HashMap<String, Entry>,
    told: HashSet<String>,
    causes: HashMap<Effect, String>,
    sequences: HashMap<usize, i64>,
}

impl Replay {
    /// Before anything has happened; what will happen to members comes in this order.
    pub(super) fn new(members: Members, passages: Vec<Passage>) -> Self {
        Self {
            family: Family::new(members.count(), passages),
            members,
            ops: BTreeMap::new(),
            model: Model::default(),
            done: BTreeMap::new(),
            position: 0,
            seen: BTreeMap::new(),
            places: vec![BTreeMap::new(); POOLS.len()],
            returned: BTreeMap::new(),
            dissolved: BTreeSet::new(),
            actors: HashMap::new(),
            entries: HashMap::new(),
            told: HashSet::new(),
            causes: HashMap::new(),
            sequences: HashMap::new(),
        }
    }

    /// Takes in what was asked and what the ledger shows by now.
    pub(super) fn learn(&mut self, ops: BTreeMap<String, Op>, entries: Vec<Entry>) {
        self.causes = ops
            .iter()
            .filter_map(|(id, op)| Some((effect(op)?, id.clone())))
            .collect();
        self.ops = ops;
        self.entries = entries
            .into_iter()
            .map(|entry| (entry.entry_id.clone(), entry))
            .collect();
    }

    /// Does what the facts tell; `look` sees the model before the first of them and after each.
    pub(super) fn go_on(&mut self, facts: &[OutboxRow], mut look: impl FnMut(&Self)) {
        let mut steps: Vec<Option<Step>> = Vec::new();
        for fact in facts {
            steps.push(self.step(fact));
        }
        look(self);
        for place in 0..steps.len() {
            let Some(step) = steps[place].take() else { continue };
            if !self.is_possible(&step) {
                // A hold that ended, or a pending earn that was confirmed, is told after what of it expired or repaid a debt.
                let account = self.account_of(&step);
                let later = steps.iter().skip(place + 1).position(|later| {
                    let later = later
                        .as_ref()
                        .filter(|it| matches!(it, Step::HoldEnded(..) | Step::Confirmed(_)));
                    later.is_some_and(|later| self.account_of(later) == account)
                });
                let cause = later.and_then(|offset| steps[place + 1 + offset].take());
                self.apply(cause.unwrap_or_else(|| panic!("nothing makes it possible: {step:?}")));
                look(self);
            }
            self.apply(step);
            look(self);
        }
    }

    /// What is left in the end: every entry was told, every request that was done had its effect.
    pub(super) fn check_complete(&self) {
        let untold: Vec<&Entry> = self
            .entries
            .values()
            .filter(|entry| !self.told.contains(&entry.entry_id))
            .collect();
        assert!(untold.is_empty(), "no fact tells of {untold:?}");
        self.family.check_complete();
        // Of a place nothing is told where it was so before: whether that was right is looked at with the refusals.
        let told = self.ops.iter().filter(|(_, op)| !matches!(op.ask, Ask::Place { .. }));
        for (id, op) in told {
            assert_eq!(op.done().is_some(), self.done.contains_key(id), "{id}: {op:?}");
        }
    }

    fn apply(&mut self, step: Step) {
        self.position += 1;
        match step {
            Step::Entry(entry) => {
                self.apply_entry(&entry);
                self.book(&entry);
            }
            Step::Transfer { out, into } => {
                self.transfer(&out, &into);
                self.book(&out);
                self.book(&into);
            }
            Step::Move { out, into } => {
                self.pass_on(&out, &into);
                self.book(&out);
                self.book(&into);
                self.end_passage(&out);
            }
            Step::Held(held, by) => self.hold(&held, &by),
            Step::HoldEnded(ended, by) => self.end_hold(&ended, &by),
            Step::Confirmed(confirmed) => self.confirm(&confirmed),
            Step::Place { pool, member, change } => self.change_place(pool, member, change),
            Step::Returned { out, into } => {
                self.return_pool(&out, &into);
                self.book(&out);
                self.book(&into);
            }
            Step::Dissolved { pool } => self.dissolve(pool),
        }
    }

    fn apply_entry(&mut self, entry: &Entry) {
        match entry.kind() {
            EntryKind::Earn => self.earn(entry),
            EntryKind::Redeem if entry.hold_id.is_empty() => self.redeem(entry),
            EntryKind::Redeem => self.capture(entry),
            EntryKind::RedeemReversal => self.give_back(entry),
            EntryKind::EarnReversal => self.take_back(entry),
            EntryKind::Expire => self.expire(entry),
            EntryKind::DebtRepayment => self.repay(entry),
            EntryKind::Adjustment => self.adjust(entry),
            EntryKind::Unspecified
            | EntryKind::MoveOut
            | EntryKind::MoveIn
            | EntryKind::TransferOut
            | EntryKind::TransferIn => panic!("no fact is about {entry:?} alone"),
        }
    }

    /// An entry has the next number of its account, and the balance that the model comes to.
    fn book(&mut self, entry: &Entry) {
        let holder = self.members.account(&entry.member_id, &entry.asset_code).holder();
        assert!(
            !self.family.closed.contains(&holder),
            "posted to an account that was handed over: {entry:?}"
        );
        assert!(self.told.insert(entry.entry_id.clone()), "told twice: {entry:?}");
        let sequence = self.sequences.entry(holder).or_default();
        *sequence += 1;
        assert_eq!(entry.sequence, *sequence, "{entry:?}");
        assert_eq!(entry.balance, self.balance(holder), "{entry:?}");
        let sum: i64 = entry.lots.iter().map(|part| part.amount).sum();
        assert_eq!(entry.amount, sum, "{entry:?}");
    }

    /// Grants a lot, which belongs to a member: with that one it comes back when a merge is undone.
    fn grant(&mut self, holder: usize, key: LotKey, amount: i64, member: usize) {
        self.model.grant(holder, key, amount);
        self.family.belongs.insert(key, member);
    }

    fn see(&mut self, what: &'static str, is_here: bool) {
        *self.seen.entry(what).or_default() += usize::from(is_here);
    }

    pub(super) fn balance(&self, holder: usize) -> i64 {
        let lots = self.model.lots.values().filter(|lot| lot.holder == holder);
        lots.map(|lot| lot.available + lot.held + lot.pending).sum()
    }

    pub(super) fn sequence(&self, holder: usize) -> i64 {
        self.sequences.get(&holder).copied().unwrap_or(0)
    }

    /// The request behind an effect: there is one, and it has had no effect before.
    fn cause(&mut self, effect: &Effect) -> Op {
        let id = self
            .causes
            .get(effect)
            .unwrap_or_else(|| panic!("nobody was told of {effect:?}"));
        let before = self.done.insert(id.clone(), self.position);
        assert_eq!(before, None, "{id} took effect twice: {effect:?}");
        self.ops[id].clone()
    }

    fn cause_of(&mut self, entry: &Entry) -> Op {
        let op = self.cause(&Effect::Entry(entry.entry_id.clone()));
        let told = entry_of(op.done().unwrap());
        assert_eq!(&sorted(told), &sorted(entry), "what was answered is what was posted");
        op
    }

    /// Whether a member that was named is by now the one of an account.
    fn leads_to(&self, named: usize, account: Account) -> bool {
        self.family.leads.of(named) == account.member
    }

    /// The account that was named, which is that of the entry.
    fn holder_of(&self, named: Account, entry: &Entry) -> (Account, usize) {
        let (account, holder) = self.holder(entry);
        assert!(
            named.asset == account.asset && self.leads_to(named.member, account),
            "{named:?} is not {entry:?}"
        );
        (account, holder)
    }

    /// The account of an entry.
    fn holder(&self, entry: &Entry) -> (Account, usize) {
        let account = self.members.account(&entry.member_id, &entry.asset_code);
        // A member who owes had nothing to spend before.
        let (holder, now) = (account.holder(), post_time(entry));
        assert!(
            self.model.debt(holder) == 0 || self.model.available(holder, now) == 0,
            "a debt was not repaid before {entry:?}"
        );
        (account, holder)
    }
}

fn sorted(entry: &Entry) -> Entry {
    let mut entry = entry.clone();
    entry.lots.sort_by(|a, b| a.lot_id.cmp(&b.lot_id));
    entry
}

fn time(wire: Option<&prost_types::Timestamp>) -> Time {
    wire.map_or(Time::MAX, |wire| Time::from_wire(wire).unwrap())
}

fn post_time(entry: &Entry) -> Time {
    time(Some(entry.post_time.as_ref().unwrap()))
}

pub(super) fn lot_parts(lots: &[LotAmount]) -> Vec<(LotKey, i64)> {
    let part = |part: &LotAmount| {
        (
            (time(part.expire_time.as_ref()), part.lot_id.parse().unwrap()),
            part.amount,
        )
    };
    lots.iter().map(part).collect()
}

/// What an entry did to lots, in the order in which they are spent.
fn parts(entry: &Entry) -> Vec<(LotKey, i64)> {
    let mut parts = lot_parts(&entry.lots);
    parts.sort_unstable();
    parts
}

fn negative(parts: &[(LotKey, i64)]) -> Vec<(LotKey, i64)> {
    parts.iter().map(|(key, part)| (*key, -part)).collect()
}

fn sum(parts: &[(LotKey, i64)]) -> i64 {
    parts.iter().map(|(_, part)| part).sum()
}
