use std::collections::HashMap;
use std::sync::Arc;

use super::CompiledRule;

/// The rules of a tenant, found by what activity they are for.
#[derive(Debug, Default)]
pub struct RuleBook {
    by_activity: HashMap<String, ByChannel>,
}

#[derive(Debug, Default)]
struct ByChannel {
    all: Vec<Arc<CompiledRule>>,
    some: HashMap<String, Vec<Arc<CompiledRule>>>,
}

impl RuleBook {
    /// The rules by the activity types and channels that they are for, those of higher priority first.
    pub fn new(rules: Vec<CompiledRule>) -> Self {
        let mut rules: Vec<Arc<CompiledRule>> = rules.into_iter().map(Arc::new).collect();
        rules.sort_by(|a, b| a.order().cmp(&b.order()));
        let mut book = Self::default();
        for rule in rules {
            for activity_type in &rule.rule.activity_types {
                let by_channel = book.by_activity.entry(activity_type.clone()).or_default();
                if rule.rule.channels.is_empty() {
                    by_channel.all.push(rule.clone());
                }
                for channel in &rule.rule.channels {
                    by_channel.some.entry(channel.clone()).or_default().push(rule.clone());
                }
            }
        }
        book
    }

    /// The rules for an activity of this type in this channel, in the order in which they are judged. Its cost grows with
    /// what it finds, not with how many rules there are: two look-ups, and the merge of two lists that are in order.
    pub fn matching(&self, activity_type: &str, channel: &str) -> Vec<Arc<CompiledRule>> {
        let Some(by_channel) = self.by_activity.get(activity_type) else {
            return Vec::new();
        };
        let some = by_channel.some.get(channel).map_or(&[][..], Vec::as_slice);
        let mut found: Vec<Arc<CompiledRule>> = by_channel.all.iter().chain(some).cloned().collect();
        found.sort_by(|a, b| a.order().cmp(&b.order()));
        found
    }
}
