use kernel::Time;
use rules::{Environment, Facts, Object, Type};

use super::calendar::LocalTime;

/// As many items as an activity may have.
const ITEMS_MAX: usize = 200;
/// The facts that are money, in minor units.
pub(super) const AMOUNTS: [&str; 3] = ["activity.amount", "activity.items.amount", "item.amount"];
/// The fact that says in which currency they are.
pub(super) const CURRENCY: &str = "activity.currency_code";

/// What rules are judged on.
#[derive(Debug)]
pub struct ActivityFacts {
    /// What happened, as the tenant calls it.
    pub activity_type: String,
    /// The code of the channel where it happened.
    pub channel: String,
    /// When it happened.
    pub occur_time: Time,
    /// The money that it was about, in minor units of `currency`.
    pub money: i64,
    /// The currency of all of its money; empty where it has none.
    pub currency: String,
    /// The items of an order.
    pub items: Vec<Item>,
    /// All but the time, which is another in each calendar.
    pub facts: Facts,
}

/// One item of an activity.
#[derive(Debug)]
pub struct Item {
    /// How many pieces.
    pub quantity: i64,
    /// What was paid for all of them, in minor units.
    pub money: i64,
    /// What the condition of an item may read.
    pub facts: Object,
}

impl ActivityFacts {
    /// All of the facts, the time in a calendar.
    pub fn in_calendar(&self, utc_offset_minutes: i32) -> Facts {
        let mut facts = self.facts.clone();
        for (name, value) in LocalTime::of(self.occur_time, utc_offset_minutes).facts() {
            facts.set(name, value);
        }
        facts
    }
}

/// What rules may speak of.
pub fn environment() -> Environment {
    let of_time = LocalTime::of(Time::EPOCH, 0).facts();
    let environment = Environment::new()
        .with("activity.activity_type", Type::String)
        .with("activity.channel_code", Type::String)
        .with("activity.source_id", Type::String)
        .with("activity.amount", Type::Int)
        .with(CURRENCY, Type::String)
        .with("activity.occur_time", Type::Timestamp)
        .with("activity.items", Type::list(item(), ITEMS_MAX))
        .with("activity.attributes", Type::StringMap)
        .with("member.tier", Type::String);
    of_time
        .iter()
        .fold(environment, |environment, (name, _)| environment.with(name, Type::Int))
}

/// What the condition of an item may speak of.
pub(super) fn item_environment(environment: &Environment) -> Environment {
    environment.clone().with("item", item())
}

fn item() -> Type {
    Type::object([
        ("sku", Type::String),
        ("category", Type::String),
        ("quantity", Type::Int),
        ("amount", Type::Int),
    ])
}
