//! What each kind of entry has to be.

use std::collections::BTreeMap;

use contracts::points::v1::Entry;
use kernel::Time;

use super::super::ask::{Answer, Ask, Waits};
use super::super::brand::Account;
use super::{Effect, Replay, negative, parts, post_time, sum};
use crate::domain::model::Taken;
use crate::domain::{EntryId, HoldId, LotId, LotKey};

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
        self.model.grant(holder, key, amount);
        self.model.earns.insert(id, (holder, key, amount, 0));
        if at.is_some() || matches!(waits, Waits::ForConfirmation) {
            let lot = self.model.lots.get_mut(&key).unwrap();
            (lot.available, lot.pending) = (0, amount);
            self.model.waiting.insert(id, (holder, key, at));
        }
    }

    pub(super) fn redeem(&mut self, entry: &Entry) {
        let Ask::Redeem { account, amount } = self.cause_of(entry).ask else {
            panic!("not asked for: {entry:?}")
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
        let (_, holder) = self.holder_of(account, entry);
        assert_eq!(hold, entry.hold_id);
        let id: HoldId = hold.parse().unwrap();
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

    pub(super) fn give_back(&mut self, entry: &Entry) {
        let op = self.cause_of(entry);
        let Ask::Reverse { account, amount, .. } = op.ask else {
            panic!("not asked for: {entry:?}")
        };
        let (account, holder) = self.holder_of(account, entry);
        let (now, id) = (post_time(entry), entry.reversed_entry_id.parse().unwrap());
        let grace_end = account.asset().grace_end(now);
        let before = self.model.spends[&id].1.clone();
        let left: i64 = before.iter().map(|part| part.amount - part.back).sum();
        let wanted = if amount == 0 { left } else { amount };
        assert!(0 < wanted && wanted <= left, "{wanted} of {left}: {entry:?}");
        let regranted = self.model.give_back_with_grace(id, wanted, grace_end.map(|_| now));
        let mut expected: Vec<(LotKey, i64)> = Vec::new();
        let mut expired = 0;
        for part in self.model.spends[&id].1.clone() {
            let was = before.iter().find(|it| it.lot == part.lot).unwrap().back;
            let is_due = part.lot.0 <= now;
            if part.back > was && !(is_due && grace_end.is_some()) {
                expected.push((part.lot, part.back - was));
                expired += if is_due { part.back - was } else { 0 };
                // An empty lot that was left behind by a merge comes to whom its owner has become.
                self.model.lots.get_mut(&part.lot).unwrap().holder = holder;
            }
        }
        if let Some(grace_end) = grace_end.filter(|_| regranted > 0) {
            let id: EntryId = entry.entry_id.parse().unwrap();
            let key = (grace_end, LotId::from_uuid(id.uuid()));
            self.model.grant(holder, key, regranted);
            expected.push((key, regranted));
        }
        expected.sort_unstable();
        assert_eq!(parts(entry), expected, "{entry:?}");
        let Some(Answer::Reverse(told)) = self.answer_to(entry) else {
            panic!("not a reversal: {entry:?}")
        };
        assert_eq!((told.expired_amount, told.reversible_amount), (expired, left - wanted));
        assert_eq!((told.missing_amount, told.debt_amount), (0, 0));
    }

    fn answer_to(&self, entry: &Entry) -> Option<Answer> {
        let id = self.causes.get(&Effect::Entry(entry.entry_id.clone()))?;
        self.ops[id].done().cloned()
    }

    pub(super) fn take_back(&mut self, entry: &Entry) {
        let op = self.cause_of(entry);
        let (account, holder) = self.holder_of(op.ask.account(), entry);
        let id = entry.reversed_entry_id.parse().unwrap();
        let (_, own, granted, back) = self.model.earns[&id];
        let left = granted - back;
        let wanted = match op.ask {
            Ask::Reverse { amount, .. } if amount > 0 => amount,
            Ask::Reverse { .. } => left,
            Ask::Cancel { .. } => self.model.lots[&own].pending,
            _ => panic!("not asked for: {entry:?}"),
        };
        assert!(0 < wanted && wanted <= left, "{wanted} of {left}: {entry:?}");
        let mut taken = self.model.take_back(id, holder, post_time(entry), wanted);
        let found = sum(&taken);
        let owed = if account.asset().owes { wanted - found } else { 0 };
        taken.sort_unstable();
        assert_eq!(parts(entry), negative(&taken), "{entry:?}");
        assert_eq!(entry.debt_amount, owed, "{entry:?}");
        assert!(found + owed > 0, "{entry:?}");
        *self.model.debts.entry(holder).or_default() += owed;
        self.model.earns.get_mut(&id).unwrap().3 += found + owed;
        if let Some(Answer::Reverse(told)) = self.answer_to(entry) {
            assert_eq!(told.reversible_amount, left - found - owed, "{told:?}");
            assert_eq!((told.missing_amount, told.debt_amount), (wanted - found - owed, owed));
        }
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
            self.model.grant(holder, key, amount);
        } else {
            let taken = self.model.take(holder, now, -amount, None);
            assert_eq!(self.model.claw(&taken), -amount, "there was less: {entry:?}");
            assert_eq!(parts(entry), negative(&taken), "{entry:?}");
        }
    }

    pub(super) fn transfer(&mut self, out: &Entry, into: &Entry) {
        let op = self.cause_of(out);
        let Ask::Transfer { account, to, amount } = op.ask else {
            panic!("not asked for: {out:?}")
        };
        let (_, giver) = self.holder_of(account, out);
        let (_, receiver) = self.holder_of(Account { member: to, ..account }, into);
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
            self.model.grant(receiver, key, part);
        }
    }

    /// All that is left of every lot, with the holds on it, what waits in it and what is owed.
    pub(super) fn hand_over(&mut self, out: &Entry, into: &Entry) {
        let from = self.members.account(&out.member_id, &out.asset_code);
        let to = self.members.account(&into.member_id, &into.asset_code);
        assert!(from != to && self.leads_to(from.member, to), "{out:?}");
        let (giver, receiver) = (from.holder(), to.holder());
        let mut expected = Vec::new();
        for (key, lot) in self.model.lots.iter_mut().filter(|(_, lot)| lot.holder == giver) {
            lot.holder = receiver;
            let worth = lot.available + lot.held + lot.pending;
            if worth > 0 {
                expected.push((*key, worth));
            }
        }
        assert_eq!(parts(into), expected, "{into:?}");
        assert_eq!(parts(out), negative(&expected), "{out:?}");
        let debt = self.model.debts.remove(&giver).unwrap_or(0);
        assert_eq!((out.debt_amount, into.debt_amount), (-debt, debt));
        *self.model.debts.entry(receiver).or_default() += debt;
        for hold in self.model.holds.values_mut().filter(|hold| hold.holder == giver) {
            hold.holder = receiver;
        }
    }
}
