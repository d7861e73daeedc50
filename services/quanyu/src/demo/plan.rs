//! What happens when: the whole replay as a value, decided before anything is sent.
//!
//! Pure. Because the plan says what must come of it, the demo can compare every figure of the platform with it.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::Time;

use super::cdnow::Purchase;
use super::dice::Dice;
use super::people::{Person, Recognition, Shop};

/// A day on which something happens, in the order of the calendar.
#[derive(Debug, Default)]
pub(super) struct Day {
    /// Who turns up, in this order.
    pub(super) arrivals: Vec<Arrival>,
    pub(super) orders: Vec<Order>,
    pub(super) refunds: Vec<Refund>,
}

/// A person turns up in a shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) customer: u32,
    pub(super) shop: Shop,
    /// Whether the shop learns who it is: then phone, union id and card number come along.
    pub(super) is_recognised: bool,
}

/// A person buys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// The row of the purchase; the order's number.
    pub(super) row: u32,
    pub(super) customer: u32,
    pub(super) shop: Shop,
    pub(super) occur_time: Time,
    pub(super) items: i64,
    pub(super) cents: i64,
    /// Whether the person looks for a coupon to use.
    pub(super) uses_coupon: bool,
    /// Whether the person spends points with it.
    pub(super) redeems_points: bool,
}

/// A person gets money back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refund {
    /// The order's row.
    pub(super) row: u32,
    pub(super) customer: u32,
    pub(super) shop: Shop,
    pub(super) occur_time: Time,
    pub(super) cents: i64,
    /// Whether all of the order is given back: then its coupon and its points come back too.
    pub(super) is_whole: bool,
}

/// What must come of the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Expected {
    /// How many people there are in truth.
    pub(super) people: u64,
    /// How many members the brand can know them as.
    pub(super) members: u64,
    /// How many members were registered, those that were merged later among them.
    pub(super) registrations: u64,
    /// How often two members turn out to be one.
    pub(super) merges: u64,
    /// By shop: orders and refunds.
    pub(super) shops: BTreeMap<Shop, ShopFigures>,
}

/// Orders and refunds of a shop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ShopFigures {
    pub(super) orders: i64,
    pub(super) sales_cents: i64,
    pub(super) refunds: i64,
    pub(super) refund_cents: i64,
}

/// The replay.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) people: BTreeMap<u32, Person>,
    pub(super) days: BTreeMap<Time, Day>,
    pub(super) expected: Expected,
}

/// Of the orders of somebody who also buys elsewhere.
const ELSEWHERE_PERCENT: u64 = 45;
const REFUND_PERCENT: u64 = 3;
const WHOLE_REFUND_PERCENT: u64 = 60;
const COUPON_PERCENT: u64 = 12;
const REDEEM_PERCENT: u64 = 10;
/// Who came anonymously and did not come back to that shop signs in there after so many days.
const SIGN_IN_DAYS: i64 = 21;
/// The shops are open from 9 to 22 o'clock in Beijing, which is from 1 to 14 o'clock UTC on the same date.
const OPENING: Duration = Duration::from_hours(1);
const OPEN_SECONDS: u64 = 13 * 60 * 60;
/// Orders have dice of their own, so that one more purchase of a customer changes no other.
const ORDER_SALT: u64 = 0x0D0E_5EED;

impl Plan {
    /// Plans the replay of these purchases, sorted by customer and day.
    pub(super) fn new(purchases: &[Purchase], seed: u64) -> Self {
        let mut plan = Self {
            people: BTreeMap::new(),
            days: BTreeMap::new(),
            expected: Expected::default(),
        };
        for purchases in purchases.chunk_by(|a, b| a.customer == b.customer) {
            plan.add(purchases, seed);
        }
        plan
    }

