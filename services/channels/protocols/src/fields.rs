//! Fields of what came, read without trust.

use kernel::Time;
use serde_json::Value;

use crate::Refusal;
use crate::request::seconds_of;

/// How deep JSON of a platform may lie.
const DEPTH_MAX: usize = 32;

/// JSON of a platform, which is an object.
pub(crate) fn json(bytes: &[u8]) -> Result<Value, Refusal> {
    let value: Value = serde_json::from_slice(bytes).map_err(|_| Refusal::Unreadable)?;
    match value.is_object() && within(&value, DEPTH_MAX) {
        true => Ok(value),
        false => Err(Refusal::Unreadable),
    }
}

/// Whether a value lies no deeper. `serde_json` ends at 128 by itself, so this recursion is bounded too.
fn within(value: &Value, depth: usize) -> bool {
    let Some(below) = depth.checked_sub(1) else {
        return false;
    };
    match value {
        Value::Array(values) => values.iter().all(|value| within(value, below)),
        Value::Object(values) => values.values().all(|value| within(value, below)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// A text or a number as text; empty where it is neither.
pub(crate) fn text(content: &Value, name: &str) -> String {
    match content.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => String::new(),
    }
}

/// A time in seconds since 1970.
pub(crate) fn seconds(content: &Value, name: &str) -> Option<Time> {
    seconds_of(&text(content, name))
}

/// A name of the platform's as one of ours: lower case, words joined by underscores, at most 64 characters.
pub(crate) fn code_of(name: &str) -> String {
    name.chars()
        .map(|letter| match letter.is_ascii_alphanumeric() {
            true => letter.to_ascii_lowercase(),
            false => '_',
        })
        .take(64)
        .collect()
}
