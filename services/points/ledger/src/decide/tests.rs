use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{Asset, AssetKind, ClawbackPolicy, ExpiryPolicy, Extent, MemberId, Part, Reversible, Standing};
use kernel::Tenant;

const DAY: i64 = 1;

/// A ledger in memory: one member, one asset, everything loaded, every entry kept.
pub(super) struct Ledger {
    pub(super) state: State,
    pub(super) key: AccountKey,
    entries: Vec<Entry>,
}

impl Ledger {
    pub(super) fn new(kind: AssetKind, reversal_grace_days: i32) -> Self {
        Self::with_policy(kind, reversal_grace_days, ClawbackPolicy::WithinBalance)
    }

    pub(super) fn with_policy(kind: AssetKind, reversal_grace_days: i32, clawback: ClawbackPolicy) -> Self {
        let mut next = 0_u128;
        let mut state = State::new(Time::from_seconds(1_767_225_600), move || {
            next += 1;
            Uuid::from_u128(next)
        });
        let asset = Arc::new(Asset {
            code: "points".into(),
            kind,
            expiry: ExpiryPolicy::Never,
            utc_offset_minutes: 480,
            reversal_grace_days,
            clawback,
            transfer_forbidden: false,
            adjustment_alone_max: 1_000,
        });
        let key = AccountKey {
            tenant: Tenant::PLATFORM,
            member: member(1),
            asset: "points".into(),
        };
        let survivor = AccountKey {
            member: member(2),
            ..key.clone()
        };
        for account in [&key, &survivor] {
            state.load(account.clone(), Account::new(asset.clone(), Standing::default()));
            state.account_mut(account).set_complete();
        }
        Self {
            state,
            key,
            entries: Vec::new(),
        }
    }

    pub(super) fn key_of(&self, number: usize) -> AccountKey {
        AccountKey {
            member: member(number as u128),
            ..self.key.clone()
        }
    }

    pub(super) fn post(&mut self, act: Act) -> Result<Effects, Refusal> {
        let effects = decide(&mut self.state, &Posting::new(self.key.clone(), act))?;
        for entry in &effects.entries {
            self.state.load_reversible(reversible_of(entry));
        }
        self.entries.extend(effects.entries.clone());
        self.check();
        Ok(effects)
    }

    fn earn(&mut self, amount: i64, days: i64) -> EntryId {
        let expire_time = Some(self.state.now.plus_days(days));
        self.post(earn_of(amount, expire_time)).unwrap().entries[0].id
    }

    fn redeem(&mut self, amount: i64) -> EntryId {
        self.post(Act::Redeem { amount }).unwrap().entry().unwrap().id
    }

    fn reverse(&mut self, entry: EntryId, amount: i64) -> Result<Effects, Refusal> {
        self.post(Act::Reverse {
            entry,
            extent: Extent::Amount(amount),
        })
    }

    pub(super) fn pass(&mut self, days: i64) {
        self.state.now = self.state.now.plus_days(days);
    }

    fn balance(&self) -> i64 {
        self.state.account(&self.key).balance
    }

    fn lots(&self) -> Vec<Lot> {
        self.state.account(&self.key).open_lots().cloned().collect()
    }

    /// What must hold after every posting, whatever it was.
    fn check(&self) {
        for (key, account) in self.state.accounts() {
            let entries: Vec<&Entry> = self.entries.iter().filter(|entry| entry.account == *key).collect();
            assert_eq!(
                account.balance,
                entries.iter().map(|entry| entry.amount).sum::<i64>(),
                "entries = balance"
            );
            assert_eq!(
                account.balance,
                account.live_lots().map(Lot::worth).sum::<i64>(),
                "lots = balance"
            );
            for (sequence, entry) in (1..).zip(&entries) {
                assert_eq!(entry.sequence, sequence, "no gap");
            }
            assert!(account.balance >= 0);
        }
        self.check_lots();
    }

