//! What the rules of a shop speak of.

use rules::{Environment, Facts, Object, Type, Value};

/// The longest list of items.
pub(crate) const ITEMS_MAX: usize = 200;

pub(crate) fn environment() -> Environment {
    let item = Type::object([
        ("sku", Type::String),
        ("category", Type::String),
        ("quantity", Type::Int),
        ("amount.minor_units", Type::Int),
    ]);
    Environment::new()
        .with("activity.type", Type::String)
        .with("activity.occur_time", Type::Timestamp)
        .with("activity.amount.minor_units", Type::Int)
        .with("activity.amount.currency_code", Type::String)
        .with("activity.items", Type::list(item, ITEMS_MAX))
        .with("activity.attributes", Type::StringMap)
        .with("member.tier", Type::String)
        .with("member.tags", Type::list(Type::String, 50))
        .with("member.staff", Type::Bool)
        .with("member.join_time", Type::Timestamp)
        .with("member.growth", Type::Int)
}

pub(crate) fn item(category: &str, quantity: i64, minor_units: i64) -> Value {
    Value::from(
        Object::new()
            .with("sku", format!("{category}-1"))
            .with("category", category)
            .with("quantity", quantity)
            .with("amount.minor_units", minor_units),
    )
}

/// Saturday 31 January 2026, 17:30 UTC, which is Sunday 1 February in Shanghai.
pub(crate) const OCCURRED: i64 = 1_769_880_600_000_000;

/// An order of two shoes and a bag, for 1,250.00.
pub(crate) fn order() -> Facts {
    let attributes = [("store".to_owned(), "Shanghai 3".to_owned())];
    Facts::new()
        .with("activity.type", "order_paid")
        .with("activity.occur_time", Value::Timestamp(OCCURRED))
        .with("activity.amount.minor_units", 125_000)
        .with("activity.amount.currency_code", "CNY")
        .with(
            "activity.items",
            vec![item("shoes", 2, 80_000), item("bags", 1, 45_000)],
        )
        .with("activity.attributes", std::collections::BTreeMap::from(attributes))
        .with("member.tier", "gold")
        .with("member.tags", vec!["vip", "mother"])
        .with("member.growth", 7)
}
