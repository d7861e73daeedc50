//! The generated shape rules of a crate's own messages.

use std::collections::BTreeSet;

use crate::{Crate, Failure};

/// Rules that a generator wrote.
pub(crate) struct Rules {
    /// The messages that have any: "quanyu.points.v1.Posting".
    pub(crate) messages: BTreeSet<String>,
    /// An `impl Validate` for each of them.
    pub(crate) code: String,
}

impl Rules {
    /// Those of a crate's own messages. A message is checked with its parts, so the rules of its imports are generated with it;
    /// but they are in the crates that hold them.
    pub(crate) fn of(generated: &str, of: &Crate) -> Result<Self, Failure> {
        let (mut messages, mut code) = (BTreeSet::new(), String::new());
        for rule in generated.split("\nimpl ").filter(|rule| !rule.trim().is_empty()) {
            let rule = rule.strip_prefix("impl ").unwrap_or(rule);
            let named = rule
                .split_once('{')
                .and_then(|(head, _)| head.split_whitespace().last());
            let path = named.ok_or_else(|| format!("the generator of rules wrote no impl: {rule:.80}"))?;
            let message = path.replace("r#", "").replace("::", ".");
            if of.holds(&message) {
                messages.insert(message);
                code.push_str("impl ");
                code.push_str(rule);
                code.push('\n');
            }
        }
        Ok(Self { messages, code })
    }
}
