//! What facts tell of: the entries that they name, or something without an entry.

use contracts_points::v1::*;
use kernel::Fact;
use ledger::LotKey;
use prost::Message;
use store::OutboxRow;

use super::{Replay, parts, post_time};
use crate::simulation::ask::Change;
use crate::simulation::brand::Account;
use crate::simulation::pools;

/// What a fact is about.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Entry(Entry),
    Transfer {
        out: Entry,
        into: Entry,
    },
    Move {
        out: Entry,
        into: Entry,
    },
    /// And for whom of a pool.
    Held(PointsHeld, String),
    HoldEnded(PointsHoldEnded, String),
    Confirmed(PointsConfirmed),
    Place {
        pool: usize,
        member: usize,
        change: Change,
    },
    /// What was left of a pool came to its owner.
    Returned {
        out: Entry,
        into: Entry,
    },
    Dissolved {
        pool: usize,
    },
}

impl Replay {
    /// What a fact tells; none of what it was begun with.
    pub(super) fn step(&mut self, fact: &OutboxRow) -> Option<Step> {
        fn read<F: Message + Default>(fact: &OutboxRow) -> F {
            F::decode(&*fact.payload).unwrap()
        }
        let entries = &self.entries;
        let entry = |id: &str, amount: i64, balance: i64| {
            let entry = entries.get(id).unwrap_or_else(|| panic!("there is no entry {id}"));
            assert_eq!(
                (entry.amount.abs(), entry.balance),
                (amount.abs(), balance),
                "{entry:?}"
            );
            entry.clone()
        };
        Some(match &*fact.kind {
            PointsEarned::TYPE => {
                let told: PointsEarned = read(fact);
                Step::Entry(entry(&told.entry_id, told.amount, told.balance))
            }
            PointsRedeemed::TYPE => {
                let told: PointsRedeemed = read(fact);
                Step::Entry(entry(&told.entry_id, told.amount, told.balance))
            }
            PointsReversed::TYPE => {
                let told: PointsReversed = read(fact);
                Step::Entry(entry(&told.entry_id, told.amount, told.balance))
            }
            PointsExpired::TYPE => {
                let told: PointsExpired = read(fact);
                Step::Entry(entry(&told.entry_id, told.amount, told.balance))
            }
            PointsDebtRepaid::TYPE => {
                let told: PointsDebtRepaid = read(fact);
                Step::Entry(entry(&told.entry_id, told.amount, told.balance))
            }
            PointsAdjusted::TYPE => {
                let told: PointsAdjusted = read(fact);
                Step::Entry(entry(&told.entry_id, told.amount, told.balance))
            }
            PointsTransferred::TYPE => {
                let told: PointsTransferred = read(fact);
                Step::Transfer {
                    out: entry(&told.out_entry_id, told.amount, told.from_balance),
                    into: entry(&told.in_entry_id, told.amount, told.to_balance),
                }
            }
            PointsMoved::TYPE => self.moved(&read(fact)),
            PointsHeld::TYPE => Step::Held(read(fact), String::new()),
            PointsHoldEnded::TYPE => Step::HoldEnded(read(fact), String::new()),
            PointsConfirmed::TYPE => Step::Confirmed(read(fact)),
            PoolPointsContributed::TYPE => {
                let told: PoolPointsContributed = read(fact);
                Step::Transfer {
                    out: entry(&told.out_entry_id, told.amount, told.member_balance),
                    into: entry(&told.in_entry_id, told.amount, told.pool_balance),
                }
            }
            PoolPointsRedeemed::TYPE => {
                let told: PoolPointsRedeemed = read(fact);
                let entry = entry(&told.entry_id, told.amount, told.balance);
                assert_eq!(told.member_id, entry.acting_member_id, "{told:?}");
                Step::Entry(entry)
            }
            PoolPointsReversed::TYPE => {
                let told: PoolPointsReversed = read(fact);
                Step::Entry(entry(&told.entry_id, told.amount, told.balance))
            }
            PoolPointsExpired::TYPE => {
                let told: PoolPointsExpired = read(fact);
                Step::Entry(entry(&told.entry_id, told.amount, told.balance))
            }
            PoolPointsHeld::TYPE => held_of_pool(read(fact)),
            PoolPointsHoldEnded::TYPE => hold_of_pool_ended(read(fact)),
            PoolMemberInvited::TYPE => {
                let told: PoolMemberInvited = read(fact);
                self.place(&told.pool_id, &told.member_id, Change::Invite)
            }
            PoolMemberJoined::TYPE => {
                let told: PoolMemberJoined = read(fact);
                self.place(&told.pool_id, &told.member_id, Change::Join)
            }
            PoolMemberLeft::TYPE => {
                let told: PoolMemberLeft = read(fact);
                self.place(&told.pool_id, &told.member_id, Change::Leave)
            }
            PoolPointsReturned::TYPE => {
                let told: PoolPointsReturned = read(fact);
                Step::Returned {
                    into: entry(&told.entry_id, told.amount, told.balance),
                    out: self.returned(&told.pool_id),
                }
            }
            PoolDissolved::TYPE => {
                let told: PoolDissolved = read(fact);
                let pool = self.members.pools.iter().position(|pool| *pool == told.pool_id);
                Step::Dissolved { pool: pool.unwrap() }
            }
            PoolCreated::TYPE => return None,
            other => panic!("nobody expects {other}"),
        })
    }

