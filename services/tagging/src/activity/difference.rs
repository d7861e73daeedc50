//! In what an activity that comes again differs from the one that is recorded.

use std::collections::BTreeSet;
use std::fmt::Write;

use kernel::{Currency, Money};

use super::{Activity, Item};

/// As many differences as are told.
const DIFFERENCES_MAX: usize = 10;
/// As many lines as a difference writes out on either side.
const LINES_TOLD_MAX: usize = 3;
/// As much of a value as is written out.
const VALUE_CHARS_MAX: usize = 80;

/// A field that says something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The path of the field within the activity.
    pub path: String,
    /// What is recorded; empty where nothing is.
    pub recorded: String,
    /// What was sent; empty where nothing was.
    pub sent: String,
}

impl Difference {
    /// A difference, unless both are the same.
    pub fn of(path: impl Into<String>, recorded: impl ToString, sent: impl ToString) -> Option<Self> {
        let (recorded, sent) = (recorded.to_string(), sent.to_string());
        (recorded != sent).then(|| Self {
            path: path.into(),
            recorded: cut(recorded),
            sent: cut(sent),
        })
    }
}

impl Activity {
    /// In what an activity under the same key differs from this one, which is recorded; the member aside, who is known by
    /// several ids. The order of lines and attributes is no difference, nor is an amount that only one of the two spells
    /// out although its lines come to it.
    pub fn differences(&self, sent: &Self) -> Vec<Difference> {
        let wholes = [
            Difference::of("occur_time", self.occur_time, sent.occur_time),
            Difference::of("amount", told(self.whole_amount()), told(sent.whole_amount())),
            Difference::of("discount_amount", told(self.discount), told(sent.discount)),
            Difference::of("surcharge_amount", told(self.surcharge), told(sent.surcharge)),
            Difference::of("refunded_source_id", &self.refunded_source_id, &sent.refunded_source_id),
        ];
        let names: BTreeSet<&String> = self.attributes.keys().chain(sent.attributes.keys()).collect();
        let attributes = names.into_iter().filter_map(|name| {
            let value = |of: &Self| {
                of.attributes
                    .get(name)
                    .map_or(String::new(), |value| format!("\"{value}\""))
            };
            Difference::of(format!("attributes.{name}"), value(self), value(sent))
        });
        let lines = lines_difference(&self.items, &sent.items);
        let all = wholes.into_iter().flatten().chain(lines).chain(attributes);
        all.take(DIFFERENCES_MAX).collect()
    }

    /// Activities from before amounts followed from their lines may lack theirs.
    fn whole_amount(&self) -> Option<Money> {
        self.amounts().total().ok().flatten().or(self.amount)
    }
}

fn cut(value: String) -> String {
    match value.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}...", value.get(..end).unwrap_or_default()),
        None => value,
    }
}

/// Brings equal lines together; the order means nothing.
fn place(item: &Item) -> (&str, &str, i64, &str, Option<(Currency, i64)>) {
    let amount = item.amount.map(|amount| (amount.currency(), amount.minor_units()));
    (&item.line_id, &item.sku, item.quantity, &item.category, amount)
}

/// The lines that only one of the two has, whatever their order.
fn lines_difference(recorded: &[Item], sent: &[Item]) -> Option<Difference> {
    let mut only_recorded: Vec<&Item> = recorded.iter().collect();
    let mut only_sent: Vec<&Item> = Vec::new();
    only_recorded.sort_by(|a, b| place(a).cmp(&place(b)));
    for item in sent {
        match only_recorded.binary_search_by(|recorded| place(recorded).cmp(&place(item))) {
            Ok(index) => drop(only_recorded.remove(index)),
            Err(_) => only_sent.push(item),
        }
    }
    if only_recorded.is_empty() && only_sent.is_empty() {
        return None;
    }
    Some(Difference {
        path: "items".to_owned(),
        recorded: told_lines(&only_recorded),
        sent: told_lines(&only_sent),
    })
}

fn told(money: Option<Money>) -> String {
    money.map(|money| money.to_string()).unwrap_or_default()
}

