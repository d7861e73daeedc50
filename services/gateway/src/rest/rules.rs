//! What else is wrong with a message of which something could not be read, so that its caller mends all in one go. A message
//! that was read whole is judged by its service alone.

use fault::{Fault, Violation, Violations};
use kernel::text::{self, TextError};
use prost_reflect::{DynamicMessage, FieldDescriptor, Value};

use super::json::is_judged_by_itself;

/// The rules of the contract that a message breaks, by its texts and by its shape, as far as it could be read.
pub(super) fn broken(message: &DynamicMessage) -> Result<Vec<Violation>, Fault> {
    let mut violations = Violations::new();
    judge(message, "", &mut violations);
    violations.take("", contracts::codec::check_shape(&contracts_all::CONTRACT, message))?;
    let mut violations = violations.into_inner();
    // As in the codec: a text that may not be is told once.
    let mut told = std::collections::HashSet::new();
    violations.retain(|violation| told.insert(violation.path.clone()));
    Ok(violations)
}

fn judge(message: &DynamicMessage, at: &str, violations: &mut Violations) {
    for (field, value) in message.fields().filter(|(field, _)| !is_judged_by_itself(field)) {
        let here = format!("{at}{}", field.name());
        match value {
            Value::List(values) => {
                for (index, value) in values.iter().enumerate() {
                    judge_value(&field, value, &format!("{here}[{index}]"), violations);
                }
            }
            Value::Map(values) => {
                for (key, value) in values {
                    let key = key.as_str().unwrap_or_default();
                    let here = format!("{here}[{key:?}]");
                    note(text::check_words(key), &here, violations);
                    judge_value(&field, value, &here, violations);
                }
            }
            value => judge_value(&field, value, &here, violations),
        }
    }
}

fn judge_value(field: &FieldDescriptor, value: &Value, here: &str, violations: &mut Violations) {
    match value {
        Value::Message(message) => judge(message, &format!("{here}."), violations),
        Value::String(text) if contracts::is_identifier(field) => note(text::check_identifier(text), here, violations),
        Value::String(text) => note(text::check_words(text), here, violations),
        _ => {}
    }
}

fn note(judged: Result<(), TextError>, here: &str, violations: &mut Violations) {
    if let Err(error) = judged {
        violations.add(here, error.to_string());
    }
}
