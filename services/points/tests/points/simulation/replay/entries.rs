//! What each kind of entry has to be.

use std::collections::BTreeMap;

use contracts_points::v1::Entry;
use kernel::Time;
use ledger::{EntryId, HoldId, LotId, LotKey};

use super::{Replay, negative, parts, post_time, sum};
use crate::simulation::ask::{Ask, Waits};
use crate::simulation::brand::Account;
use crate::simulation::model::Taken;
use crate::simulation::pools::Pool;

impl Replay {
    pub(super) fn earn(&mut self, entry: &Entry) {
        let Ask::Earn {
            account,
            amount,
            expire_time,
            waits,
        } = self.cause_of(entry).ask
        else {
            panic!("not asked for: {entry:?}")
        };
        let (account, holder) = self.holder_of(account, entry);
        let now = post_time(entry);
        let at = match waits {
            Waits::Until(time) => Some(time).filter(|time| *time > now),
            Waits::No | Waits::ForConfirmation => None,
        };
        let expire_time = expire_time.unwrap_or_else(|| account.asset().expire_time(at.unwrap_or(now)));
        assert!(expire_time > at.unwrap_or(now));
        let id: EntryId = entry.entry_id.parse().unwrap();
        let key = (expire_time, LotId::from_uuid(id.uuid()));
        assert_eq!(parts(entry), [(key, amount)]);
        self.grant(holder, key, amount, account.member);
        self.model.earns.insert(id, (holder, key, amount, 0));
        if at.is_some() || matches!(waits, Waits::ForConfirmation) {
            let lot = self.model.lots.get_mut(&key).unwrap();
            (lot.available, lot.pending) = (0, amount);
            self.model.waiting.insert(id, (holder, key, at));
        }
    }

    pub(super) fn redeem(&mut self, entry: &Entry) {
        let (account, amount) = match self.cause_of(entry).ask {
            Ask::Redeem { account, amount } => (account, amount),
            Ask::Spend { pool, by, amount } => {
                self.check_spender(pool, by, &entry.acting_member_id);
                (Pool::account(pool), amount)
            }
            _ => panic!("not asked for: {entry:?}"),
        };
        let (_, holder) = self.holder_of(account, entry);
        let taken = self.model.take(holder, post_time(entry), amount, None);
        assert_eq!(sum(&taken), amount, "there was less: {entry:?}");
        for (key, part) in &taken {
            self.model.lots.get_mut(key).unwrap().spent += part;
        }
        self.spend(entry, holder, &taken);
    }

    fn spend(&mut self, entry: &Entry, holder: usize, taken: &[(LotKey, i64)]) {
        assert_eq!(parts(entry), negative(taken), "{entry:?}");
        let parts = taken.iter().map(|&(lot, amount)| Taken { lot, amount, back: 0 });
        let id = entry.entry_id.parse().unwrap();
        self.model.spends.insert(id, (holder, parts.collect()));
    }

    pub(super) fn capture(&mut self, entry: &Entry) {
        let Ask::Capture { account, hold, amount } = self.cause_of(entry).ask else {
            panic!("not asked for: {entry:?}")
        };
        // A capture names the hold alone.
        let (named, holder) = self.holder(entry);
        assert_eq!((&hold, account.asset), (&entry.hold_id, named.asset));
        let id: HoldId = hold.parse().unwrap();
        assert_eq!(entry.acting_member_id, self.actors[&id], "{entry:?}");
        let held = &self.model.holds[&id];
        assert!(
            held.open && held.holder == holder && held.deadline > post_time(entry),
            "{entry:?}"
        );
        let whole = sum(&held.parts);
        assert!(amount <= whole);
        let paid = self.model.capture(id, if amount == 0 { whole } else { amount });
        self.spend(entry, holder, &paid);
    }

    /// All that is left of lots that are due.
    pub(super) fn expire(&mut self, entry: &Entry) {
        let holder = self.members.account(&entry.member_id, &entry.asset_code).holder();
        assert!(!entry.lots.is_empty());
        for (key, part) in parts(entry) {
            let lot = self.model.lots.get_mut(&key).unwrap();
            assert!(key.0 <= post_time(entry) && lot.holder == holder, "{entry:?}");
            assert_eq!(lot.available, -part, "{entry:?}");
            lot.expired += lot.available;
            lot.available = 0;
        }
    }

    /// Of what is owed as much as there is.
    pub(super) fn repay(&mut self, entry: &Entry) {
        let holder = self.members.account(&entry.member_id, &entry.asset_code).holder();
        let taken = self.model.take(holder, post_time(entry), self.model.debt(holder), None);
        assert_eq!(parts(entry), negative(&taken), "{entry:?}");
        let repaid = self.model.claw(&taken);
        assert!(repaid > 0 && entry.debt_amount == -repaid, "{entry:?}");
        *self.model.debts.get_mut(&holder).unwrap() -= repaid;
    }

    pub(super) fn adjust(&mut self, entry: &Entry) {
        let Ask::Adjust { account, amount } = self.cause_of(entry).ask else {
            panic!("not asked for: {entry:?}")
        };
        let (account, holder) = self.holder_of(account, entry);
        let now = post_time(entry);
        if amount > 0 {
            let id: EntryId = entry.entry_id.parse().unwrap();
            let key = (account.asset().expire_time(now), LotId::from_uuid(id.uuid()));
            assert_eq!(parts(entry), [(key, amount)]);
            self.grant(holder, key, amount, account.member);
        } else {
            let taken = self.model.take(holder, now, -amount, None);
            assert_eq!(self.model.claw(&taken), -amount, "there was less: {entry:?}");
            assert_eq!(parts(entry), negative(&taken), "{entry:?}");
        }
    }

    pub(super) fn transfer(&mut self, out: &Entry, into: &Entry) {
        let op = self.cause_of(out);
        let (account, to, amount) = match op.ask {
            Ask::Transfer { account, to, amount } => (account, to, amount),
            Ask::Contribute { account, pool, amount } => {
                let giver = self.family.leads.of(account.member);
                assert!(self.joined(pool).contains(&giver), "it has no place: {out:?}");
                (account, Pool::account(pool).member, amount)
            }
            _ => panic!("not asked for: {out:?}"),
        };
        let (_, giver) = self.holder_of(account, out);
        let (given_to, receiver) = self.holder_of(Account { member: to, ..account }, into);
        assert_ne!(giver, receiver);
        let mut expected: BTreeMap<Time, i64> = BTreeMap::new();
        let taken = self.model.take(giver, post_time(out), amount, None);
        assert_eq!(sum(&taken), amount, "there was less: {out:?}");
        assert_eq!(parts(out), negative(&taken), "{out:?}");
        for (key, part) in &taken {
            self.model.lots.get_mut(key).unwrap().given += part;
            *expected.entry(key.0).or_default() += part;
        }
        let arrived: BTreeMap<Time, i64> = parts(into).into_iter().map(|((time, _), part)| (time, part)).collect();
        assert_eq!(arrived, expected, "nothing becomes younger: {into:?}");
        assert_eq!(into.lots.len(), expected.len());
        for (key, part) in parts(into) {
            self.grant(receiver, key, part, given_to.member);
        }
    }
}