    /// The entry by which all that was left of a pool went away.
    fn returned(&self, pool_id: &str) -> Entry {
        let mut out = self.entries.values();
        let out = out.find(|entry| entry.kind() == EntryKind::MoveOut && entry.member_id == pool_id);
        out.unwrap_or_else(|| panic!("nothing went from {pool_id}")).clone()
    }

    fn place(&self, pool_id: &str, member_id: &str, change: Change) -> Step {
        let pool = self.members.pools.iter().position(|pool| pool == pool_id);
        let member = self.members.ids.iter().position(|id| id.to_string() == member_id);
        Step::Place {
            pool: pool.unwrap(),
            member: member.unwrap(),
            change,
        }
    }

    /// A fact of a move names no entries: of two accounts it is the next one in this direction.
    fn moved(&mut self, told: &PointsMoved) -> Step {
        let (from, to) = (&told.from_member_id, &told.to_member_id);
        let direction = (from.clone(), to.clone(), told.asset_code.clone());
        let before = self.family.moves.entry(direction).or_default();
        let number = *before;
        *before += 1;
        let find = |kind: EntryKind, member: &str, counterpart: &str| {
            let found = self.entries.values().filter(|entry| {
                entry.kind() == kind
                    && entry.asset_code == told.asset_code
                    && entry.member_id == member
                    && entry.counterpart_member_id == counterpart
            });
            let mut found: Vec<&Entry> = found.collect();
            found.sort_by_key(|entry| entry.sequence);
            let found = found.get(number).copied();
            found.unwrap_or_else(|| panic!("{told:?} has no entries")).clone()
        };
        let (out, into) = (find(EntryKind::MoveOut, from, to), find(EntryKind::MoveIn, to, from));
        assert_eq!((into.amount, into.balance), (told.amount, told.balance), "{into:?}");
        Step::Move { out, into }
    }

    pub(super) fn account_of(&self, step: &Step) -> Account {
        let (member, asset) = match step {
            Step::Place { pool, .. } | Step::Dissolved { pool } => return pools::Pool::account(*pool),
            Step::Entry(entry)
            | Step::Transfer { out: entry, .. }
            | Step::Move { out: entry, .. }
            | Step::Returned { out: entry, .. } => (&entry.member_id, &entry.asset_code),
            Step::Held(held, _) => (&held.member_id, &held.asset_code),
            Step::HoldEnded(ended, _) => (&ended.member_id, &ended.asset_code),
            Step::Confirmed(confirmed) => (&confirmed.member_id, &confirmed.asset_code),
        };
        self.members.account(member, asset)
    }

    /// Whether there is what is to expire, or to be repaid with.
    pub(super) fn is_possible(&self, step: &Step) -> bool {
        let Step::Entry(entry) = step else { return true };
        let available = |key: LotKey| self.model.lots.get(&key).map_or(0, |lot| lot.available);
        match entry.kind() {
            EntryKind::Expire => parts(entry).iter().all(|(key, part)| available(*key) == -part),
            EntryKind::DebtRepayment => {
                let account = self.members.account(&entry.member_id, &entry.asset_code);
                self.model.available(account.holder(), post_time(entry)) > 0
            }
            _ => true,
        }
    }
}

fn held_of_pool(told: PoolPointsHeld) -> Step {
    let held = PointsHeld {
        hold_id: told.hold_id,
        member_id: told.pool_id,
        asset_code: told.asset_code,
        amount: told.amount,
        reference: told.reference,
        create_time: told.create_time,
        expire_time: told.expire_time,
    };
    Step::Held(held, told.member_id)
}

fn hold_of_pool_ended(told: PoolPointsHoldEnded) -> Step {
    let ended = PointsHoldEnded {
        hold_id: told.hold_id,
        member_id: told.pool_id,
        asset_code: told.asset_code,
        state: told.state,
        captured_amount: told.captured_amount,
        released_amount: told.released_amount,
        entry_id: told.entry_id,
        end_time: told.end_time,
    };
    Step::HoldEnded(ended, told.member_id)
}
