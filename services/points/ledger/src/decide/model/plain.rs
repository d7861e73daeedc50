//! The plain model: where every unit of each lot has gone.
//!
//! The simulation of the service reads this file as well, as a module of its own.

use std::collections::BTreeMap;

use kernel::Time;

use super::{EntryId, HoldId, LotKey};

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

    /// Gives back what a spend took, from what expires last. Lots in whose place a new one comes stay as they are; answers for
    /// which of them it gets how much.
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

    pub(crate) fn put_back(&mut self, parts: &[(LotKey, i64)]) {
        for (key, amount) in parts {
            let lot = self.lots.get_mut(key).unwrap();
            lot.held -= amount;
            lot.available += amount;
        }
    }
}