    /// Per lot: what was granted is left, was spent, came back, expired, was taken back or has moved.
    fn check_lots(&self) {
        let mut sums: HashMap<LotId, i64> = HashMap::new();
        let mut regranted: HashMap<LotId, i64> = HashMap::new();
        for entry in &self.entries {
            for part in &entry.lots {
                if part.regranted {
                    *regranted.entry(LotId::from_uuid(entry.id.uuid())).or_default() += part.amount;
                } else {
                    *sums.entry(part.lot).or_default() += part.amount;
                }
            }
        }
        for (_, account) in self.state.accounts() {
            for lot in account.changed_lots() {
                let rows = sums.get(&lot.id).copied().unwrap_or(0);
                let grace = regranted.get(&lot.id).copied().unwrap_or(0);
                assert_eq!(rows + grace, lot.worth(), "lot {}", lot.id);
                assert!((0..=lot.granted).contains(&lot.worth()));
            }
        }
    }
}

pub(super) fn member(number: u128) -> MemberId {
    MemberId::from_uuid(Uuid::from_u128(number))
}

pub(super) fn earn_of(amount: i64, expire_time: Option<Time>) -> Act {
    Act::Earn {
        amount,
        expire_time,
        availability: Availability::AtOnce,
    }
}

fn reversible_of(entry: &Entry) -> Reversible {
    let parts = entry.lots.iter().map(|part| Part {
        lot: part.lot,
        expire_time: part.expire_time,
        amount: part.amount.abs(),
        reversed: 0,
    });
    Reversible {
        entry: entry.id,
        member: entry.account.member,
        kind: entry.kind,
        amount: entry.amount.abs(),
        reversed: 0,
        parts: parts.collect(),
        cost_centre: entry.cost_centre.clone(),
    }
}

fn points() -> Ledger {
    Ledger::new(AssetKind::Points, 0)
}

#[test]
fn lots_are_spent_by_expiry_not_by_age() {
    let mut ledger = points();
    let late = ledger.earn(100, 300);
    let early = ledger.earn(50, 10);
    let effects = ledger.post(Act::Redeem { amount: 70 }).unwrap();
    let paid: Vec<(Uuid, i64)> = effects.entries[0]
        .lots
        .iter()
        .map(|part| (part.lot.uuid(), part.amount))
        .collect();
    assert_eq!(paid, [(early.uuid(), -50), (late.uuid(), -20)]);
}

#[test]
fn what_is_not_there_is_not_spent() {
    let mut ledger = points();
    ledger.earn(70, 10);
    let refusal = ledger.post(Act::Redeem { amount: 500 }).unwrap_err();
    assert_eq!(
        refusal,
        Refusal::Insufficient {
            available: 70,
            requested: 500
        }
    );
    assert_eq!(ledger.balance(), 70);
}

#[test]
fn growth_is_not_spent() {
    let mut ledger = Ledger::new(AssetKind::Growth, 0);
    ledger.earn(70, 10);
    assert_eq!(
        ledger.post(Act::Redeem { amount: 1 }),
        Err(Refusal::NotSpendable { asset: "points".into() })
    );
}

#[test]
fn what_is_due_expires_before_anything_is_spent() {
    let mut ledger = points();
    ledger.earn(30, 1);
    ledger.earn(40, 5);
    ledger.pass(DAY);
    assert_eq!(
        ledger.post(Act::Redeem { amount: 41 }),
        Err(Refusal::Insufficient {
            available: 40,
            requested: 41
        }),
        "a lot cannot be spent at its expire time"
    );
    let effects = ledger.post(Act::Redeem { amount: 40 }).unwrap();
    let kinds: Vec<(EntryKind, i64)> = effects.entries.iter().map(|entry| (entry.kind, entry.amount)).collect();
    assert_eq!(kinds, [(EntryKind::Expire, -30), (EntryKind::Redeem, -40)]);
    assert_eq!(effects.entry().unwrap().kind, EntryKind::Redeem);
}

