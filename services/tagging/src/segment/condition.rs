//! The one definition of a segment: a condition, evaluated on what is known of a member at one moment.

pub(crate) mod wire;

use std::collections::{BTreeMap, BTreeSet};

use crate::member::{Field, Profile};
use crate::tag::MemberTag;
use crate::tag::value::Value;

/// A condition on a member.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// Every one holds.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A comparison of a tag. Without the tag none holds.
    Tag {
        /// The tag.
        code: String,
        /// How its value is compared.
        test: Test,
    },
    /// A comparison of the profile: one of the words.
    Profile {
        /// The field.
        field: Field,
        /// The words; months of birth as numbers.
        words: BTreeSet<String>,
    },
}

/// How a tag's value is compared. Values are of the tag's type.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Any value will do.
    IsSet,
    /// One of these.
    In(BTreeSet<Value>),
    /// This or more.
    AtLeast(Value),
    /// This or less.
    AtMost(Value),
}

/// What a condition looks at. Nothing else can change whether it holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mentions {
    /// Tags.
    pub tags: BTreeSet<String>,
    /// Fields of the profile.
    pub fields: BTreeSet<Field>,
}

impl Condition {
    /// Whether it holds for a member with this profile and these tags.
    pub fn holds(&self, profile: &Profile, tags: &BTreeMap<String, MemberTag>) -> bool {
        match self {
            Self::All(conditions) => conditions.iter().all(|condition| condition.holds(profile, tags)),
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds(profile, tags)),
            Self::Not(condition) => !condition.holds(profile, tags),
            Self::Tag { code, test } => tags.get(code).is_some_and(|tag| test.holds(&tag.value)),
            Self::Profile { field, words } => profile_holds(profile, *field, words),
        }
    }

    /// What it looks at.
    pub fn mentions(&self) -> Mentions {
        let mut mentions = Mentions::default();
        self.gather(&mut mentions);
        mentions
    }

    fn gather(&self, mentions: &mut Mentions) {
        match self {
            Self::All(conditions) | Self::Any(conditions) => {
                for condition in conditions {
                    condition.gather(mentions);
                }
            }
            Self::Not(condition) => condition.gather(mentions),
            Self::Tag { code, .. } => {
                mentions.tags.insert(code.clone());
            }
            Self::Profile { field, .. } => {
                mentions.fields.insert(*field);
            }
        }
    }
}

impl Test {
    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::IsSet => true,
            Self::In(values) => values.contains(value),
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

/// An unknown field is the empty word, which no condition may name.
fn profile_holds(profile: &Profile, field: Field, words: &BTreeSet<String>) -> bool {
    match field {
        Field::Gender => words.contains(&profile.gender),
        Field::Province => words.contains(&profile.province),
        Field::City => words.contains(&profile.city),
        Field::ChannelCodes => !words.is_disjoint(&profile.channel_codes),
        Field::BirthMonth => profile
            .birth_month
            .is_some_and(|month| words.contains(&month.to_string())),
        Field::TierCode => words.contains(&profile.tier_code),
    }
}

#[cfg(test)]
mod tests {
    use kernel::Time;

    use super::*;

    fn tags(tags: &[(&str, Value)]) -> BTreeMap<String, MemberTag> {
        let tag = |value: &Value| MemberTag {
            value: value.clone(),
            source: String::new(),
            assign_time: Time::EPOCH,
            due_time: None,
            mark: None,
        };
        tags.iter()
            .map(|(code, value)| ((*code).to_owned(), tag(value)))
            .collect()
    }

    fn leaf(code: &str, test: Test) -> Condition {
        Condition::Tag {
            code: code.into(),
            test,
        }
    }

    #[test]
    fn every_comparison_means_what_the_contract_says() {
        let held = tags(&[("orders", Value::Int(3)), ("store", Value::Text("suzhou".into()))]);
        let table = [
            (leaf("orders", Test::IsSet), true),
            (leaf("absent", Test::IsSet), false),
            (leaf("orders", Test::AtLeast(Value::Int(3))), true),
            (leaf("orders", Test::AtLeast(Value::Int(4))), false),
            (leaf("orders", Test::AtMost(Value::Int(3))), true),
            (leaf("orders", Test::AtMost(Value::Int(2))), false),
            (leaf("absent", Test::AtMost(Value::Int(2))), false),
            (
                leaf("store", Test::In(BTreeSet::from([Value::Text("suzhou".into())]))),
                true,
            ),
            (
                leaf("store", Test::In(BTreeSet::from([Value::Text("wuxi".into())]))),
                false,
            ),
            (Condition::Not(Box::new(leaf("absent", Test::IsSet))), true),
        ];
        for (condition, expected) in table {
            assert_eq!(condition.holds(&Profile::default(), &held), expected, "{condition:?}");
        }
    }

    #[test]
    fn profile_fields_are_compared_by_words() {
        let profile = Profile {
            gender: "female".into(),
            channel_codes: BTreeSet::from(["tmall".into(), "pos".into()]),
            birth_month: Some(2),
            tier_code: "gold".into(),
            ..Profile::default()
        };
        let table = [
            (Field::Gender, "female", true),
            (Field::Gender, "male", false),
            (Field::ChannelCodes, "pos", true),
            (Field::ChannelCodes, "app", false),
            (Field::BirthMonth, "2", true),
            (Field::BirthMonth, "12", false),
            (Field::TierCode, "gold", true),
            (Field::City, "suzhou", false),
            (Field::Province, "jiangsu", false),
        ];
        for (field, word, expected) in table {
            let condition = Condition::Profile {
                field,
                words: BTreeSet::from([word.to_owned()]),
            };
            assert_eq!(condition.holds(&profile, &BTreeMap::new()), expected, "{condition:?}");
        }
    }
}
