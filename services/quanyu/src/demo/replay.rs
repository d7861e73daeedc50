//! Plays the plan to the platform, day by day, through the public API alone.
//!
//! The platform's clock stands at 00:30 UTC while people arrive, before the shops open, and at 15:00, after they have
//! closed, while the day's orders and refunds are recorded. Then everything that follows by itself (points, growth, tiers,
//! tags, segments, journeys) comes to rest before anybody uses a coupon or spends points, and before the next day begins;
//! so what the demo shows depends on the data and the seed, not on which worker was faster.

mod arrivals;
mod benefits;
mod tally;

use std::collections::BTreeMap;
use std::time::Duration;

use contracts::r#type::v1::Money;
use contracts_tagging::v1::{Activity, ActivityItem, ActivityOutcome, RecordActivitiesRequest};
use fault::Fault;
use kernel::Time;

use self::benefits::Used;
use self::tally::Deed;
pub(super) use self::tally::Tally;
use super::brand::CURRENCY;
use super::people::Shop;
use super::phases::{Phase, Phases};
use super::plan::{Day, Order, Plan, Refund};
use crate::api::{Api, patiently};
use crate::platform::Platform;
use crate::progress::Progress;

/// Before the shops open.
const MORNING: Duration = Duration::from_mins(30);
/// After they have closed.
const EVENING: Duration = Duration::from_hours(15);
/// As many as a call takes.
const ACTIVITIES_MAX: usize = 500;

/// A replay under way.
pub(super) struct Replay<'a> {
    pub(super) api: &'a Api,
    pub(super) platform: &'a Platform,
    pub(super) plan: &'a Plan,
    pub(super) tally: Tally,
    /// What orders have used that a refund would give back, by the order's row.
    used: BTreeMap<u32, Vec<Used>>,
}

/// What is recorded of a day, each with the member that the platform put it down to.
struct Recorded<'a> {
    orders: Vec<(&'a Order, String)>,
    refunds: Vec<&'a Refund>,
}

impl<'a> Replay<'a> {
    pub(super) fn new(api: &'a Api, platform: &'a Platform, plan: &'a Plan) -> Self {
        Self {
            api,
            platform,
            plan,
            tally: Tally::default(),
            used: BTreeMap::new(),
        }
    }

    /// Plays all days.
    pub(super) async fn run(&mut self, phases: &mut Phases) -> Result<(), Fault> {
        let orders: usize = self.plan.days.values().map(|day| day.orders.len()).sum();
        let mut progress = Progress::new("orders", u64::try_from(orders).unwrap_or(0));
        for (date, day) in &self.plan.days {
            let place = date
                .to_datetime()
                .map_or_else(String::new, |time| time.date().to_string());
            progress.at(place.as_str());
            self.day(*date, day, phases).await?;
            progress.add(u64::try_from(day.orders.len()).unwrap_or(0), &place);
        }
        phases.measure(Phase::Settling, self.platform.settle()).await?;
        progress.finish();
        Ok(())
    }

    async fn day(&mut self, date: Time, day: &'a Day, phases: &mut Phases) -> Result<(), Fault> {
        let clock = self.platform.clock();
        clock.turn_to(date.plus(MORNING));
        phases
            .measure(Phase::Arrivals, self.arrive(date, &day.arrivals))
            .await?;
        clock.turn_to(date.plus(EVENING));
        let recorded = phases.measure(Phase::Recording, self.record(date, day)).await?;
        phases.measure(Phase::Settling, self.platform.settle()).await?;
        phases.measure(Phase::Benefits, self.benefit(recorded)).await
    }

    /// Records the orders and refunds of a day.
    async fn record(&mut self, date: Time, day: &'a Day) -> Result<Recorded<'a>, Fault> {
        let orders = day.orders.iter().map(paid);
        let activities: Vec<Activity> = orders.chain(day.refunds.iter().map(refunded)).collect();
        let mut members = Vec::with_capacity(activities.len());
        for (number, activities) in activities.chunks(ACTIVITIES_MAX).enumerate() {
            let request = RecordActivitiesRequest {
                unreadable_items: Vec::new(),
                request_id: format!("activities-{}-{number}", date.millis()),
                validate_only: false,
                activities: activities.to_vec(),
            };
            let answer = patiently(async || self.api.activities().record_activities(request.clone()).await).await?;
            for (activity, result) in activities.iter().zip(answer.results) {
                if result.outcome() == ActivityOutcome::Recorded {
                    self.tally.recorded = self.tally.recorded.saturating_add(1);
                } else {
                    self.tally
                        .complain(format!("{} was not recorded: {result:?}", activity.source_id));
                }
                members.push(result.member_id);
            }
        }
        self.tally.sent = self
            .tally
            .sent
            .saturating_add(u64::try_from(activities.len()).unwrap_or(0));
        for order in &day.orders {
            self.tally.saw_order(order.customer, order.shop);
        }
        for refund in &day.refunds {
            self.tally.saw(refund.customer, Deed::Refund);
        }
        Ok(Recorded {
            orders: day.orders.iter().zip(members).collect(),
            refunds: day.refunds.iter().collect(),
        })
    }
}

fn paid(order: &Order) -> Activity {
    let amount = money(order.cents);
    let item = ActivityItem {
        sku: "CD".to_owned(),
        quantity: order.items,
        amount: Some(amount.clone()),
        category: "music".to_owned(),
        line_id: String::new(),
    };
    Activity {
        activity_type: "order_paid".to_owned(),
        items: vec![item],
        ..activity(
            order.shop,
            order.customer,
            order_id(order.row),
            order.occur_time,
            amount,
        )
    }
}

fn refunded(refund: &Refund) -> Activity {
    let source_id = format!("refund-{}", refund.row);
    Activity {
        activity_type: "order_refunded".to_owned(),
        refunded_source_id: order_id(refund.row),
        ..activity(
            refund.shop,
            refund.customer,
            source_id,
            refund.occur_time,
            money(refund.cents),
        )
    }
}

fn activity(shop: Shop, customer: u32, source_id: String, occur_time: Time, amount: Money) -> Activity {
    Activity {
        channel_code: shop.code().to_owned(),
        external_id: shop.external_id(customer),
        source_id,
        occur_time: Some(occur_time.to_wire()),
        amount: Some(amount),
        ..Activity::default()
    }
}

/// The number that a shop gives an order.
fn order_id(row: u32) -> String {
    format!("order-{row}")
}

fn money(minor_units: i64) -> Money {
    Money {
        currency_code: CURRENCY.to_owned(),
        minor_units,
    }
}