#[test]
fn nothing_expires_twice() {
    let mut ledger = points();
    ledger.earn(30, 1);
    ledger.pass(DAY);
    assert_eq!(ledger.post(Act::Expire { lots: Vec::new() }).unwrap().entries.len(), 1);
    assert_eq!(ledger.post(Act::Expire { lots: Vec::new() }).unwrap().entries.len(), 0);
    assert_eq!(ledger.balance(), 0);
}

#[test]
fn a_lot_that_would_be_born_expired_is_refused() {
    let mut ledger = points();
    let now = ledger.state.now;
    let refusal = ledger.post(earn_of(1, Some(now)));
    assert_eq!(
        refusal,
        Err(Refusal::ExpiryPassed {
            expire_time: now,
            is_given: true
        })
    );
}

#[test]
fn an_overflow_is_refused() {
    let mut ledger = points();
    ledger.earn(BALANCE_MAX, 10);
    let refusal = ledger.post(earn_of(1, None));
    assert_eq!(
        refusal,
        Err(Refusal::Overflow {
            balance: BALANCE_MAX,
            amount: 1
        })
    );
}

#[test]
fn what_came_back_expired_expires_at_once_without_grace() {
    let mut ledger = points();
    ledger.earn(30, 1);
    ledger.earn(40, 9);
    let redeem = ledger.redeem(70);
    ledger.pass(2 * DAY);
    let effects = ledger.reverse(redeem, 70).unwrap();
    assert_eq!(
        (effects.entry().unwrap().amount, effects.balance(), effects.expired),
        (70, 40, 30)
    );
    assert_eq!(ledger.balance(), 40);
}

#[test]
fn what_came_back_expired_gets_a_new_lot_with_grace() {
    let mut ledger = Ledger::new(AssetKind::Points, 7);
    ledger.earn(30, 1);
    ledger.earn(40, 9);
    let redeem = ledger.redeem(70);
    ledger.pass(2 * DAY);
    let effects = ledger.reverse(redeem, 70).unwrap();
    assert_eq!((effects.balance(), effects.expired), (70, 0));
    let grace = ledger.lots().into_iter().find(|lot| lot.granted == 30).unwrap();
    assert_eq!(Some(grace.expire_time), effects.entry().unwrap().lot_expire_time);
    assert!(grace.expire_time.since(ledger.state.now) >= Duration::from_hours(7 * 24));
}

#[test]
fn a_reversal_takes_no_more_than_is_left() {
    let mut ledger = points();
    ledger.earn(100, 10);
    let redeem = ledger.redeem(80);
    ledger.reverse(redeem, 50).unwrap();
    assert_eq!(
        ledger.reverse(redeem, 31),
        Err(Refusal::ExceedsEntry {
            reversible: 30,
            requested: 31
        })
    );
    assert_eq!(
        ledger
            .post(Act::Reverse {
                entry: redeem,
                extent: Extent::Rest
            })
            .unwrap()
            .entries[0]
            .amount,
        30
    );
    let again = ledger.post(Act::Reverse {
        entry: redeem,
        extent: Extent::Rest,
    });
    assert_eq!(
        again,
        Err(Refusal::ExceedsEntry {
            reversible: 0,
            requested: 0
        })
    );
}

