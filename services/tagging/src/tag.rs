//! Tags as the brand defines them, and what a member has of them.

mod assign_tags;
pub(crate) mod assigning;
pub(crate) mod backfill;
mod batch_assign_tags;
pub mod catalog;
pub(crate) mod catalogs;
pub mod computation;
mod create_tag;
pub(crate) mod due;
mod get_tag;
mod list_member_tags;
mod list_tags;
pub(crate) mod listing;
pub(crate) mod member_tags;
pub(crate) mod refusals;
mod remove_tag;
pub(crate) mod rows;
mod service;
pub(crate) mod update_tag;
pub mod value;
mod wire;

use kernel::Time;

use computation::{Computation, Mark, Standing};
use value::{Value, ValueType};

/// The source that computed values name.
pub const COMPUTED_SOURCE: &str = "computed";
/// How many tags a brand may have.
pub const TAGS_MAX: u64 = 500;

/// A tag's definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Tag {
    /// Its code.
    pub code: String,
    /// The name that people read.
    pub display_name: String,
    /// The group under which it is shown.
    pub group: String,
    /// What it means.
    pub description: String,
    /// The type of its values.
    pub value_type: ValueType,
    /// Whether the first value stays.
    pub is_static: bool,
    /// Where values come from.
    pub source: TagSource,
    /// After how many days an assignment lapses.
    pub lifetime_days: Option<u16>,
    /// Whether activities from before its creation are still being counted in.
    pub is_backfilling: bool,
    /// Why the backfill was given up, where it was: who did something before then may lack the tag.
    pub failure: Option<String>,
    /// Counts the definition's changes.
    pub version: i64,
    /// When it was created.
    pub create_time: Time,
    /// When it was last changed.
    pub update_time: Time,
}

/// Where a tag's values come from.
#[derive(Clone, Debug, PartialEq)]
pub enum TagSource {
    /// People and journeys.
    Manual,
    /// Another system.
    Imported,
    /// Activities.
    Computed(Computation),
}

/// A tag on a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberTag {
    /// The value.
    pub value: Value,
    /// Who or what assigned it.
    pub source: String,
    /// When the value was assigned or last changed.
    pub assign_time: Time,
    /// When it must be looked at again: an assigned one lapses then, a computed one is folded afresh.
    pub due_time: Option<Time>,
    /// Where a computed value rests, see [`Standing`].
    pub mark: Option<Mark>,
}

/// Why a tag is not assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssignError {
    /// Nobody but the computation sets it.
    #[error("the tag is computed from activities: it cannot be assigned or removed")]
    Computed,
    /// The member has another value.
    #[error("the tag is static and the member has another value: remove that first")]
    Static,
    /// The value is of another type.
    #[error("the value does not have the tag's type")]
    ValueType,
}

impl Tag {
    /// The computation of a computed tag.
    pub fn computation(&self) -> Option<&Computation> {
        match &self.source {
            TagSource::Computed(computation) => Some(computation),
            TagSource::Manual | TagSource::Imported => None,
        }
    }

    /// Decides whether the member, who holds `held`, gets the value, and how long it lasts.
    pub fn assign(
        &self,
        held: Option<&MemberTag>,
        value: Value,
        source: String,
        expire_time: Option<Time>,
        now: Time,
    ) -> Result<MemberTag, AssignError> {
        if self.computation().is_some() {
            return Err(AssignError::Computed);
        }
        if value.value_type() != self.value_type {
            return Err(AssignError::ValueType);
        }
        if self.is_static && held.is_some_and(|held| held.value != value) {
            return Err(AssignError::Static);
        }
        let due_time = expire_time.or_else(|| self.lifetime_days.map(|days| now.plus_days(i64::from(days))));
        Ok(MemberTag {
            value,
            source,
            assign_time: now,
            due_time,
            mark: None,
        })
    }
}

impl MemberTag {
    /// A computed tag at its present standing. A value that is the same as before has been so since then.
    pub fn computed(standing: Standing, before: Option<&Self>, now: Time) -> Self {
        let assign_time = before
            .filter(|before| before.value == standing.value)
            .map_or(now, |before| before.assign_time);
        Self {
            value: standing.value,
            source: COMPUTED_SOURCE.to_owned(),
            assign_time,
            due_time: standing.due_time,
            mark: Some(standing.mark),
        }
    }

    /// The standing of a computed tag.
    pub fn standing(&self) -> Option<Standing> {
        let mark = self.mark.clone()?;
        Some(Standing {
            value: self.value.clone(),
            mark,
            due_time: self.due_time,
        })
    }

    /// Whether it must be looked at.
    pub fn is_due(&self, now: Time) -> bool {
        self.due_time.is_some_and(|due_time| due_time <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(is_static: bool, lifetime_days: Option<u16>) -> Tag {
        Tag {
            code: "store".into(),
            display_name: "Store".into(),
            group: String::new(),
            description: String::new(),
            value_type: ValueType::Text,
            is_static,
            source: TagSource::Manual,
            lifetime_days,
            is_backfilling: false,
            failure: None,
            version: 1,
            create_time: Time::EPOCH,
            update_time: Time::EPOCH,
        }
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn a_static_tag_keeps_its_first_value_and_may_be_renewed() {
        let tag = tag(true, Some(10));
        let first = tag.assign(None, text("a"), String::new(), None, Time::EPOCH).unwrap();
        let later = Time::EPOCH.plus_days(5);
        let other = tag.assign(Some(&first), text("b"), String::new(), None, later);
        assert_eq!(other, Err(AssignError::Static));
        let renewed = tag.assign(Some(&first), text("a"), String::new(), None, later).unwrap();
        assert_eq!(renewed.due_time, Some(Time::EPOCH.plus_days(15)));
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        let refused = tag(false, None).assign(None, Value::Int(1), String::new(), None, Time::EPOCH);
        assert_eq!(refused, Err(AssignError::ValueType));
    }

    #[test]
    fn an_expire_time_that_is_told_precedes_the_lifetime() {
        let told = Some(Time::EPOCH.plus_days(1));
        let assigned = tag(false, Some(10))
            .assign(None, text("a"), String::new(), told, Time::EPOCH)
            .unwrap();
        assert_eq!(assigned.due_time, told);
    }
}
