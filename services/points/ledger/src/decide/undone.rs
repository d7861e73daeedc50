//! Two members who were merged and parted again, whatever happened before, in between and after.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::tests::{Ledger, earn_of, member};
use super::*;
use crate::{AssetKind, ClawbackPolicy, Extent, HoldId, LotId, MemberId, ReleaseCause};

/// What somebody does, if the ledger allows it.
#[derive(Clone, Debug)]
enum Step {
    Earn {
        amount: i64,
        days: i64,
    },
    Redeem(i64),
    Hold(i64),
    /// Of the open holds, the one of this number.
    Capture(usize),
    Release(usize),
    /// Of all earns and redeems, the one of this number.
    Reverse {
        number: usize,
        amount: i64,
    },
    PassDays(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..100_i64, 1..20_i64).prop_map(|(amount, days)| Step::Earn { amount, days }),
        3 => (1..120_i64).prop_map(Step::Redeem),
        2 => (1..80_i64).prop_map(Step::Hold),
        1 => (0..9_usize).prop_map(Step::Capture),
        1 => (0..9_usize).prop_map(Step::Release),
        2 => (0..20_usize, 1..60_i64).prop_map(|(number, amount)| Step::Reverse { number, amount }),
        1 => (1..4_i64).prop_map(Step::PassDays),
    ]
}

fn steps() -> impl Strategy<Value = Vec<(bool, Step)>> {
    proptest::collection::vec((any::<bool>(), step()), 0..14)
}

/// Two members, of whom the first is absorbed by the second.
struct Two {
    ledger: Ledger,
    keys: [AccountKey; 2],
    /// The earns and redeems of each, by their accounts.
    done: [Vec<EntryId>; 2],
    /// What took back, in part, what the first member had done: where its lot has gone, such an entry grants another one.
    taken_back: Vec<EntryId>,
    merged: bool,
    debtors: bool,
}

impl Two {
    fn new(clawback: ClawbackPolicy) -> Self {
        let ledger = Ledger::with_policy(AssetKind::Points, 0, clawback);
        Self {
            keys: [ledger.key_of(1), ledger.key_of(2)],
            ledger,
            done: [Vec::new(), Vec::new()],
            taken_back: Vec::new(),
            merged: false,
            debtors: clawback == ClawbackPolicy::Debt,
        }
    }

    fn post(&mut self, who: usize, act: Act) -> Option<Effects> {
        self.ledger.key = self.keys[who].clone();
        self.ledger.post(act).ok()
    }

    fn take(&mut self, by_first: bool, step: Step) {
        let who = usize::from(!by_first || self.merged);
        let holds = self.open_holds(who);
        let effects = match step {
            Step::Earn { amount, days } => {
                let expire_time = self.ledger.state.now.plus_days(days);
                self.post(who, earn_of(amount, Some(expire_time)))
            }
            Step::Redeem(amount) => self.post(who, Act::Redeem { amount }),
            Step::Hold(amount) => {
                let ttl = std::time::Duration::from_hours(99 * 24);
                self.post(who, Act::Hold { amount, ttl })
            }
            Step::Capture(number) => holds
                .get(number)
                .copied()
                .and_then(|hold| self.post(who, Act::Capture { hold, amount: None })),
            Step::Release(number) => {
                let cause = ReleaseCause::Call;
                holds
                    .get(number)
                    .copied()
                    .and_then(|hold| self.post(who, Act::Release { hold, cause }))
            }
            Step::Reverse { number, amount } => {
                // While the two are one, the survivor reverses what either has done.
                let of_first = if self.merged { self.done[0].clone() } else { Vec::new() };
                let entry = of_first.iter().chain(&self.done[who]).nth(number).copied();
                let extent = Extent::Amount(amount);
                let effects = entry.and_then(|entry| self.post(who, Act::Reverse { entry, extent }));
                let is_of_first = entry.is_some_and(|entry| self.done[0].contains(&entry));
                if let Some(reversal) = effects.as_ref().and_then(Effects::entry).filter(|_| is_of_first) {
                    self.taken_back.push(reversal.id);
                }
                effects
            }
            Step::PassDays(days) => {
                self.ledger.pass(days);
                None
            }
        };
        let entry = effects.as_ref().and_then(Effects::entry);
        if let Some(entry) = entry.filter(|entry| matches!(entry.kind, EntryKind::Earn | EntryKind::Redeem)) {
            self.done[who].push(entry.id);
        }
        self.check();
    }

    fn open_holds(&self, who: usize) -> Vec<HoldId> {
        let of = |hold: &&crate::Hold| hold.account == self.keys[who] && hold.is_open();
        self.ledger.state.holds().filter(of).map(|hold| hold.id).collect()
    }

    /// What counts of each lot, by its holder.
    fn worths(&self, who: usize) -> BTreeMap<LotId, i64> {
        let lots = self.ledger.state.account(&self.keys[who]).live_lots();
        lots.map(|lot| (lot.id, lot.worth())).collect()
    }