#[test]
fn an_earn_is_taken_back_within_the_balance_its_own_lot_first() {
    let mut ledger = points();
    let other = ledger.earn(50, 5);
    let earn = ledger.earn(100, 10);
    let effects = ledger.reverse(earn, 60).unwrap();
    assert_eq!(effects.entries[0].lots[0].lot.uuid(), earn.uuid());
    ledger.redeem(70);
    let effects = ledger.reverse(earn, 40).unwrap();
    assert_eq!(
        (effects.entry().unwrap().amount, effects.missing, effects.reversible),
        (-20, 20, 20)
    );
    assert_eq!(
        ledger.reverse(earn, 20),
        Err(Refusal::Insufficient {
            available: 0,
            requested: 20
        })
    );
    ledger.earn(500, 10);
    assert_eq!(
        ledger.reverse(earn, 20).unwrap().entry().unwrap().amount,
        -20,
        "what was missing is taken later"
    );
    assert!(ledger.reverse(earn, 1).is_err(), "never more than was earned");
    assert_ne!(other, earn);
}

#[test]
fn a_refused_posting_leaves_an_idle_account_as_it_was() {
    let mut ledger = points();
    ledger.earn(100, 10);
    let (now, key) = (ledger.state.now, ledger.key.clone());
    ledger.state.account_mut(&key).set_idle_time(Some(now));
    let refusal = ledger.post(Act::Redeem { amount: 1 }).unwrap_err();
    assert_eq!(
        refusal,
        Refusal::Insufficient {
            available: 0,
            requested: 1
        }
    );
    ledger.check();
    assert_eq!((ledger.balance(), ledger.lots().len()), (100, 1));
    let effects = ledger.post(earn_of(5, None)).unwrap();
    let kinds: Vec<(EntryKind, i64)> = effects.entries.iter().map(|entry| (entry.kind, entry.amount)).collect();
    assert_eq!(kinds, [(EntryKind::Expire, -100), (EntryKind::Earn, 5)]);
    assert_eq!(effects.entry().unwrap().kind, EntryKind::Earn);
}

#[test]
fn only_earns_and_redeems_are_reversed() {
    let mut ledger = points();
    ledger.earn(100, 1);
    let redeem = ledger.redeem(50);
    let reversal = ledger.reverse(redeem, 50).unwrap().entries[0].id;
    let refusal = ledger.reverse(reversal, 50);
    assert_eq!(
        refusal,
        Err(Refusal::NotReversible {
            entry: reversal,
            kind: EntryKind::RedeemReversal
        })
    );
}

#[test]
fn a_merge_moves_the_lots_themselves() {
    let mut ledger = points();
    ledger.earn(10, 1);
    ledger.earn(100, 5);
    let redeem = ledger.redeem(60);
    ledger.pass(DAY);
    let lots: Vec<LotId> = ledger.lots().iter().map(|lot| lot.id).collect();
    let effects = ledger.post(Act::Move { to: member(2) }).unwrap();
    let kinds: Vec<(EntryKind, i64)> = effects.entries.iter().map(|entry| (entry.kind, entry.amount)).collect();
    assert_eq!(kinds, [(EntryKind::MoveOut, -50), (EntryKind::MoveIn, 50)]);
    assert_eq!(
        (ledger.balance(), ledger.state.account(&ledger.key).moved_to),
        (0, Some(member(2)))
    );
    ledger.key.member = member(2);
    assert_eq!(ledger.lots().iter().map(|lot| lot.id).collect::<Vec<_>>(), lots);
    ledger
        .state
        .account_mut(&ledger.key)
        .load(closed_lot(&ledger.entries[0]));
    let effects = ledger.reverse(redeem, 60).unwrap();
    assert_eq!(
        (effects.balance(), effects.expired),
        (100, 10),
        "the survivor gets back what the absorbed one spent"
    );
}

fn closed_lot(entry: &Entry) -> Lot {
    Lot {
        id: entry.lots[0].lot,
        entry: entry.id,
        expire_time: entry.lots[0].expire_time,
        grant_time: entry.post_time,
        granted: entry.amount,
        remaining: 0,
        cost_centre: None,
        held: 0,
        pending: 0,
        available_time: None,
    }
}

