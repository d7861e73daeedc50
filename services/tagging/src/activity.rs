//! Something that a member did.

mod difference;
mod list_activities;
mod record_activities;
pub(crate) mod recording;
pub(crate) mod rows;
mod service;
pub(crate) mod stream_activities;
mod total;
pub(crate) mod wire;

pub use difference::Difference;
pub use total::{AmountError, Amounts};

use std::collections::BTreeMap;
use std::fmt;

use kernel::{Exact, Id, Kind, Money, Time};

/// The type of an order that was paid.
pub const ORDER_PAID: &str = "order_paid";
/// The type of a refund.
pub const ORDER_REFUNDED: &str = "order_refunded";

/// The kind of an activity's id.
#[derive(Debug)]
pub enum ActivityKind {}

impl Kind for ActivityKind {
    const PREFIX: &'static str = "act";
    const NOUN: &'static str = "activity";
}

/// An activity's id.
pub type ActivityId = Id<ActivityKind>;

/// An activity as its source tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// What makes it the same activity, however often it is told.
    pub key: SourceKey,
    /// The member's id in the channel; empty where it is not told.
    pub external_id: String,
    /// When it happened.
    pub occur_time: Time,
    /// The money that it was about.
    pub amount: Option<Money>,
    /// What was bought or given back.
    pub items: Vec<Item>,
    /// What was taken off the whole, besides the items' amounts.
    pub discount: Option<Money>,
    /// What was charged on top of the items.
    pub surcharge: Option<Money>,
    /// The order that a refund is for, by its source id; empty for others.
    pub refunded_source_id: String,
    /// Further details.
    pub attributes: BTreeMap<String, String>,
}

/// The identity of an activity within its tenant, for ever. Keys are ordered as they are written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceKey {
    /// The channel; empty where the source names none.
    pub channel_code: String,
    /// What was done.
    pub activity_type: String,
    /// The activity's id at its source.
    pub source_id: String,
}

/// One line of an order or refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The line's id at its source; empty where it has none.
    pub line_id: String,
    /// The stock-keeping unit.
    pub sku: String,
    /// How many; none of a fee or a correction.
    pub quantity: i64,
    /// What was paid for all of them.
    pub amount: Option<Money>,
    /// The category; empty where unknown.
    pub category: String,
}

impl Activity {
    /// Its amounts, of which the lines say what the whole is.
    pub fn amounts(&self) -> Amounts<'_> {
        Amounts {
            amount: self.amount,
            items: &self.items,
            discount: self.discount,
            surcharge: self.surcharge,
        }
    }

    /// The quantities of all items together; none where it has no items.
    pub fn quantity(&self) -> Option<i64> {
        self.items.iter().map(|item| item.quantity).reduce(i64::exact_add)
    }
}

impl fmt::Display for SourceKey {
    /// Codes of channels and types hold no slash, so different keys are written differently.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.channel_code, self.activity_type, self.source_id)
    }
}
