use std::collections::BTreeSet;

use contracts_tagging::v1;
use fault::Violations;
use kernel::{Currency, Time};

use super::computation::{Aggregate, Computation, Operand};
use super::value;
use super::value::ValueType;
use super::{MemberTag, Tag, TagSource};

/// Reads a tag that is to be created; notes everything that is wrong with it, and then answers nothing.
pub(crate) fn parse(wire: &v1::Tag, now: Time, violations: &mut Violations) -> Option<Tag> {
    let source = parse_source(wire, violations)?;
    let told_type = match wire.value_type() {
        v1::TagValueType::Unspecified => None,
        v1::TagValueType::Bool => Some(ValueType::Bool),
        v1::TagValueType::Int => Some(ValueType::Int),
        v1::TagValueType::String => Some(ValueType::Text),
        v1::TagValueType::Time => Some(ValueType::Time),
    };
    let value_type = match &source {
        TagSource::Manual | TagSource::Imported => {
            let types = contracts_tagging::CONTRACT.must_be_one_of("quanyu.tagging.v1.TagValueType");
            violations.check(told_type.is_some(), "tag.value_type", types);
            told_type?
        }
        TagSource::Computed(computation) => {
            let computed = computation.value_type();
            let agrees = told_type.is_none_or(|told| told == computed);
            violations.check(
                agrees,
                "tag.value_type",
                format!("is {} by the computation", computed.name()),
            );
            let is_static = wire.mutability() == v1::TagMutability::Static;
            violations.check(!is_static, "tag.mutability", "must be DYNAMIC for a computed tag");
            violations.check(
                wire.lifetime_days == 0,
                "tag.lifetime_days",
                "must be 0 for a computed tag: its window says when values lapse",
            );
            computed
        }
    };
    Some(Tag {
        code: wire.tag_code.clone(),
        display_name: wire.display_name.clone(),
        group: wire.group.clone(),
        description: wire.description.clone(),
        value_type,
        is_static: wire.mutability() == v1::TagMutability::Static,
        is_backfilling: matches!(source, TagSource::Computed(_)),
        failure: None,
        source,
        lifetime_days: days(wire.lifetime_days),
        version: 1,
        create_time: now,
        update_time: now,
    })
}

fn parse_source(wire: &v1::Tag, violations: &mut Violations) -> Option<TagSource> {
    let source = match wire.source_kind() {
        v1::TagSourceKind::Unspecified => return None,
        v1::TagSourceKind::Manual => TagSource::Manual,
        v1::TagSourceKind::Imported => TagSource::Imported,
        v1::TagSourceKind::Computed => {
            let Some(computation) = &wire.computation else {
                violations.add("tag.computation", "must be given for a computed tag");
                return None;
            };
            return parse_computation(computation, violations).map(TagSource::Computed);
        }
    };
    violations.check(
        wire.computation.is_none(),
        "tag.computation",
        "must be absent for a tag that is not computed",
    );
    Some(source)
}

/// Reads a computation, see [`parse`].
pub(crate) fn parse_computation(wire: &v1::Computation, violations: &mut Violations) -> Option<Computation> {
    let operand = parse_operand(wire, violations);
    let aggregate = match wire.aggregate() {
        v1::Aggregate::Unspecified => None,
        v1::Aggregate::Count => {
            let is_plain = wire.operand() == v1::Operand::Unspecified;
            violations.check(
                is_plain,
                "tag.computation.operand",
                "must be left unspecified for COUNT",
            );
            is_plain.then_some(Aggregate::Count)
        }
        v1::Aggregate::Sum => {
            let operand = operand.filter(|operand| operand.value_type() == ValueType::Int);
            violations.check(
                operand.is_some(),
                "tag.computation.operand",
                "must be AMOUNT or QUANTITY for SUM",
            );
            operand.map(Aggregate::Sum)
        }
        v1::Aggregate::Last | v1::Aggregate::First => {
            violations.check(
                operand.is_some(),
                "tag.computation.operand",
                "must be given for LAST and FIRST",
            );
            let is_last = wire.aggregate() == v1::Aggregate::Last;
            operand.map(if is_last { Aggregate::Last } else { Aggregate::First })
        }
    };
    Some(Computation {
        aggregate: aggregate?,
        activity_types: wire.activity_types.iter().cloned().collect(),
        channel_codes: wire.channel_codes.iter().cloned().collect::<BTreeSet<_>>(),
        window_days: days(wire.window_days),
    })
}

