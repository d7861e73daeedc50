//! Conditions on facts.

use std::fmt;

use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, ReflectMessage, Value as Reflected};
use rules::{Condition, Environment, Facts, Object, RuleError, Type, Value};

use super::telling::Telling;

/// How deep messages of a fact are spoken of.
const DEPTH_MAX: usize = 4;
/// How many elements of a list a condition's cost is reckoned with.
const LIST_MAX: usize = 100;

/// A condition on facts of one type.
#[derive(Clone, Debug)]
pub(crate) struct Filter(Condition);

/// All that is wrong with a filter.
#[derive(Debug)]
pub(crate) struct Mistakes(Vec<RuleError>);

impl Filter {
    /// Reads a filter for facts of a type.
    pub(crate) fn compile(source: &str, message: &MessageDescriptor) -> Result<Self, Mistakes> {
        let environment = Environment::new().with("fact", fact(message));
        Condition::compile(&environment, source).map(Self).map_err(Mistakes)
    }

    /// Whether a fact is wanted. One that cannot be judged is: to be told too much can be mended, to be told too little cannot.
    pub(crate) fn wants(&self, told: &Telling, message: &DynamicMessage) -> bool {
        let fact = Object::new()
            .with("type", told.kind.as_str())
            .with("subject", told.subject.as_str())
            .with("time", Value::Timestamp(told.time.micros()))
            .with("data", Value::Object(values(message, DEPTH_MAX)));
        self.0.eval(&Facts::new().with("fact", fact)).unwrap_or(true)
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&told.join("; "))
    }
}

/// What a condition may speak of.
fn fact(message: &MessageDescriptor) -> Type {
    Type::object([
        ("type", Type::String),
        ("subject", Type::String),
        ("time", Type::Timestamp),
        ("data", object(message, DEPTH_MAX)),
    ])
}

fn object(message: &MessageDescriptor, depth: usize) -> Type {
    let fields: Vec<(String, Type)> = message
        .fields()
        .filter_map(|field| {
            let of = match field.is_map() {
                true => return None,
                false => single(&field.kind(), depth)?,
            };
            let of = if field.is_list() { Type::list(of, LIST_MAX) } else { of };
            Some((field.name().to_owned(), of))
        })
        .collect();
    Type::object(fields.iter().map(|(name, of)| (name.as_str(), of.clone())))
}

/// The type of one value. Fractions, bytes and what may not fit into 64 bits with a sign have none in rules.
fn single(kind: &Kind, depth: usize) -> Option<Type> {
    match kind {
        Kind::Bool => Some(Type::Bool),
        Kind::Int32
        | Kind::Int64
        | Kind::Sint32
        | Kind::Sint64
        | Kind::Sfixed32
        | Kind::Sfixed64
        | Kind::Uint32
        | Kind::Fixed32 => Some(Type::Int),
        Kind::String | Kind::Enum(_) => Some(Type::String),
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => Some(Type::Timestamp),
            "google.protobuf.Duration" => Some(Type::Duration),
            _ => depth.checked_sub(1).map(|depth| object(message, depth)),
        },
        Kind::Double | Kind::Float | Kind::Uint64 | Kind::Fixed64 | Kind::Bytes => None,
    }
}

/// The values of a message, under the names that [`object`] gives their types.
fn values(message: &DynamicMessage, depth: usize) -> Object {
    let named = message.fields().filter_map(|(field, value)| {
        let value = match value {
            Reflected::List(items) => {
                let items = items.iter().map(|item| value_of(&field.kind(), item, depth));
                Value::List(items.collect::<Option<_>>()?)
            }
            single => value_of(&field.kind(), single, depth)?,
        };
        Some((field.name().to_owned(), value))
    });
    named.collect()
}

fn value_of(kind: &Kind, value: &Reflected, depth: usize) -> Option<Value> {
    match value {
        Reflected::Bool(value) => Some(Value::Bool(*value)),
        Reflected::I32(value) => Some(Value::Int((*value).into())),
        Reflected::I64(value) => Some(Value::Int(*value)),
        Reflected::U32(value) => Some(Value::Int((*value).into())),
        Reflected::String(value) => Some(Value::String(value.clone())),
        Reflected::EnumNumber(number) => match kind {
            Kind::Enum(of) => Some(Value::String(of.get_value(*number)?.name().to_owned())),
            _ => None,
        },
        Reflected::Message(message) => match message.descriptor().full_name() {
            "google.protobuf.Timestamp" => Some(Value::Timestamp(micros(message)?)),
            "google.protobuf.Duration" => Some(Value::Duration(micros(message)?)),
            _ => depth.checked_sub(1).map(|depth| Value::Object(values(message, depth))),
        },
        Reflected::U64(_)
        | Reflected::F32(_)
        | Reflected::F64(_)
        | Reflected::Bytes(_)
        | Reflected::List(_)
        | Reflected::Map(_) => None,
    }
}

/// What a timestamp or a duration is in microseconds.
fn micros(message: &DynamicMessage) -> Option<i64> {
    let seconds = message.get_field_by_name("seconds")?.as_i64()?;
    let nanos = i64::from(message.get_field_by_name("nanos")?.as_i32()?);
    seconds.checked_mul(1_000_000)?.checked_add(nanos.checked_div(1_000)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact;

    fn compile(source: &str, fact_type: &str) -> Result<Filter, String> {
        Filter::compile(source, fact::message(fact_type).unwrap()).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn a_filter_speaks_of_the_fields_of_its_fact() {
        compile(
            r#"fact.data.member_id == fact.subject && fact.type == "points.earned""#,
            "points.earned",
        )
        .unwrap();
        let wrong = compile("fact.data.amuont > 100", "points.earned").unwrap_err();
        assert!(wrong.contains("amuont"), "{wrong}");
    }

    #[test]
    fn every_fact_of_the_platform_can_be_spoken_of() {
        for fact_type in fact::REGISTRY.keys() {
            compile(r#"fact.time > timestamp("2026-01-01T00:00:00Z")"#, fact_type).unwrap();
        }
    }
}