    /// The first member's own lots, wherever they are: those that its earns granted, and those that came in their place.
    fn own_lots(&self) -> BTreeSet<LotId> {
        self.done[0]
            .iter()
            .chain(&self.taken_back)
            .map(|entry| LotId::from_uuid(entry.uuid()))
            .collect()
    }

    fn check(&self) {
        for (who, key) in self.keys.iter().enumerate() {
            let account = self.ledger.state.account(key);
            let holds = self
                .ledger
                .state
                .holds()
                .filter(|hold| hold.account == *key && hold.is_open());
            let parts: Vec<_> = holds.flat_map(|hold| hold.parts.clone()).collect();
            let sum: i64 = parts.iter().map(|part| part.amount).sum();
            assert_eq!(sum, account.held, "member {who}: what holds hold is held");
            for part in parts {
                let lot = account.lot(part.key()).expect("a hold's lots are its account's");
                assert!(lot.held >= part.amount);
            }
            let available: i64 = account
                .open_lots()
                .filter(|lot| !lot.is_due(self.ledger.state.now))
                .map(|lot| lot.remaining)
                .sum();
            assert!(account.debt == 0 || available == 0, "a member who owes has nothing");
            assert!(account.debt == 0 || self.debtors);
        }
    }

    fn totals(&self) -> (i64, i64) {
        let accounts = self.keys.each_ref().map(|key| self.ledger.state.account(key));
        (
            accounts.iter().map(|it| it.balance).sum(),
            accounts.iter().map(|it| it.debt).sum(),
        )
    }

    fn merge(&mut self) {
        let to = self.keys[1].member;
        self.post(0, Act::Move { to }).expect("a merge is never refused");
        self.merged = true;
        self.check();
    }

    /// Undoes the merge, as the consumer does: with the first member's lots as far as the second holds them.
    fn undo(&mut self) {
        let own = self.own_lots();
        let lots = self.worths(1).into_keys().filter(|lot| own.contains(lot)).collect();
        let members: BTreeSet<MemberId> = BTreeSet::from([member(1)]);
        let to = member(1);
        self.post(1, Act::Return { to, members, lots })
            .expect("an undo is never refused");
        self.merged = false;
        self.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn an_undo_conserves_everything_and_each_side_has_the_rest_of_its_own(
        before in steps(), between in steps(), after in steps(), in_debt in any::<bool>(),
    ) {
        let policy = if in_debt { ClawbackPolicy::Debt } else { ClawbackPolicy::WithinBalance };
        let mut two = Two::new(policy);
        for (by_first, step) in before {
            two.take(by_first, step);
        }
        two.merge();
        for (by_first, step) in between {
            two.take(by_first, step);
        }

        let (own, there) = (two.own_lots(), two.worths(1));
        let of_survivor: BTreeMap<LotId, i64> = kept_by_the_survivor(&two);
        let (total, expired) = (two.totals(), due(&two));
        two.undo();
        let (balance, debt) = two.totals();
        prop_assert_eq!((balance + expired, debt), total, "nothing is minted and nothing is lost");
        let [restored, survivor] = [two.worths(0), two.worths(1)];
        prop_assert!(restored.keys().all(|lot| own.contains(lot)), "it has lots of its own alone");
        for (lot, worth) in there {
            let kept = of_survivor.get(&lot).copied().unwrap_or(0);
            let is_due = due_lot(&two, lot);
            let expected = if own.contains(&lot) && worth > kept { worth - kept } else { 0 };
            let got = restored.get(&lot).copied().unwrap_or(0);
            prop_assert!(got == expected || is_due, "lot {}: {} of {}", lot, got, expected);
            if !own.contains(&lot) {
                prop_assert!(survivor.get(&lot) == Some(&worth) || is_due, "the survivor's own stay");
            }
        }
        for (by_first, step) in after {
            two.take(by_first, step);
        }

        // And once more, as if nothing had been.
        two.merge();
        two.undo();
    }
}

/// What the survivor's own holds have set aside of each lot.
fn kept_by_the_survivor(two: &Two) -> BTreeMap<LotId, i64> {
    let mut kept = BTreeMap::new();
    let holds = two
        .ledger
        .state
        .holds()
        .filter(|hold| hold.is_open() && hold.maker != member(1));
    for part in holds.flat_map(|hold| &hold.parts) {
        *kept.entry(part.lot).or_default() += part.amount;
    }
    kept
}

/// What expires when the survivor's account is touched next.
fn due(two: &Two) -> i64 {
    let now = two.ledger.state.now;
    let lots = two.ledger.state.account(&two.keys[1]).open_lots();
    lots.filter(|lot| lot.is_due(now)).map(|lot| lot.remaining).sum()
}

fn due_lot(two: &Two, id: LotId) -> bool {
    let now = two.ledger.state.now;
    let lots = two
        .keys
        .iter()
        .filter_map(|key| two.ledger.state.account(key).lot_by_id(id));
    lots.into_iter().any(|lot| lot.is_due(now))
}
