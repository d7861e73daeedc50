//! What a broken shape rule is called towards a person: a sentence that says what would be right.

use fault::Violation;
use prost_protovalidate::ValidationError;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, ReflectMessage, Value};

use crate::Contract;

/// What a pattern of the contracts means. A test of all contracts keeps it complete.
pub const PATTERNS: [(&str, &str); 8] = [
    (
        "^[a-z][a-z0-9_]{0,63}$",
        "must be a code: a small letter, then up to 63 small letters, digits and underscores",
    ),
    (
        "^([a-z][a-z0-9_]{0,63})?$",
        "must be a code, or empty: a small letter, then up to 63 small letters, digits and underscores",
    ),
    (
        "^([A-Za-z0-9][A-Za-z0-9_.:-]*)?$",
        "must begin with a letter or a digit and go on with these, \"_\", \".\", \":\" and \"-\", or be empty",
    ),
    (
        "^[A-Za-z0-9-]{0,64}$",
        "must be the name of a header such as X-Signature, or empty: at most 64 letters, digits and \"-\"",
    ),
    ("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "must be a date such as 2026-11-11"),
    (
        "^([0-9]{4}-[0-9]{2}-[0-9]{2})?$",
        "must be a date such as 1990-05-01, or empty",
    ),
    ("^[0-9]{4}-(0[1-9]|1[0-2])$", "must be a month such as 2026-11"),
    (
        "^([0-9]{4}-(0[1-9]|1[0-2]))?$",
        "must be a month such as 2026-11, or empty",
    ),
];
/// How many values of an enum are listed.
const LISTED_MAX: usize = 60;

/// The violations of a message's rules, in plain words. `message` is its full name: "quanyu.tagging.v1.Activity".
pub(crate) fn violations(contract: &Contract, message: &str, error: &ValidationError) -> Vec<Violation> {
    let violation = |broken: &prost_protovalidate::Violation| {
        let path = broken.field_path();
        Violation {
            message: sentence(broken.rule_id(), broken.message(), || field(contract, message, &path)),
            path,
        }
    };
    error.violations().iter().map(violation).collect()
}

fn sentence(rule: &str, message: &str, field: impl FnOnce() -> Option<FieldDescriptor>) -> String {
    let must = || {
        let rest = message
            .strip_prefix("value must ")
            .or_else(|| message.strip_prefix("must "));
        rest.map_or_else(|| message.to_owned(), |rest| format!("must {rest}"))
    };
    match rule {
        "required" => "must be given".to_owned(),
        "string.pattern" => meaning(message).map_or_else(must, str::to_owned),
        "enum.defined_only" | "enum.not_in" | "enum.in" => field()
            .and_then(|field| must_be_one_of_its(&field))
            .unwrap_or_else(must),
        "string.min_len" if message.ends_with("at least 1 characters") => "must not be empty".to_owned(),
        _ => {
            let lengths = message.strip_prefix("value length must be ");
            lengths.map_or_else(must, |length| format!("must have {length}"))
        }
    }
}

/// What the pattern means that a message quotes.
pub fn meaning(message: &str) -> Option<&'static str> {
    let pattern = message.split('`').nth(1)?;
    PATTERNS
        .iter()
        .find(|(known, _)| *known == pattern)
        .map(|(_, meaning)| *meaning)
}

/// The field at a path such as `items[0].kind`.
fn field(contract: &Contract, message: &str, path: &str) -> Option<FieldDescriptor> {
    let mut message = contract.descriptors().get_message_by_name(message)?;
    let mut names = path
        .split('.')
        .map(|name| name.split('[').next().unwrap_or(name))
        .peekable();
    while let Some(name) = names.next() {
        let field = message.get_field_by_name(name)?;
        if names.peek().is_none() {
            return Some(field);
        }
        message = match field.kind() {
            Kind::Message(entry) if field.is_map() => entry.map_entry_value_field().kind().as_message()?.clone(),
            kind => kind.as_message()?.clone(),
        };
    }
    None
}

/// Says which values an enum of the contracts has, by its full name, but for the one that stands for none.
pub(crate) fn must_be_one_of(contract: &Contract, name: &str) -> String {
    let of = contract.descriptors().get_enum_by_name(name);
    let values = of.iter().flat_map(prost_reflect::EnumDescriptor::values);
    listed(
        values
            .filter(|value| value.number() != 0)
            .map(|value| value.name().to_owned()),
    )
}

fn listed(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.take(LISTED_MAX).collect();
    format!("must be one of {}", names.join(", "))
}

/// Says which values a field takes whose kind is an enum, but for the one that stands for none.
pub fn must_be_one_of_its(field: &FieldDescriptor) -> Option<String> {
    let kind = field.kind();
    let values = kind.as_enum()?.values();
    let (barred, alone) = (numbers(field, "not_in"), numbers(field, "in"));
    let taken = values
        .filter(|value| value.number() != 0 && !barred.contains(&value.number()))
        .filter(|value| alone.is_empty() || alone.contains(&value.number()))
        .map(|value| value.name().to_owned());
    Some(listed(taken))
}

/// The numbers that a rule of a field, or of its items, lists.
fn numbers(field: &FieldDescriptor, rule: &str) -> Vec<i32> {
    let Some(rules) = rules(field) else { return Vec::new() };
    let of_items = message(&rules, "repeated").and_then(|repeated| message(&repeated, "items"));
    let of_enum = message(of_items.as_ref().unwrap_or(&rules), "enum");
    let listed = of_enum.and_then(|rules| rules.get_field_by_name(rule).map(std::borrow::Cow::into_owned));
    let listed = listed.as_ref().and_then(Value::as_list).unwrap_or_default();
    listed.iter().filter_map(Value::as_i32).collect()
}

/// The shape rules of a field.
pub fn rules(field: &FieldDescriptor) -> Option<DynamicMessage> {
    let extension = field.parent_pool().get_extension_by_name("buf.validate.field")?;
    field.options().get_extension(&extension).as_message().cloned()
}

fn message(parent: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    let field = parent.descriptor().get_field_by_name(name)?;
    parent
        .has_field(&field)
        .then(|| parent.get_field(&field).as_message().cloned())?
}
