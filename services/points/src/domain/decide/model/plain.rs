//! The plain model: where every unit of each lot has gone.

use super::*;

/// Where the units of a lot are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Whereabouts {
    pub(crate) holder: usize,
    pub(crate) granted: i64,
    pub(crate) available: i64,
    pub(crate) held: i64,
    pub(crate) pending: i64,
    pub(crate) spent: i64,
    pub(crate) expired: i64,
    pub(crate) clawed: i64,
    pub(crate) given: i64,
}

/// What a spend took from a lot, and how much of that has come back.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) lot: LotKey,
    pub(crate) amount: i64,
    pub(crate) back: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct ModelHold {
    pub(crate) holder: usize,
    pub(crate) parts: Vec<(LotKey, i64)>,
    pub(crate) deadline: Time,
    pub(crate) open: bool,
}

impl Whereabouts {
    /// Whether nothing of it counts for its holder's balance.
    pub(crate) fn is_empty(&self) -> bool {
        self.available + self.held + self.pending == 0
    }
}

#[derive(Default)]
pub(crate) struct Model {
    pub(crate) lots: BTreeMap<LotKey, Whereabouts>,
    pub(crate) spends: BTreeMap<EntryId, (usize, Vec<Taken>)>,
    /// An earn's own lot, how much it granted, and how much of that was taken back.
    pub(crate) earns: BTreeMap<EntryId, (usize, LotKey, i64, i64)>,
    pub(crate) holds: BTreeMap<HoldId, ModelHold>,
    pub(crate) debts: BTreeMap<usize, i64>,
    /// Whose, in which lot, and until when; what is pending is in the lot.
    pub(crate) waiting: BTreeMap<EntryId, (usize, LotKey, Option<Time>)>,
}

impl Model {
    pub(crate) fn debt(&self, holder: usize) -> i64 {
        self.debts.get(&holder).copied().unwrap_or(0)
    }

    /// What is available goes towards what is owed.
    pub(super) fn repay(&mut self, holder: usize, now: Time) {
        let taken = self.take(holder, now, self.debt(holder), None);
        let repaid = self.claw(&taken);
        *self.debts.entry(holder).or_default() -= repaid;
    }

    pub(crate) fn claw(&mut self, taken: &[(LotKey, i64)]) -> i64 {
        for (key, part) in taken {
            self.lots.get_mut(key).unwrap().clawed += part;
        }
        taken.iter().map(|(_, part)| part).sum()
    }

    pub(crate) fn grant(&mut self, holder: usize, key: LotKey, amount: i64) {
        let lot = Whereabouts {
            holder,
            granted: amount,
            available: amount,
            ..Whereabouts::default()
        };
        assert_eq!(self.lots.insert(key, lot), None);
    }

    pub(crate) fn available(&self, holder: usize, now: Time) -> i64 {
        let lots = self
            .lots
            .iter()
            .filter(|((expire_time, _), lot)| lot.holder == holder && *expire_time > now);
        lots.map(|(_, lot)| lot.available).sum()
    }

    /// Takes from what is available, `own` first, then what expires first; answers what came from where.
    pub(crate) fn take(&mut self, holder: usize, now: Time, amount: i64, own: Option<LotKey>) -> Vec<(LotKey, i64)> {
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
        self.give_back_unless(entry, amount, |_, _| false);
    }

    /// The same, but lots in whose place a new one comes stay as they are; answers for which of them it gets how much.
    pub(crate) fn give_back_unless(
        &mut self,
        entry: EntryId,
        amount: i64,
        is_replaced: impl Fn(&LotKey, &Whereabouts) -> bool,
    ) -> Vec<(LotKey, i64)> {
        let (_, taken) = self.spends.get_mut(&entry).unwrap();
        taken.sort_by_key(|part| std::cmp::Reverse(part.lot));
        let (mut left, mut replaced) = (amount, Vec::new());
        for part in taken {
            let back = left.min(part.amount - part.back);
            part.back += back;
            left -= back;
            let lot = self.lots.get_mut(&part.lot).unwrap();
            if is_replaced(&part.lot, lot) {
                replaced.push((part.lot, back));
                continue;
            }
            lot.spent -= back;
            lot.available += back;
        }
        assert_eq!(left, 0);
        replaced.retain(|(_, back)| *back > 0);
        replaced
    }

    /// Spends a hold, from what expires first, and ends it: what of it is not spent comes back. Answers what paid.
    pub(crate) fn capture(&mut self, id: HoldId, amount: i64) -> Vec<(LotKey, i64)> {
        let hold = self.holds.get_mut(&id).unwrap();
        hold.open = false;
        let (mut left, mut paid, mut rest) = (amount, Vec::new(), Vec::new());
        for (key, part) in &hold.parts {
            let pays = left.min(*part);
            left -= pays;
            paid.push((*key, pays));
            rest.push((*key, part - pays));
        }
        assert_eq!(left, 0);
        paid.retain(|(_, part)| *part > 0);
        for (key, part) in &paid {
            let lot = self.lots.get_mut(key).unwrap();
            lot.held -= part;
            lot.spent += part;
        }
        self.put_back(&rest);
        paid
    }

    /// Takes an earn back: from what of it is pending, from its own lot, from what expires first. Answers what came from
    /// where, in that order; the rest is missing, or owed.
    pub(crate) fn take_back(&mut self, entry: EntryId, holder: usize, now: Time, amount: i64) -> Vec<(LotKey, i64)> {
        let (_, own, ..) = self.earns[&entry];
        let lot = self.lots.get_mut(&own).unwrap();
        let waiting = lot.pending.min(amount);
        lot.pending -= waiting;
        let mut taken = vec![(own, waiting)];
        taken.retain(|(_, part)| *part > 0);
        taken.extend(self.take(holder, now, amount - waiting, Some(own)));
        self.claw(&taken);
        taken
    }

    pub(crate) fn put_back(&mut self, parts: &[(LotKey, i64)]) {
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