    /// Adds what one customer does.
    fn add(&mut self, purchases: &[Purchase], seed: u64) {
        let Some(customer) = purchases.first().map(|purchase| purchase.customer) else {
            return;
        };
        let person = Person::draw(seed, customer);
        let mut visits = Visits::default();
        for purchase in purchases {
            let mut dice = Dice::of(seed ^ ORDER_SALT, u64::from(purchase.row));
            let shop = visits.choose(&person, &mut dice);
            if let Some(arrival) = visits.enter(&person, shop, purchase.day) {
                self.arrive(purchase.day, arrival);
            }
            self.order(purchase, shop, &mut dice);
        }
        for (shop, first_visit) in visits.anonymous {
            let day = first_visit.plus_days(SIGN_IN_DAYS);
            self.arrive(
                day,
                Arrival {
                    customer,
                    shop,
                    is_recognised: true,
                },
            );
            visits.merges = visits.merges.saturating_add(1);
        }
        self.expected.people = self.expected.people.saturating_add(1);
        self.expected.registrations = self.expected.registrations.saturating_add(visits.registrations);
        self.expected.merges = self.expected.merges.saturating_add(visits.merges);
        self.expected.members = self.expected.registrations.saturating_sub(self.expected.merges);
        self.people.insert(customer, person);
    }

    fn arrive(&mut self, day: Time, arrival: Arrival) {
        self.days.entry(day).or_default().arrivals.push(arrival);
    }

    fn order(&mut self, purchase: &Purchase, shop: Shop, dice: &mut Dice) {
        let &Purchase {
            row,
            customer,
            day,
            items,
            cents,
        } = purchase;
        let occur_time = day
            .plus(OPENING)
            .plus(Duration::from_secs(dice.between(0, OPEN_SECONDS)));
        let (uses_coupon, redeems_points) = (dice.chance(COUPON_PERCENT), dice.chance(REDEEM_PERCENT));
        self.days.entry(day).or_default().orders.push(Order {
            row,
            customer,
            shop,
            occur_time,
            items,
            cents,
            uses_coupon,
            redeems_points,
        });
        let figures = self.expected.shops.entry(shop).or_default();
        figures.orders = figures.orders.saturating_add(1);
        figures.sales_cents = figures.sales_cents.saturating_add(cents);
        if cents > 0 && dice.chance(REFUND_PERCENT) {
            self.refund(purchase, shop, occur_time, dice);
        }
    }

    fn refund(&mut self, purchase: &Purchase, shop: Shop, order_time: Time, dice: &mut Dice) {
        let &Purchase {
            row,
            customer,
            day,
            cents,
            ..
        } = purchase;
        let days = i64::try_from(dice.between(2, 14)).unwrap_or(2);
        let is_whole = dice.chance(WHOLE_REFUND_PERCENT);
        let percent = i64::try_from(dice.between(30, 70)).unwrap_or(50);
        let part = cents.saturating_mul(percent).checked_div(100).unwrap_or(0).max(1);
        let cents = if is_whole { cents } else { part };
        let occur_time = order_time.plus_days(days);
        let refund = Refund {
            row,
            customer,
            shop,
            occur_time,
            cents,
            is_whole,
        };
        self.days.entry(day.plus_days(days)).or_default().refunds.push(refund);
        let figures = self.expected.shops.entry(shop).or_default();
        figures.refunds = figures.refunds.saturating_add(1);
        figures.refund_cents = figures.refund_cents.saturating_add(cents);
    }
}

/// Where one customer has been so far.
#[derive(Default)]
struct Visits {
    known: Vec<Shop>,
    /// Visited once, without saying who it was, and since when.
    anonymous: BTreeMap<Shop, Time>,
    registrations: u64,
    merges: u64,
}

impl Visits {
    /// The shop of the next order: the first one is at home.
    fn choose(&self, person: &Person, dice: &mut Dice) -> Shop {
        let elsewhere = dice.chance(ELSEWHERE_PERCENT) && !self.known.is_empty();
        let away = elsewhere.then(|| dice.pick(&person.away)).flatten();
        away.map_or(person.home, |away| away.shop)
    }

