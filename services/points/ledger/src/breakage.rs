use kernel::Exact;

use super::{CalendarMonth, EntryKind};

/// What became of what was granted in one month. Amounts are without their signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cohort {
    /// What was granted, less what was taken back.
    pub issued: i128,
    /// What was spent, less what was given back.
    pub redeemed: i128,
    /// What expired.
    pub expired: i128,
}

/// What is expected to expire of what is outstanding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breakage {
    /// Of a million that were granted in cohorts of which nothing is outstanding, so many expired.
    pub rate_ppm: i128,
    /// So much of what is outstanding is expected to expire.
    pub expected: i128,
    /// What can still be spent or expire.
    pub outstanding: i128,
}

const MILLION: i128 = 1_000_000;

impl Cohort {
    /// Adds what entries of one kind did to lots of the cohort, with their sign.
    pub fn add(&mut self, kind: EntryKind, amount: i128) {
        match kind {
            // What is owed is taken back later. A transfer grants anew what it takes, in the month of the transfer.
            EntryKind::Earn
            | EntryKind::EarnReversal
            | EntryKind::DebtRepayment
            | EntryKind::TransferOut
            | EntryKind::TransferIn
            | EntryKind::Adjustment => self.issued = self.issued.exact_add(amount),
            EntryKind::Redeem | EntryKind::RedeemReversal => self.redeemed = self.redeemed.exact_sub(amount),
            EntryKind::Expire => self.expired = self.expired.exact_sub(amount),
            // What one member gives another one gets.
            EntryKind::MoveOut | EntryKind::MoveIn => {}
        }
    }

    /// What of it can still be spent or expire.
    pub fn outstanding(&self) -> i128 {
        self.issued.exact_sub(self.redeemed).exact_sub(self.expired)
    }
}

/// The breakage rate of the cohorts that have run out, and what follows from it for the others.
///
/// Breakage is the share of customers' rights that they are expected not to exercise (IFRS 15 B44-B47, ASC 606-10-55-46 to
/// 49). The rate is what expired over what was granted, of the cohorts of which nothing is outstanding: a cohort that has not
/// run out would let it look too small, for spending comes before expiry. Of each other cohort that share of what was
/// granted, less what has expired already, is expected to expire, and never more than is outstanding.
pub fn breakage(cohorts: &[(CalendarMonth, Cohort)]) -> Breakage {
    let (mut issued, mut expired) = (0_i128, 0_i128);
    for (_, cohort) in cohorts.iter().filter(|(_, cohort)| cohort.outstanding() == 0) {
        issued = issued.exact_add(cohort.issued);
        expired = expired.exact_add(cohort.expired);
    }
    let share = |amount: i128| share(amount, expired, issued);
    let mut found = Breakage {
        rate_ppm: share(MILLION),
        ..Breakage::default()
    };
    for (_, cohort) in cohorts {
        let outstanding = cohort.outstanding();
        let to_come = share(cohort.issued).exact_sub(cohort.expired).max(0);
        found.outstanding = found.outstanding.exact_add(outstanding);
        found.expected = found.expected.exact_add(to_come.min(outstanding));
    }
    found
}

/// `amount * part / whole`, rounded down; 0 of no whole. The product of two sums over all members may not fit into 128 bits:
/// part and whole are halved then until it does, and have some thirty binary digits left at the least.
fn share(amount: i128, part: i128, whole: i128) -> i128 {
    let (mut part, mut whole) = (part, whole);
    loop {
        if let Some(product) = amount.checked_mul(part) {
            return product.checked_div(whole).unwrap_or(0);
        }
        (part, whole) = (part.div_euclid(2), whole.div_euclid(2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_sums_whose_product_fits_nowhere_is_a_share_all_the_same() {
        assert_eq!(share(7, 1, 2), 3);
        assert_eq!(share(7, 1, 0), 0);
        let huge = 1_i128 << 100;
        assert_eq!(share(huge, huge / 4, huge), huge / 4);
    }

    fn cohort(issued: i128, redeemed: i128, expired: i128) -> (CalendarMonth, Cohort) {
        let cohort = Cohort {
            issued,
            redeemed,
            expired,
        };
        (CalendarMonth::from_number(1), cohort)
    }

    #[test]
    fn what_ran_out_says_what_will_become_of_the_rest() {
        // 40 of 200 expired: 20 %.
        let past = [cohort(100, 70, 30), cohort(100, 90, 10)];
        let found = breakage(&past);
        assert_eq!((found.rate_ppm, found.expected, found.outstanding), (200_000, 0, 0));
        // 20 of 100 are to expire; 5 have. Of the other one, 20 are to expire, but 3 are left.
        let open = [past[0], past[1], cohort(100, 40, 5), cohort(100, 97, 0)];
        let found = breakage(&open);
        assert_eq!(
            (found.rate_ppm, found.expected, found.outstanding),
            (200_000, 15 + 3, 55 + 3)
        );
    }

    #[test]
    fn without_a_cohort_that_ran_out_nothing_is_expected() {
        assert_eq!(breakage(&[]), Breakage::default());
        let found = breakage(&[cohort(100, 0, 50)]);
        assert_eq!((found.rate_ppm, found.expected, found.outstanding), (0, 0, 50));
    }
}
