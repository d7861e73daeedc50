use contracts_tagging::v1::{Activity, ActivityItem};
use kernel::Time;
use ledger::{ActivityFacts, CostCentre, Item};
use prost::Message;
use rules::{Facts, Object, Value};
use sha2::{Digest, Sha256};

use crate::wire::parse_cost_centre;

/// The activity that an order makes.
pub(crate) const ORDER_PAID: &str = "order_paid";
/// The activity that a refund of an order makes.
pub(crate) const ORDER_REFUNDED: &str = "order_refunded";

/// The attribute of an activity that names the store in which it happened.
const STORE: &str = "store_code";

/// What the rules see of an activity of a member with a tier.
pub(crate) fn activity_facts(activity: &Activity, tier: &str) -> ActivityFacts {
    let occur_time = activity.occur_time.as_ref().map(Time::from_record).unwrap_or_default();
    let currency = currency(activity);
    let mut facts = Facts::new()
        .with("activity.activity_type", activity.activity_type.as_str())
        .with("activity.channel_code", activity.channel_code.as_str())
        .with("activity.source_id", activity.source_id.as_str())
        .with("activity.occur_time", Value::Timestamp(occur_time.micros()))
        .with(
            "activity.items",
            activity
                .items
                .iter()
                .map(|it| item(it, currency).facts)
                .collect::<Vec<Object>>(),
        )
        .with("activity.attributes", activity.attributes.clone())
        .with("member.tier", tier);
    if let Some(money) = &activity.amount {
        facts.set("activity.amount", money.minor_units);
        facts.set("activity.currency_code", money.currency_code.as_str());
    }
    ActivityFacts {
        activity_type: activity.activity_type.clone(),
        channel: activity.channel_code.clone(),
        occur_time,
        money: activity.amount.as_ref().map_or(0, |money| money.minor_units),
        currency: currency.to_owned(),
        items: activity.items.iter().map(|it| item(it, currency)).collect(),
        facts,
    }
}

/// Who bears the cost of what an activity earns: the store that it names, or else its channel.
pub(crate) fn cost_centre(activity: &Activity) -> Option<CostCentre> {
    let store = activity.attributes.get(STORE).map_or("", String::as_str);
    parse_cost_centre(if store.is_empty() {
        &activity.channel_code
    } else {
        store
    })
}

/// The one currency of an activity's money.
fn currency(activity: &Activity) -> &str {
    let items = activity.items.iter().map(|item| &item.amount);
    let mut amounts = [&activity.amount].into_iter().chain(items).flatten();
    amounts.next().map_or("", |money| &money.currency_code)
}

/// An item's money in the currency of the activity. Tagging lets no other pass.
fn item(item: &ActivityItem, currency: &str) -> Item {
    let amount = item.amount.as_ref().filter(|money| money.currency_code == currency);
    let money = amount.map_or(0, |money| money.minor_units);
    Item {
        quantity: item.quantity,
        money,
        facts: Object::new()
            .with("sku", item.sku.as_str())
            .with("category", item.category.as_str())
            .with("quantity", item.quantity)
            .with("amount", money),
    }
}

/// SHA-256 of all that a rule is evaluated on.
pub(crate) fn inputs_digest(activity: &Activity, tier: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(activity.encode_to_vec());
    hash.update(tier);
    hash.finalize().to_vec()
}
