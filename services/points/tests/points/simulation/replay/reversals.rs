//! What comes back of a spend, and what is taken back of an earn.

use contracts_points::v1::Entry;
use ledger::{EntryId, LotId, LotKey};

use super::{Effect, Replay, negative, parts, post_time, sum};
use crate::simulation::answer::Answer;
use crate::simulation::ask::Ask;
use crate::simulation::model::Whereabouts;
use crate::simulation::pools::Pool;

impl Replay {
    /// Of what a spend took, that comes back which expires last: to its lots, or in one new lot in the place of those that have
    /// expired or are somebody else's by now.
    pub(super) fn give_back(&mut self, entry: &Entry) {
        let op = self.cause_of(entry);
        let (account, amount) = match op.ask {
            Ask::Reverse { account, amount, .. } => (account, amount),
            Ask::GiveBack { pool, amount, .. } => (Pool::account(pool), amount),
            _ => panic!("not asked for: {entry:?}"),
        };
        let (account, holder) = self.holder_of(account, entry);
        let (now, reversed) = (post_time(entry), entry.reversed_entry_id.parse().unwrap());
        let grace_end = account.asset().grace_end(now);
        let is_due = |key: &LotKey| key.0 <= now;
        let before = self.model.spends[&reversed].1.clone();
        let left: i64 = before.iter().map(|part| part.amount - part.back).sum();
        let wanted = if amount == 0 { left } else { amount };
        assert!(0 < wanted && wanted <= left, "{wanted} of {left}: {entry:?}");
        let family = &self.family;
        // An empty lot is at home where that leads to whom it belongs to, and not to the member who emptied it.
        let is_here = |key: &LotKey, lot: &Whereabouts| match lot.is_empty() {
            true => family.leads.of(family.belongs[key]) == account.member,
            false => lot.holder == holder,
        };
        let replaces = |key: &LotKey, lot: &Whereabouts| (is_due(key) && grace_end.is_some()) || !is_here(key, lot);
        let replaced = self.model.give_back_unless(reversed, wanted, replaces);
        let mut expected: Vec<(LotKey, i64)> = Vec::new();
        for part in self.model.spends[&reversed].1.clone() {
            let was = before.iter().find(|it| it.lot == part.lot).unwrap().back;
            if part.back > was && replaced.iter().all(|(key, _)| *key != part.lot) {
                expected.push((part.lot, part.back - was));
                self.model.lots.get_mut(&part.lot).unwrap().holder = holder;
            }
        }
        self.see(
            "reversals of lots elsewhere",
            replaced.iter().any(|(key, _)| !is_due(key)),
        );
        let mut expired = sum(&expected
            .iter()
            .copied()
            .filter(|(key, _)| is_due(key))
            .collect::<Vec<_>>());
        let ends = replaced
            .iter()
            .map(|(key, _)| grace_end.filter(|_| is_due(key)).unwrap_or(key.0));
        if let Some(end) = ends.max() {
            let id: EntryId = entry.entry_id.parse().unwrap();
            let (key, amount) = ((end, LotId::from_uuid(id.uuid())), sum(&replaced));
            let spender = self.entries[&entry.reversed_entry_id].member_id.clone();
            let spender = self.members.account(&spender, &entry.asset_code).member;
            self.grant(holder, key, amount, spender);
            expected.push((key, amount));
            expired += if is_due(&key) { amount } else { 0 };
        }
        expected.sort_unstable();
        assert_eq!(parts(entry), expected, "{entry:?}");
        let told = match self.answer_to(entry) {
            Some(Answer::Reverse(told)) => {
                assert_eq!((told.missing_amount, told.debt_amount), (0, 0));
                (told.expired_amount, told.reversible_amount)
            }
            Some(Answer::GiveBack(told)) => (told.expired_amount, told.reversible_amount),
            _ => panic!("not a reversal: {entry:?}"),
        };
        assert_eq!(told, (expired, left - wanted), "{entry:?}");
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
}