fn parse_operand(wire: &v1::Computation, violations: &mut Violations) -> Option<Operand> {
    let currency = &wire.currency_code;
    let is_amount = wire.operand() == v1::Operand::Amount;
    if is_amount {
        violations.parse("tag.computation.currency_code", currency.parse::<Currency>());
    } else {
        violations.check(
            currency.is_empty(),
            "tag.computation.currency_code",
            "must be empty for everything but AMOUNT",
        );
    }
    let is_attribute = wire.operand() == v1::Operand::Attribute;
    violations.check(
        is_attribute != wire.attribute_name.is_empty(),
        "tag.computation.attribute_name",
        "must be given for ATTRIBUTE, and empty for everything else",
    );
    match wire.operand() {
        v1::Operand::Unspecified => None,
        v1::Operand::Amount => Some(Operand::Amount {
            currency_code: currency.clone(),
        }),
        v1::Operand::Quantity => Some(Operand::Quantity),
        v1::Operand::OccurTime => Some(Operand::OccurTime),
        v1::Operand::ChannelCode => Some(Operand::ChannelCode),
        v1::Operand::Attribute => Some(Operand::Attribute {
            name: wire.attribute_name.clone(),
        }),
    }
}

/// A number of days; 0 stands for none. The contract bounds it.
pub(crate) fn days(days: i32) -> Option<u16> {
    u16::try_from(days).ok().filter(|days| *days > 0)
}

/// A tag's definition as the contract has it.
pub(crate) fn write(tag: Tag) -> v1::Tag {
    let (source_kind, computation) = match &tag.source {
        TagSource::Manual => (v1::TagSourceKind::Manual, None),
        TagSource::Imported => (v1::TagSourceKind::Imported, None),
        TagSource::Computed(computation) => (v1::TagSourceKind::Computed, Some(write_computation(computation))),
    };
    let mutability = if tag.is_static {
        v1::TagMutability::Static
    } else {
        v1::TagMutability::Dynamic
    };
    let state = match (tag.is_backfilling, &tag.failure) {
        (false, _) => v1::TagState::Ready,
        (true, None) => v1::TagState::Backfilling,
        (true, Some(_)) => v1::TagState::Failed,
    };
    v1::Tag {
        tag_code: tag.code,
        display_name: tag.display_name,
        group: tag.group,
        description: tag.description,
        value_type: write_type(tag.value_type).into(),
        mutability: mutability.into(),
        source_kind: source_kind.into(),
        lifetime_days: tag.lifetime_days.map_or(0, i32::from),
        computation,
        state: state.into(),
        etag: tag.version.to_string(),
        create_time: Some(tag.create_time.to_wire()),
        update_time: Some(tag.update_time.to_wire()),
        failure: tag.failure.filter(|_| tag.is_backfilling).unwrap_or_default(),
    }
}

fn write_type(value_type: ValueType) -> v1::TagValueType {
    match value_type {
        ValueType::Bool => v1::TagValueType::Bool,
        ValueType::Int => v1::TagValueType::Int,
        ValueType::Text => v1::TagValueType::String,
        ValueType::Time => v1::TagValueType::Time,
    }
}

/// A computation as the contract, and the database, has it.
pub(crate) fn write_computation(computation: &Computation) -> v1::Computation {
    let (aggregate, operand) = match &computation.aggregate {
        Aggregate::Count => (v1::Aggregate::Count, None),
        Aggregate::Sum(operand) => (v1::Aggregate::Sum, Some(operand)),
        Aggregate::Last(operand) => (v1::Aggregate::Last, Some(operand)),
        Aggregate::First(operand) => (v1::Aggregate::First, Some(operand)),
    };
    let mut wire = v1::Computation {
        aggregate: aggregate.into(),
        activity_types: computation.activity_types.iter().cloned().collect(),
        channel_codes: computation.channel_codes.iter().cloned().collect(),
        window_days: computation.window_days.map_or(0, i32::from),
        ..v1::Computation::default()
    };
    match operand {
        None => {}
        Some(Operand::Amount { currency_code }) => {
            wire.set_operand(v1::Operand::Amount);
            wire.currency_code.clone_from(currency_code);
        }
        Some(Operand::Quantity) => wire.set_operand(v1::Operand::Quantity),
        Some(Operand::OccurTime) => wire.set_operand(v1::Operand::OccurTime),
        Some(Operand::ChannelCode) => wire.set_operand(v1::Operand::ChannelCode),
        Some(Operand::Attribute { name }) => {
            wire.set_operand(v1::Operand::Attribute);
            wire.attribute_name.clone_from(name);
        }
    }
    wire
}

