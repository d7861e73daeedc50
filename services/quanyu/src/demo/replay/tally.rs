//! What the replay has done, by its own count: the other side of every comparison.

use std::collections::{BTreeMap, BTreeSet};

use crate::demo::people::Shop;

/// How many complaints are kept word for word.
const COMPLAINTS_MAX: usize = 20;
/// Who ordered more often makes too long a story.
const ORDERS_TOLD_MAX: u64 = 15;

/// The replay's own count.
#[derive(Debug, Default)]
pub(in crate::demo) struct Tally {
    /// Arrivals that made a new member.
    pub(in crate::demo) created: u64,
    /// Arrivals that linked a further id to a member.
    pub(in crate::demo) linked: u64,
    /// Arrivals that merged two members.
    pub(in crate::demo) merged: u64,
    /// Activities that were sent.
    pub(in crate::demo) sent: u64,
    /// Activities that the platform says it has recorded.
    pub(in crate::demo) recorded: u64,
    pub(in crate::demo) coupons_redeemed: u64,
    pub(in crate::demo) coupons_returned: u64,
    pub(in crate::demo) redemptions: u64,
    pub(in crate::demo) points_redeemed: i64,
    pub(in crate::demo) points_returned: i64,
    /// What went otherwise than planned, the first ones in words.
    pub(in crate::demo) complaints: Vec<String>,
    pub(in crate::demo) complaint_count: u64,
    seen: BTreeMap<u32, Seen>,
}

/// Something in a customer's story besides orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deed {
    Merge,
    Refund,
    Coupon,
    Redemption,
}

/// What has happened to a customer.
#[derive(Clone, Debug, Default)]
struct Seen {
    orders: u64,
    shops: BTreeSet<Shop>,
    deeds: BTreeSet<Deed>,
}

impl Seen {
    /// How much there is to tell: of many kinds of things rather than often the same. Too many orders make a long story.
    fn richness(&self) -> u64 {
        let kinds = self.deeds.len().saturating_add(self.shops.len());
        let orders = if self.orders <= ORDERS_TOLD_MAX { self.orders } else { 0 };
        u64::try_from(kinds)
            .unwrap_or(0)
            .saturating_mul(100)
            .saturating_add(orders)
    }
}

impl Tally {
    pub(super) fn saw_order(&mut self, customer: u32, shop: Shop) {
        let seen = self.seen.entry(customer).or_default();
        seen.orders = seen.orders.saturating_add(1);
        seen.shops.insert(shop);
    }

    pub(super) fn saw(&mut self, customer: u32, deed: Deed) {
        self.seen.entry(customer).or_default().deeds.insert(deed);
    }

    pub(super) fn complain(&mut self, complaint: String) {
        self.complaint_count = self.complaint_count.saturating_add(1);
        if self.complaints.len() < COMPLAINTS_MAX {
            self.complaints.push(complaint);
        }
    }

    /// The customer with the most to tell; of equals, the first.
    pub(in crate::demo) fn richest(&self) -> Option<u32> {
        let richest = self
            .seen
            .iter()
            .max_by_key(|(customer, seen)| (seen.richness(), std::cmp::Reverse(**customer)));
        richest.map(|(customer, _)| *customer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_kinds_of_things_make_a_richer_story_than_many_orders() {
        let mut tally = Tally::default();
        (0..12).for_each(|_| tally.saw_order(1, Shop::Pos));
        tally.saw_order(2, Shop::Pos);
        tally.saw(2, Deed::Coupon);
        assert_eq!(tally.richest(), Some(2));
        tally.saw_order(3, Shop::Pos);
        tally.saw(3, Deed::Coupon);
        assert_eq!(tally.richest(), Some(2), "the first of equals");
    }
}
