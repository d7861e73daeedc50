//! Which facts somebody wants.

use std::collections::BTreeMap;

use kernel::Time;
use prost_reflect::DynamicMessage;

use super::filter::Filter;
use super::telling::Telling;

/// Facts of some types, from a time on, that a filter lets through.
pub(crate) struct Wishes {
    since: Time,
    wanted: BTreeMap<String, Option<Filter>>,
}

impl Wishes {
    /// Of types and a filter that were checked.
    pub(crate) fn new(fact_types: &[String], filter: &str, since: Time) -> Self {
        let wanted = fact_types.iter().map(|fact_type| {
            let message = super::message(fact_type).filter(|_| !filter.is_empty());
            // It was right when it was checked, and contracts only grow.
            let filter = message.and_then(|message| Filter::compile(filter, message).ok());
            (fact_type.clone(), filter)
        });
        Self {
            since,
            wanted: wanted.collect(),
        }
    }

    /// Whether facts of a type may be wanted.
    pub(crate) fn hears(&self, fact_type: &str) -> bool {
        self.wanted.contains_key(fact_type)
    }

    /// Whether a fact is wanted.
    pub(crate) fn want(&self, told: &Telling, message: &DynamicMessage) -> bool {
        told.time >= self.since
            && match self.wanted.get(&told.kind) {
                None => false,
                Some(None) => true,
                Some(Some(filter)) => filter.wants(told, message),
            }
    }
}
