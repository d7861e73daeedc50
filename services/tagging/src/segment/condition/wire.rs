use std::collections::BTreeSet;

use contracts_tagging::v1;
use contracts_tagging::v1::condition::Kind;
use fault::{Fault, Violations};
use prost::Message;

use super::{Condition, Test};
use crate::member::Field;
use crate::tag;
use crate::tag::value::{Value, ValueType};

/// How deep conditions may be nested.
const DEPTH_MAX: usize = 8;
/// How many conditions a segment may consist of.
const CONDITIONS_MAX: usize = 100;
/// How many values a comparison may name.
const VALUES_MAX: usize = 100;
/// The longest word of a comparison with the profile.
const WORD_LEN_MAX: usize = 128;

/// Why a condition does not fit the brand's tags.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// No tag has the code.
    Unknown { path: String, tag_code: String },
    /// The comparison, or a value, is not for the tag's type.
    ValueType {
        path: String,
        tag_code: String,
        value_type: ValueType,
    },
}

/// Reads a condition; notes everything that is wrong with its shape, and then answers nothing.
pub(crate) fn parse(wire: &v1::Condition, path: &str, violations: &mut Violations) -> Option<Condition> {
    let mut parser = Parser {
        violations,
        count: 0,
        is_full: false,
    };
    parser.condition(wire, path, 1)
}

/// A condition as the database keeps it.
pub(crate) fn encode(wire: &v1::Condition) -> Vec<u8> {
    wire.encode_to_vec()
}

/// A condition that was checked when it was stored, as message and as value.
pub(crate) fn decode(bytes: &[u8]) -> Result<(v1::Condition, Condition), Fault> {
    let wire = v1::Condition::decode(bytes).map_err(Fault::internal)?;
    let mut violations = Violations::new();
    let condition = parse(&wire, "condition", &mut violations);
    let condition = condition.ok_or_else(|| Fault::internal("a stored condition does not read"))?;
    Ok((wire, condition))
}

/// Checks comparisons of tags against the tags' types; the first misfit is told.
pub(crate) fn check(
    condition: &Condition,
    path: &str,
    value_type: &impl Fn(&str) -> Option<ValueType>,
) -> Result<(), Misfit> {
    match condition {
        Condition::All(conditions) => check_each(conditions, &format!("{path}.all"), value_type),
        Condition::Any(conditions) => check_each(conditions, &format!("{path}.any"), value_type),
        Condition::Not(condition) => check(condition, &format!("{path}.not"), value_type),
        Condition::Tag { code, test } => {
            let path = format!("{path}.tag");
            let Some(value_type) = value_type(code) else {
                return Err(Misfit::Unknown {
                    path: format!("{path}.tag_code"),
                    tag_code: code.clone(),
                });
            };
            match fits(test, value_type) {
                true => Ok(()),
                false => Err(Misfit::ValueType {
                    path,
                    tag_code: code.clone(),
                    value_type,
                }),
            }
        }
        Condition::Profile { .. } => Ok(()),
    }
}

fn check_each(
    conditions: &[Condition],
    path: &str,
    value_type: &impl Fn(&str) -> Option<ValueType>,
) -> Result<(), Misfit> {
    conditions
        .iter()
        .enumerate()
        .try_for_each(|(i, condition)| check(condition, &format!("{path}.conditions[{i}]"), value_type))
}

fn fits(test: &Test, value_type: ValueType) -> bool {
    match test {
        Test::IsSet => true,
        Test::In(values) => values.iter().all(|value| value.value_type() == value_type),
        Test::AtLeast(value) | Test::AtMost(value) => value_type.is_ordered() && value.value_type() == value_type,
    }
}

struct Parser<'a> {
    violations: &'a mut Violations,
    count: usize,
    is_full: bool,
}

