//! The plain model: where every unit of each lot has gone.

use super::*;

/// Where the units of a lot are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Whereabouts {
    pub(super) holder: usize,
    pub(super) granted: i64,
    pub(super) available: i64,
    pub(super) held: i64,
    pub(super) pending: i64,
    pub(super) spent: i64,
    pub(super) expired: i64,
    pub(super) clawed: i64,
    pub(super) given: i64,
}

/// What a spend took from a lot, and how much of that has come back.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) lot: LotKey,
    pub(super) amount: i64,
    pub(super) back: i64,
}

#[derive(Clone, Debug)]
pub(super) struct ModelHold {
    pub(super) holder: usize,
    pub(super) parts: Vec<(LotKey, i64)>,
    pub(super) deadline: Time,
    pub(super) open: bool,
}

#[derive(Default)]
pub(super) struct Model {
    pub(super) lots: BTreeMap<LotKey, Whereabouts>,
    pub(super) spends: BTreeMap<EntryId, (usize, Vec<Taken>)>,
    /// An earn's own lot, how much it granted, and how much of that was taken back.
    pub(super) earns: BTreeMap<EntryId, (usize, LotKey, i64, i64)>,
    pub(super) holds: BTreeMap<HoldId, ModelHold>,
    pub(super) debts: BTreeMap<usize, i64>,
    /// Whose, in which lot, and until when; what is pending is in the lot.
    pub(super) waiting: BTreeMap<EntryId, (usize, LotKey, Option<Time>)>,
}

impl Model {
    pub(super) fn debt(&self, holder: usize) -> i64 {
        self.debts.get(&holder).copied().unwrap_or(0)
    }

    /// What is available goes towards what is owed.
    pub(super) fn repay(&mut self, holder: usize, now: Time) {
        let taken = self.take(holder, now, self.debt(holder), None);
        let repaid = self.claw(&taken);
        *self.debts.entry(holder).or_default() -= repaid;
    }

    pub(super) fn claw(&mut self, taken: &[(LotKey, i64)]) -> i64 {
        for (key, part) in taken {
            self.lots.get_mut(key).unwrap().clawed += part;
        }
        taken.iter().map(|(_, part)| part).sum()
    }

    pub(super) fn grant(&mut self, holder: usize, key: LotKey, amount: i64) {
        let lot = Whereabouts {
            holder,
            granted: amount,
            available: amount,
            ..Whereabouts::default()
        };
        assert_eq!(self.lots.insert(key, lot), None);
    }

    pub(super) fn available(&self, holder: usize, now: Time) -> i64 {
        let lots = self
            .lots
            .iter()
            .filter(|((expire_time, _), lot)| lot.holder == holder && *expire_time > now);
        lots.map(|(_, lot)| lot.available).sum()
    }

    /// Takes from what is available, `own` first, then what expires first; answers what came from where.
    pub(super) fn take(&mut self, holder: usize, now: Time, amount: i64, own: Option<LotKey>) -> Vec<(LotKey, i64)> {
        let mut order: Vec<LotKey> = self.lots.keys().copied().collect();
        order.sort_by_key(|key| (Some(*key) != own, *key));
        let (mut left, mut taken) = (amount, Vec::new());
        for key in order {
            let lot = self.lots.get_mut(&key).unwrap();
            let part = left.min(lot.available);
            if lot.holder == holder && key.0 > now && part > 0 {
                lot.available -= part;
                left -= part;
                taken.push((key, part));
            }
        }
        taken
    }

    pub(super) fn expire(&mut self, now: Time) {
        for (_, lot) in self.lots.iter_mut().filter(|((expire_time, _), _)| *expire_time <= now) {
            lot.expired += lot.available;
            lot.available = 0;
        }
    }

    /// Gives back what a spend took, from what expires last.
    pub(super) fn give_back(&mut self, entry: EntryId, amount: i64) {
        let (_, taken) = self.spends.get_mut(&entry).unwrap();
        taken.sort_by_key(|part| std::cmp::Reverse(part.lot));
        let mut left = amount;
        for part in taken {
            let back = left.min(part.amount - part.back);
            part.back += back;
            left -= back;
            let lot = self.lots.get_mut(&part.lot).unwrap();
            lot.spent -= back;
            lot.available += back;
        }
        assert_eq!(left, 0);
    }

    pub(super) fn put_back(&mut self, parts: &[(LotKey, i64)]) {
        for (key, amount) in parts {
            let lot = self.lots.get_mut(key).unwrap();
            lot.held -= amount;
            lot.available += amount;
        }
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
}

impl Model {
    pub(super) fn spend(&mut self, entry: &Entry, holder: usize, taken: &[(LotKey, i64)]) {
        for (key, part) in taken {
            self.lots.get_mut(key).unwrap().spent += part;
        }
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