#[derive(Clone, Debug)]
enum Command {
    Earn { amount: i64, days: i64 },
    Redeem { amount: i64 },
    Reverse { which: usize, amount: i64 },
    Expire,
    Pass { days: i64 },
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        4 => (1..200_i64, 1..20_i64).prop_map(|(amount, days)| Command::Earn { amount, days }),
        3 => (1..250_i64).prop_map(|amount| Command::Redeem { amount }),
        4 => (0..64_usize, 1..150_i64).prop_map(|(which, amount)| Command::Reverse { which, amount }),
        1 => Just(Command::Expire),
        1 => (1..6_i64).prop_map(|days| Command::Pass { days }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever is done in whatever order: entries = balance = lots, nothing is negative, each lot's sums hold (see
    /// `Ledger::check`), nothing pays while something else expires earlier, and no entry is reversed for more than it moved.
    #[test]
    fn nothing_is_minted_and_nothing_is_lost(
        commands in prop::collection::vec(command(), 1..60),
        grace in prop_oneof![Just(0), Just(3)],
    ) {
        let mut ledger = Ledger::new(AssetKind::Points, grace);
        for command in commands {
            match command {
                Command::Earn { amount, days } => { ledger.earn(amount, days); }
                Command::Redeem { amount } => redeem_and_check(&mut ledger, amount),
                Command::Reverse { which, amount } => reverse_and_check(&mut ledger, which, amount),
                Command::Expire => { ledger.post(Act::Expire { lots: Vec::new() }).unwrap(); }
                Command::Pass { days } => ledger.pass(days),
            }
        }
    }

    /// A spend that is given back in random parts leaves the very lots that were there before it.
    #[test]
    fn a_spend_in_random_parts_comes_back_to_the_very_lots(
        lots in prop::collection::vec((1..100_i64, 1..50_i64), 1..12),
        share in 1..=100_i64,
        parts in prop::collection::vec(1..60_i64, 1..40),
    ) {
        let mut ledger = points();
        for (amount, days) in lots {
            ledger.earn(amount, days);
        }
        let before = ledger.lots();
        let spent = (ledger.balance() * share / 100).max(1);
        let redeem = ledger.redeem(spent);
        let mut left = spent;
        for part in parts {
            let part = part.min(left);
            if part > 0 {
                ledger.reverse(redeem, part).unwrap();
                left -= part;
            }
        }
        if left > 0 {
            ledger.reverse(redeem, left).unwrap();
        }
        prop_assert_eq!(ledger.lots(), before);
        prop_assert!(ledger.reverse(redeem, 1).is_err());
    }
}

fn redeem_and_check(ledger: &mut Ledger, amount: i64) {
    let available = ledger.state.account(&ledger.key).spendable(ledger.state.now);
    match ledger.post(Act::Redeem { amount }) {
        Ok(effects) => {
            assert!(amount <= available);
            let last_paid = effects
                .entry()
                .unwrap()
                .lots
                .iter()
                .map(|part| (part.expire_time, part.lot))
                .max()
                .unwrap();
            assert!(
                ledger.lots().iter().all(|lot| lot.key() >= last_paid),
                "first expiring, first out"
            );
        }
        Err(refusal) => assert_eq!(
            refusal,
            Refusal::Insufficient {
                available,
                requested: amount
            }
        ),
    }
}

fn reverse_and_check(ledger: &mut Ledger, which: usize, amount: i64) {
    let Some(entry) = ledger.entries.get(which).map(|entry| entry.id) else {
        return;
    };
    let left = ledger.state.reversible(entry).unwrap().left();
    let before = ledger.balance();
    match ledger.reverse(entry, amount) {
        Ok(effects) => assert_eq!(effects.reversible, left - effects.entry().unwrap().amount.abs()),
        Err(Refusal::NotReversible { .. } | Refusal::ExceedsEntry { .. } | Refusal::Insufficient { .. }) => {
            assert_eq!(ledger.balance(), before, "a refusal changes nothing");
        }
        Err(refusal) => panic!("unexpected: {refusal}"),
    }
}