    /// What the visit to a shop tells it; none where it knows the person already.
    fn enter(&mut self, person: &Person, shop: Shop, day: Time) -> Option<Arrival> {
        let customer = person.customer;
        if self.anonymous.remove(&shop).is_some() {
            self.merges = self.merges.saturating_add(1);
            return Some(Arrival {
                customer,
                shop,
                is_recognised: true,
            });
        }
        if self.known.contains(&shop) {
            return None;
        }
        self.known.push(shop);
        let recognition = person
            .away
            .iter()
            .find(|away| away.shop == shop)
            .map(|away| away.recognition);
        let (registers, is_recognised) = match recognition {
            None => (true, true),
            Some(Recognition::AtOnce) => (false, true),
            Some(Recognition::Later) => {
                self.anonymous.insert(shop, day);
                (true, false)
            }
            Some(Recognition::Never) => (true, false),
        };
        self.registrations = self.registrations.saturating_add(u64::from(registers));
        Some(Arrival {
            customer,
            shop,
            is_recognised,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::super::cdnow;
    use super::*;

    fn plan(seed: u64) -> Plan {
        Plan::new(&cdnow::purchases().unwrap(), seed)
    }

    #[test]
    fn every_purchase_becomes_one_order_on_its_day_for_its_amount() {
        let plan = plan(1);
        let planned: BTreeMap<u32, (Time, u32, i64)> = plan
            .days
            .iter()
            .flat_map(|(day, at)| {
                at.orders
                    .iter()
                    .map(|order| (order.row, (*day, order.customer, order.cents)))
            })
            .collect();
        let bought = cdnow::purchases().unwrap();
        assert_eq!(
            planned,
            bought.iter().map(|p| (p.row, (p.day, p.customer, p.cents))).collect()
        );
        assert_eq!(
            plan.expected.shops.values().map(|shop| shop.sales_cents).sum::<i64>(),
            250_031_563
        );
        assert_eq!(plan.expected.people, 23_570);
    }

    #[test]
    fn nobody_orders_in_a_shop_before_arriving_there() {
        let plan = plan(1);
        let mut arrived = BTreeSet::new();
        for day in plan.days.values() {
            arrived.extend(day.arrivals.iter().map(|arrival| (arrival.customer, arrival.shop)));
            assert!(
                day.orders
                    .iter()
                    .all(|order| arrived.contains(&(order.customer, order.shop)))
            );
            assert!(
                day.refunds
                    .iter()
                    .all(|refund| arrived.contains(&(refund.customer, refund.shop)))
            );
        }
    }

    #[test]
    fn a_refund_follows_its_order_and_never_exceeds_it() {
        let plan = plan(1);
        let mut orders = BTreeMap::new();
        let mut refunds = 0;
        for (day, at) in &plan.days {
            for refund in &at.refunds {
                let order: &Order = orders[&refund.row];
                assert!(order.occur_time < refund.occur_time);
                assert!((1..=order.cents).contains(&refund.cents));
                assert_eq!(refund.is_whole, refund.cents == order.cents);
                refunds += 1;
            }
            orders.extend(at.orders.iter().map(|order| (order.row, order)));
            let within = *day..day.plus_days(1);
            assert!(at.orders.iter().all(|order| within.contains(&order.occur_time)));
            assert!(at.refunds.iter().all(|refund| within.contains(&refund.occur_time)));
        }
        assert!((1_500..2_700).contains(&refunds), "{refunds}");
    }

    #[test]
    fn every_merge_joins_two_registrations_and_the_seed_decides() {
        let first = plan(1).expected;
        assert_eq!(first, plan(1).expected);
        assert_ne!(first, plan(2).expected);
        assert_eq!(first.members, first.registrations - first.merges);
        assert!(first.merges > 500 && first.members > first.people, "{first:?}");
    }
}