impl Parser<'_> {
    fn condition(&mut self, wire: &v1::Condition, path: &str, depth: usize) -> Option<Condition> {
        self.count = self.count.saturating_add(1);
        if self.count > CONDITIONS_MAX {
            if !self.is_full {
                self.violations
                    .add(path, format!("there must be at most {CONDITIONS_MAX} conditions"));
            }
            self.is_full = true;
            return None;
        }
        if depth > DEPTH_MAX {
            self.violations
                .add(path, format!("conditions must be nested at most {DEPTH_MAX} deep"));
            return None;
        }
        let deeper = depth.saturating_add(1);
        match &wire.kind {
            None => {
                self.violations
                    .add(path, "must be exactly one of all, any, not, tag, profile");
                None
            }
            Some(Kind::All(list)) => self.list(list, &format!("{path}.all"), deeper).map(Condition::All),
            Some(Kind::Any(list)) => self.list(list, &format!("{path}.any"), deeper).map(Condition::Any),
            Some(Kind::Not(inner)) => {
                let inner = self.condition(inner, &format!("{path}.not"), deeper)?;
                Some(Condition::Not(Box::new(inner)))
            }
            Some(Kind::Tag(tag)) => self.tag(tag, &format!("{path}.tag")),
            Some(Kind::Profile(profile)) => self.profile(profile, &format!("{path}.profile")),
        }
    }

    fn list(&mut self, list: &v1::ConditionList, path: &str, depth: usize) -> Option<Vec<Condition>> {
        if list.conditions.is_empty() {
            self.violations
                .add(format!("{path}.conditions"), "must hold at least one condition");
            return None;
        }
        let conditions = list.conditions.iter().enumerate();
        let parsed: Vec<Option<Condition>> = conditions
            .map(|(i, condition)| self.condition(condition, &format!("{path}.conditions[{i}]"), depth))
            .collect();
        parsed.into_iter().collect()
    }

    fn tag(&mut self, wire: &v1::TagCondition, path: &str) -> Option<Condition> {
        let values = self.values(&wire.values, path);
        let count = wire.values.len();
        let is_one = count == 1;
        let (is_right, wanted) = match wire.comparison() {
            v1::Comparison::Unspecified => (false, ""),
            v1::Comparison::IsSet => (count == 0, "must be empty for IS_SET"),
            v1::Comparison::Equals => (is_one, "must hold one value for EQUALS"),
            v1::Comparison::AtLeast => (is_one, "must hold one value for AT_LEAST"),
            v1::Comparison::AtMost => (is_one, "must hold one value for AT_MOST"),
            v1::Comparison::In => ((1..=VALUES_MAX).contains(&count), "must hold 1 to 100 values for IN"),
        };
        if !is_right {
            match wanted {
                "" => self.violations.add(
                    format!("{path}.comparison"),
                    contracts_tagging::CONTRACT.must_be_one_of("quanyu.tagging.v1.Comparison"),
                ),
                wanted => self.violations.add(format!("{path}.values"), wanted),
            }
            return None;
        }
        let values = values?;
        let test = match (wire.comparison(), values.first()) {
            (v1::Comparison::AtLeast, Some(least)) => Test::AtLeast(least.clone()),
            (v1::Comparison::AtMost, Some(most)) => Test::AtMost(most.clone()),
            (v1::Comparison::Equals | v1::Comparison::In, _) => Test::In(values.into_iter().collect()),
            (
                v1::Comparison::IsSet | v1::Comparison::AtLeast | v1::Comparison::AtMost | v1::Comparison::Unspecified,
                _,
            ) => Test::IsSet,
        };
        Some(Condition::Tag {
            code: wire.tag_code.clone(),
            test,
        })
    }

    fn values(&mut self, wire: &[v1::TagValue], path: &str) -> Option<Vec<Value>> {
        let parsed: Vec<Option<Value>> = wire
            .iter()
            .take(VALUES_MAX)
            .enumerate()
            .map(|(i, wire)| {
                self.violations
                    .parse(format!("{path}.values[{i}]"), tag::value::wire::parse(wire))
            })
            .collect();
        parsed.into_iter().collect()
    }

    fn profile(&mut self, wire: &v1::ProfileCondition, path: &str) -> Option<Condition> {
        let field = match wire.field() {
            v1::ProfileField::Unspecified => {
                self.violations.add(
                    format!("{path}.field"),
                    contracts_tagging::CONTRACT.must_be_one_of("quanyu.tagging.v1.ProfileField"),
                );
                return None;
            }
            v1::ProfileField::Gender => Field::Gender,
            v1::ProfileField::Province => Field::Province,
            v1::ProfileField::City => Field::City,
            v1::ProfileField::ChannelCodes => Field::ChannelCodes,
            v1::ProfileField::TierCode => Field::TierCode,
            v1::ProfileField::BirthMonth => Field::BirthMonth,
        };
        let count = wire.values.len();
        if !(1..=VALUES_MAX).contains(&count) {
            self.violations
                .add(format!("{path}.values"), format!("must hold 1 to {VALUES_MAX} values"));
            return None;
        }
        let words = wire.values.iter().enumerate();
        let words: Vec<Option<String>> = words
            .map(|(i, word)| {
                self.violations
                    .parse(format!("{path}.values[{i}]"), parse_word(field, word))
            })
            .collect();
        let words: Option<BTreeSet<String>> = words.into_iter().collect();
        Some(Condition::Profile { field, words: words? })
    }
}

