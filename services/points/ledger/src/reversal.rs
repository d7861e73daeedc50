use kernel::{Exact, Time};

use super::{CostCentre, EntryId, EntryKind, LotId, LotKey, MemberId};

/// An entry that is to be reversed, and what has been reversed of it already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversible {
    /// The entry.
    pub entry: EntryId,
    /// Whose entry it is: the member as it was then, before any merge.
    pub member: MemberId,
    /// What it did.
    pub kind: EntryKind,
    /// How much it moved, without its sign.
    pub amount: i64,
    /// How much of that has been reversed.
    pub reversed: i64,
    /// The lots that it granted or spent.
    pub parts: Vec<Part>,
    /// Whose cost it was.
    pub cost_centre: Option<CostCentre>,
}

/// A lot's part in an entry that is to be reversed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The lot.
    pub lot: LotId,
    /// When the lot expires.
    pub expire_time: Time,
    /// How much the entry took from the lot, or granted in it.
    pub amount: i64,
    /// How much of that has come back.
    pub reversed: i64,
}

impl Reversible {
    /// What is left of the entry to reverse.
    pub fn left(&self) -> i64 {
        self.amount.exact_sub(self.reversed)
    }

    /// Spreads `wanted` over the parts, those that expire last first: a customer who gives back a half keeps the half
    /// that lives longer.
    pub(super) fn spread(&self, wanted: i64) -> Vec<Part> {
        let mut parts: Vec<&Part> = self.parts.iter().collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.key()));
        let mut left = wanted;
        let mut spread = Vec::new();
        for part in parts {
            let amount = left.min(part.amount.exact_sub(part.reversed));
            if amount > 0 {
                left = left.exact_sub(amount);
                spread.push(Part { amount, ..part.clone() });
            }
        }
        assert!(
            left == 0,
            "entry {}: {left} of {wanted} found no lot to come back to",
            self.entry
        );
        spread
    }

    /// Notes that the given amounts have come back.
    pub(super) fn note(&mut self, spread: &[Part]) {
        for part in &mut self.parts {
            let back = spread
                .iter()
                .filter(|back| back.lot == part.lot)
                .fold(0_i64, |sum, b| sum.exact_add(b.amount));
            part.reversed = part.reversed.exact_add(back);
            assert!(
                part.reversed <= part.amount,
                "lot {} got back more than it paid",
                part.lot
            );
        }
        let back = spread.iter().fold(0_i64, |sum, part| sum.exact_add(part.amount));
        self.note_amount(back);
    }

    /// Notes that an amount has been reversed.
    pub(super) fn note_amount(&mut self, amount: i64) {
        self.reversed = self.reversed.exact_add(amount);
        assert!(
            self.reversed <= self.amount,
            "entry {} was reversed for more than it moved",
            self.entry
        );
    }
}

impl Part {
    /// The lot's place in the order of spending.
    pub fn key(&self) -> LotKey {
        (self.expire_time, self.lot)
    }
}

/// How much of `earned` a refunded order does not deserve: the same share of it as of the money, rounded down, so that
/// a full refund takes all of it and the parts of a refund never take more together. An order without money loses all
/// by its first refund.
pub(crate) fn due_back(earned: i64, paid: i64, refunded: i64) -> i64 {
    assert!(earned >= 0 && paid >= 0 && refunded >= 0);
    if refunded >= paid {
        return earned;
    }
    let share = i128::from(earned)
        .exact_mul(i128::from(refunded))
        .checked_div(i128::from(paid));
    share.and_then(|share| i64::try_from(share).ok()).unwrap_or(earned)
}

#[cfg(test)]
mod tests {
    use super::due_back;
    use proptest::prelude::*;

    #[test]
    fn the_share_follows_the_money() {
        assert_eq!(due_back(100, 30_000, 0), 0);
        assert_eq!(due_back(100, 30_000, 10_000), 33);
        assert_eq!(due_back(100, 30_000, 20_000), 66);
        assert_eq!(due_back(100, 30_000, 30_000), 100);
        assert_eq!(due_back(100, 30_000, 99_999), 100);
        assert_eq!(due_back(100, 0, 0), 100);
        assert_eq!(due_back(i64::MAX, i64::MAX, i64::MAX - 1), i64::MAX - 1);
    }

    proptest! {
        #[test]
        fn more_refunded_never_means_less_due_and_never_more_than_was_earned(
            earned in 0..i64::MAX, paid in 0..i64::MAX, first in 0..i64::MAX / 2, second in 0..i64::MAX / 2,
        ) {
            let (part, whole) = (due_back(earned, paid, first), due_back(earned, paid, first + second));
            prop_assert!(0 <= part && part <= whole && whole <= earned);
        }
    }
}
