//! The model beside the ledger: what the two must have in common after each command.

use super::plain::{Taken, Whereabouts};
use super::*;

impl Model {
    /// What is available goes towards what is owed.
    pub(super) fn repay(&mut self, holder: usize, now: Time) {
        let taken = self.take(holder, now, self.debt(holder), None);
        let repaid = self.claw(&taken);
        *self.debts.entry(holder).or_default() -= repaid;
    }

    pub(super) fn expire(&mut self, now: Time) {
        for (_, lot) in self.lots.iter_mut().filter(|((expire_time, _), _)| *expire_time <= now) {
            lot.expired += lot.available;
            lot.available = 0;
        }
    }

    /// Gives back what a spend took, from what expires last, to the very lots.
    pub(super) fn give_back(&mut self, entry: EntryId, amount: i64) {
        self.give_back_unless(entry, amount, |_, _| false);
    }

    pub(super) fn check(&self, ledger: &Ledger) {
        for lot in self.lots.values() {
            let Whereabouts {
                available,
                held,
                pending,
                spent,
                expired,
                clawed,
                given,
                ..
            } = *lot;
            assert!(
                [available, held, pending, spent, expired, clawed]
                    .iter()
                    .all(|part| *part >= 0)
            );
            assert_eq!(
                available + held + pending + spent + expired + clawed + given,
                lot.granted
            );
        }
        for holder in HOLDERS {
            let account = ledger.state.account(&ledger.key_of(holder));
            let mine = || self.lots.iter().filter(|(_, lot)| lot.holder == holder);
            for (key, lot) in mine() {
                let found = account.lot(*key).unwrap();
                assert_eq!(
                    (found.remaining, found.held, found.pending, found.granted),
                    (lot.available, lot.held, lot.pending, lot.granted)
                );
            }
            assert_eq!(
                account.balance,
                mine()
                    .map(|(_, lot)| lot.available + lot.held + lot.pending)
                    .sum::<i64>()
            );
            assert_eq!(account.debt, self.debt(holder));
            let now = ledger.state.now;
            assert!(
                account.debt == 0 || self.available(holder, now) == 0,
                "who owes has nothing to spend"
            );
            assert_eq!(account.held, mine().map(|(_, lot)| lot.held).sum::<i64>());
        }
    }

    pub(super) fn spend(&mut self, entry: &Entry, holder: usize, taken: &[(LotKey, i64)]) {
        for (key, part) in taken {
            self.lots.get_mut(key).unwrap().spent += part;
        }
        self.note_spend(entry, holder, taken);
    }

    pub(super) fn note_spend(&mut self, entry: &Entry, holder: usize, taken: &[(LotKey, i64)]) {
        let parts = taken.iter().map(|&(lot, amount)| Taken { lot, amount, back: 0 });
        self.spends.insert(entry.id, (holder, parts.collect()));
        let booked: Vec<(LotKey, i64)> = entry
            .lots
            .iter()
            .map(|part| ((part.expire_time, part.lot), -part.amount))
            .collect();
        let taken: Vec<(LotKey, i64)> = taken.iter().filter(|(_, part)| *part > 0).copied().collect();
        assert_eq!(booked, taken, "the entry lists the lots that paid");
    }

    /// What is due expires when somebody touches the account, and an earn does not touch it: *when* it is posted is the
    /// ledger's to decide, *what* is posted is not.
    pub(super) fn settle_like_the_ledger(&mut self, ledger: &Ledger, holder: usize) {
        let account = ledger.state.account(&ledger.key_of(holder));
        let due = account.open_lots().any(|lot| lot.is_due(ledger.state.now));
        if !due {
            let now = ledger.state.now;
            let others: Vec<(LotKey, Whereabouts)> = self
                .lots
                .iter()
                .filter(|(_, lot)| lot.holder != holder)
                .map(|(key, lot)| (*key, lot.clone()))
                .collect();
            self.expire(now);
            self.lots.extend(others);
        }
    }
}