/// A tag on a member as the contract has it. Only an assigned value lapses; that a computed one will be looked at again
/// is nobody else's concern.
pub(crate) fn write_member_tag(code: String, tag: &MemberTag, now: Time) -> v1::MemberTag {
    let expire_time = tag.due_time.filter(|_| tag.mark.is_none());
    v1::MemberTag {
        tag_code: code,
        value: Some(value::wire::write(&tag.value)),
        source: tag.source.clone(),
        assign_time: Some(tag.assign_time.to_wire()),
        expire_time: expire_time.map(Time::to_wire),
        overdue: tag.is_due(now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn computed(computation: v1::Computation) -> v1::Tag {
        v1::Tag {
            tag_code: "t".into(),
            mutability: v1::TagMutability::Dynamic.into(),
            source_kind: v1::TagSourceKind::Computed.into(),
            computation: Some(computation),
            ..v1::Tag::default()
        }
    }

    fn computation(aggregate: v1::Aggregate, operand: v1::Operand) -> v1::Computation {
        v1::Computation {
            aggregate: aggregate.into(),
            operand: operand.into(),
            activity_types: vec!["order_paid".into()],
            ..v1::Computation::default()
        }
    }

    fn paths(wire: &v1::Tag) -> Vec<String> {
        let mut violations = Violations::new();
        parse(wire, Time::EPOCH, &mut violations);
        violations
            .into_inner()
            .into_iter()
            .map(|violation| violation.path)
            .collect()
    }

    #[test]
    fn operands_fit_their_aggregate() {
        use v1::{Aggregate, Operand};
        let operand = ["tag.computation.operand"];
        assert_eq!(
            paths(&computed(computation(Aggregate::Count, Operand::Quantity))),
            operand
        );
        assert_eq!(
            paths(&computed(computation(Aggregate::Sum, Operand::OccurTime))),
            operand
        );
        assert_eq!(
            paths(&computed(computation(Aggregate::Last, Operand::Unspecified))),
            operand
        );
        let currency = ["tag.computation.currency_code"];
        assert_eq!(paths(&computed(computation(Aggregate::Sum, Operand::Amount))), currency);
        let of_money = |currency_code: &str| {
            computed(v1::Computation {
                currency_code: currency_code.into(),
                ..computation(Aggregate::Sum, Operand::Amount)
            })
        };
        assert_eq!(
            (paths(&of_money("RMB")), paths(&of_money("XXX"))),
            (currency.map(String::from).to_vec(), currency.map(String::from).to_vec())
        );
        assert!(paths(&of_money("KWD")).is_empty());
        let attribute = ["tag.computation.attribute_name"];
        assert_eq!(
            paths(&computed(computation(Aggregate::First, Operand::Attribute))),
            attribute
        );
        assert!(paths(&computed(computation(Aggregate::First, Operand::ChannelCode))).is_empty());
    }

    #[test]
    fn a_computed_tag_takes_its_type_and_its_lapse_from_the_computation() {
        let mut wire = computed(computation(v1::Aggregate::Count, v1::Operand::Unspecified));
        wire.set_value_type(v1::TagValueType::String);
        wire.set_mutability(v1::TagMutability::Static);
        wire.lifetime_days = 3;
        assert_eq!(paths(&wire), ["tag.value_type", "tag.mutability", "tag.lifetime_days"]);
        wire.computation = None;
        assert_eq!(paths(&wire), ["tag.computation"]);
    }

    #[test]
    fn a_computation_is_written_as_it_was_read() {
        let mut wire = computation(v1::Aggregate::Sum, v1::Operand::Amount);
        wire.currency_code = "CNY".into();
        wire.window_days = 30;
        let read = parse_computation(&wire, &mut Violations::new()).unwrap();
        assert_eq!(write_computation(&read), wire);
    }
}
