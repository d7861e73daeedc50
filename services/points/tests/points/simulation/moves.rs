//! How the model moves where the service does several things at once: by a capture, and by the reversal of an earn.

use kernel::Time;
use ledger::{EntryId, HoldId, LotKey};

use super::model::{Model, Whereabouts};

impl Whereabouts {
    /// Whether nothing of it counts for its holder's balance.
    pub(crate) fn is_empty(&self) -> bool {
        self.available + self.held + self.pending == 0
    }
}

impl Model {
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
}