fn told_lines(lines: &[&Item]) -> String {
    let mut text = String::new();
    for (index, line) in lines.iter().take(LINES_TOLD_MAX).enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let _ = write!(text, "{comma}{} x {}", line.quantity, line.sku);
        let more = [
            (" of line ", line.line_id.clone()),
            (" in ", line.category.clone()),
            (" for ", told(line.amount)),
        ];
        for (word, value) in more.into_iter().filter(|(_, value)| !value.is_empty()) {
            let _ = write!(text, "{word}{value}");
        }
    }
    let untold = lines.len().saturating_sub(LINES_TOLD_MAX);
    if untold > 0 {
        let _ = write!(text, " and {untold} more");
    }
    text
}

#[cfg(test)]
mod tests {
    use kernel::Time;
    use proptest::prelude::*;

    use super::*;
    use crate::activity::SourceKey;

    fn line(sku: &str, minor_units: i64) -> Item {
        Item {
            line_id: String::new(),
            sku: sku.to_owned(),
            quantity: 1,
            amount: Money::new("CNY", minor_units).ok(),
            category: String::new(),
        }
    }

    fn order(items: Vec<Item>) -> Activity {
        Activity {
            key: SourceKey {
                channel_code: "pos".to_owned(),
                activity_type: "order_paid".to_owned(),
                source_id: "o1".to_owned(),
            },
            external_id: String::new(),
            occur_time: Time::EPOCH,
            amount: None,
            items,
            discount: None,
            surcharge: None,
            refunded_source_id: String::new(),
            attributes: [("store".to_owned(), "7".to_owned())].into(),
        }
    }

    #[test]
    fn what_means_the_same_is_no_difference() {
        let told = order(vec![line("a", 100), line("b", 200)]);
        let mut again = order(vec![line("b", 200), line("a", 100)]);
        again.amount = Money::new("CNY", 300).ok();
        assert_eq!(told.differences(&again), []);
        assert_eq!(again.differences(&told), []);
    }

    #[test]
    fn every_difference_is_named_with_both_values() {
        let recorded = order(vec![line("a", 100), line("a", 100), line("b", 200)]);
        let mut sent = order(vec![line("a", 100), line("c", 300)]);
        sent.occur_time = Time::from_seconds(60);
        sent.attributes = [("scene".to_owned(), "live".to_owned())].into();
        let told = recorded.differences(&sent);
        let told: Vec<(&str, &str, &str)> = told
            .iter()
            .map(|it| (it.path.as_str(), it.recorded.as_str(), it.sent.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("occur_time", "1970-01-01T00:00:00Z", "1970-01-01T00:01:00Z"),
                ("items", "1 x a for 1.00 CNY, 1 x b for 2.00 CNY", "1 x c for 3.00 CNY"),
                ("attributes.scene", "", "\"live\""),
                ("attributes.store", "\"7\"", ""),
            ]
        );
    }

    #[test]
    fn an_empty_attribute_is_not_an_absent_one() {
        let mut sent = order(Vec::new());
        sent.attributes.insert("scene".to_owned(), String::new());
        assert_eq!(order(Vec::new()).differences(&sent).len(), 1);
    }

    proptest! {
        #[test]
        fn lines_are_the_same_exactly_if_some_order_of_them_is(
            lines in proptest::collection::vec((0..3_u8, 0..3_i64), 0..8),
            other in proptest::collection::vec((0..3_u8, 0..3_i64), 0..8),
        ) {
            let items = |lines: &[(u8, i64)]| lines.iter().map(|(sku, amount)| line(&sku.to_string(), *amount)).collect::<Vec<_>>();
            let (mut sorted, mut other_sorted) = (items(&lines), items(&other));
            sorted.sort_by(|a, b| place(a).cmp(&place(b)));
            other_sorted.sort_by(|a, b| place(a).cmp(&place(b)));
            let differ = lines_difference(&items(&lines), &items(&other)).is_some();
            prop_assert_eq!(differ, sorted != other_sorted);
        }
    }
}