fn parse_word(field: Field, word: &str) -> Result<String, String> {
    if field == Field::BirthMonth {
        let month = word.parse::<u8>().ok().filter(|month| (1..=12).contains(month));
        return month
            .map(|month| month.to_string())
            .ok_or_else(|| "must be a month, \"1\" to \"12\"".to_owned());
    }
    match word.is_empty() || word.chars().count() > WORD_LEN_MAX {
        true => Err(format!("must have 1 to {WORD_LEN_MAX} characters")),
        false => Ok(word.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(comparison: v1::Comparison, values: &[i64]) -> v1::Condition {
        let values = values
            .iter()
            .map(|value| tag::value::wire::write(&Value::Int(*value)))
            .collect();
        let condition = v1::TagCondition {
            tag_code: "orders".into(),
            comparison: comparison.into(),
            values,
        };
        v1::Condition {
            kind: Some(Kind::Tag(condition)),
        }
    }

    fn not(inner: v1::Condition) -> v1::Condition {
        v1::Condition {
            kind: Some(Kind::Not(Box::new(inner))),
        }
    }

    fn all(conditions: Vec<v1::Condition>) -> v1::Condition {
        v1::Condition {
            kind: Some(Kind::All(v1::ConditionList { conditions })),
        }
    }

    fn paths(wire: &v1::Condition) -> Vec<String> {
        let mut violations = Violations::new();
        let parsed = parse(wire, "condition", &mut violations);
        assert_eq!(parsed.is_none(), !violations.is_empty());
        violations
            .into_inner()
            .into_iter()
            .map(|violation| violation.path)
            .collect()
    }

    #[test]
    fn every_wrong_part_is_told_with_its_path() {
        let profile = |field: v1::ProfileField, words: &[&str]| v1::Condition {
            kind: Some(Kind::Profile(v1::ProfileCondition {
                field: field.into(),
                values: words.iter().map(|&word| word.to_owned()).collect(),
            })),
        };
        let wrong = all(vec![
            v1::Condition { kind: None },
            tag(v1::Comparison::Unspecified, &[]),
            tag(v1::Comparison::IsSet, &[1]),
            tag(v1::Comparison::AtLeast, &[]),
            tag(v1::Comparison::In, &[]),
            all(vec![]),
            profile(v1::ProfileField::Unspecified, &["x"]),
            profile(v1::ProfileField::BirthMonth, &["1", "13"]),
            profile(v1::ProfileField::City, &[]),
        ]);
        let expected = [
            "[0]",
            "[1].tag.comparison",
            "[2].tag.values",
            "[3].tag.values",
            "[4].tag.values",
            "[5].all.conditions",
            "[6].profile.field",
            "[7].profile.values[1]",
            "[8].profile.values",
        ];
        assert_eq!(
            paths(&wrong),
            expected.map(|path| format!("condition.all.conditions{path}"))
        );
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let leaf = || tag(v1::Comparison::IsSet, &[]);
        let nested = |depth: usize| (1..depth).fold(leaf(), |inner, _| not(inner));
        assert!(paths(&nested(DEPTH_MAX)).is_empty());
        assert_eq!(paths(&nested(DEPTH_MAX + 1)).len(), 1);
        assert!(paths(&all((1..CONDITIONS_MAX).map(|_| leaf()).collect())).is_empty());
        assert_eq!(paths(&all((0..CONDITIONS_MAX + 50).map(|_| leaf()).collect())).len(), 1);
    }

    #[test]
    fn what_is_stored_reads_again() {
        let wire = all(vec![
            tag(v1::Comparison::In, &[1, 2]),
            not(tag(v1::Comparison::AtMost, &[9])),
        ]);
        let (again, condition) = decode(&encode(&wire)).unwrap();
        assert_eq!(again, wire);
        assert_eq!(parse(&wire, "condition", &mut Violations::new()), Some(condition));
    }

    #[test]
    fn comparisons_fit_the_type_of_the_tag_or_are_told() {
        let types = |code: &str| (code == "orders").then_some(ValueType::Int);
        let texts = |code: &str| (code == "orders").then_some(ValueType::Text);
        let parsed = |wire: &v1::Condition| parse(wire, "condition", &mut Violations::new()).unwrap();
        let condition = parsed(&all(vec![tag(v1::Comparison::AtLeast, &[1])]));
        assert_eq!(check(&condition, "condition", &types), Ok(()));
        let misfit = check(&condition, "condition", &texts).unwrap_err();
        let path = "condition.all.conditions[0].tag".to_owned();
        assert_eq!(
            misfit,
            Misfit::ValueType {
                path,
                tag_code: "orders".into(),
                value_type: ValueType::Text
            }
        );
        let unknown = check(&parsed(&tag(v1::Comparison::IsSet, &[])), "condition", &|_: &str| None).unwrap_err();
        let path = "condition.tag.tag_code".to_owned();
        assert_eq!(
            unknown,
            Misfit::Unknown {
                path,
                tag_code: "orders".into()
            }
        );
    }
}
