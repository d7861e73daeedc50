//! What the gateway could not read of items that are judged by themselves, for their judges.

use std::collections::BTreeMap;

use fault::{Fault, Violation};

use crate::r#type::v1::UnreadableItem;

/// What could not be read, by the places of the items. Nearly always nothing.
#[derive(Debug, Clone, Default)]
pub struct Unreadable(BTreeMap<usize, Vec<Violation>>);

impl Unreadable {
    /// What a request tells of its items.
    pub fn of(items: &[UnreadableItem]) -> Self {
        let mut unreadable = Self::default();
        for item in items {
            if let Ok(index) = usize::try_from(item.index) {
                unreadable.add(index, item);
            }
        }
        unreadable
    }

    /// Adds what the message of a stream tells of its one item, which has the given place among the others.
    pub fn put(&mut self, index: usize, items: &[UnreadableItem]) {
        for item in items {
            self.add(index, item);
        }
    }

    fn add(&mut self, index: usize, item: &UnreadableItem) {
        let violations = item.violations.iter().map(|violation| Violation {
            path: violation.path.clone(),
            message: violation.message.clone(),
        });
        self.0.entry(index).or_default().extend(violations);
    }

    /// Whether all of an item could be read.
    pub fn is_whole(&self, index: usize) -> bool {
        !self.0.contains_key(&index)
    }

    /// The outcome of judging an item: an item that could not be read is wrong, whatever else is wrong with it. Paths
    /// begin with `prefix` where the judge's do.
    pub fn judge<T>(&self, index: usize, prefix: &str, outcome: Result<T, Fault>) -> Result<T, Fault> {
        match (self.0.contains_key(&index), outcome) {
            (false, outcome) => outcome,
            (true, Err(Fault::Refused(refusal))) => {
                Err(Fault::invalid_fields(self.with(index, prefix, refusal.violations)))
            }
            (true, Ok(_)) => Err(Fault::invalid_fields(self.with(index, prefix, Vec::new()))),
            (true, Err(trouble @ (Fault::Contended | Fault::Unavailable { .. } | Fault::Internal(_)))) => Err(trouble),
        }
    }

    /// What could not be read of an item, and then what else is wrong with it. What was unreadable is not told again as
    /// missing.
    pub fn with(&self, index: usize, prefix: &str, others: Vec<Violation>) -> Vec<Violation> {
        let Some(unreadable) = self.0.get(&index) else {
            return others;
        };
        let mut violations: Vec<Violation> = unreadable
            .iter()
            .map(|violation| Violation {
                path: match violation.path.is_empty() {
                    true => prefix.trim_end_matches('.').to_owned(),
                    false => [prefix, &violation.path].concat(),
                },
                message: violation.message.clone(),
            })
            .collect();
        if unreadable.iter().all(|violation| !violation.path.is_empty()) {
            beside(&mut violations, others);
        }
        violations
    }
}

/// Adds what else is wrong to what could not be read. What was unreadable is not told again as missing, and of what could
/// not be read at all nothing else is known.
pub fn beside(unreadable: &mut Vec<Violation>, others: Vec<Violation>) {
    if unreadable.iter().any(|violation| violation.path.is_empty()) {
        return;
    }
    let is_new = |other: &Violation| unreadable.iter().all(|told| !covers(&told.path, &other.path));
    let others: Vec<Violation> = others.into_iter().filter(is_new).collect();
    unreadable.extend(others);
}

/// Whether a path is another one, or leads into it.
fn covers(path: &str, other: &str) -> bool {
    let rest = other.strip_prefix(path);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::r#type::v1::UnreadableViolation;

    fn item(index: i32, path: &str) -> UnreadableItem {
        let violation = UnreadableViolation {
            path: path.to_owned(),
            message: "must be a number".to_owned(),
        };
        UnreadableItem {
            index,
            violations: vec![violation],
        }
    }

    fn paths(outcome: Result<(), Fault>) -> Vec<String> {
        match outcome {
            Ok(()) => Vec::new(),
            Err(Fault::Refused(refusal)) => refusal.violations.into_iter().map(|violation| violation.path).collect(),
            Err(fault) => panic!("{fault}"),
        }
    }

    #[test]
    fn an_unreadable_item_is_wrong_and_no_other_is() {
        let unreadable = Unreadable::of(&[item(1, "amount"), item(-1, "nowhere")]);
        assert_eq!(paths(unreadable.judge(0, "", Ok(()))), [""; 0]);
        assert_eq!(paths(unreadable.judge(1, "arrival.", Ok(()))), ["arrival.amount"]);
        assert!(!unreadable.is_whole(1) && unreadable.is_whole(0));
    }

    #[test]
    fn what_was_unreadable_is_not_missing_too() {
        let unreadable = Unreadable::of(&[item(0, "amount")]);
        let mut others = fault::Violations::new();
        for path in ["amount", "amount.currency_code", "amounts", "request_id"] {
            others.add(path, "must be given");
        }
        assert_eq!(
            paths(unreadable.judge(0, "", others.finish())),
            ["amount", "amounts", "request_id"]
        );
        let nothing = Unreadable::of(&[item(0, "")]);
        assert_eq!(
            paths(nothing.judge(0, "", Err(Fault::invalid("request_id", "must be given")))),
            [""]
        );
        assert_eq!(paths(nothing.judge(0, "arrival.", Ok(()))), ["arrival"]);
    }
}
