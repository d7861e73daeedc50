use contracts_tagging::v1::TagValue;
use contracts_tagging::v1::tag_value::Kind;
use kernel::{TIME_RANGE, Time};

use super::{TEXT_LEN_MAX, Value};

/// Reads a value, or says what is wrong with it.
pub(crate) fn parse(wire: &TagValue) -> Result<Value, String> {
    match &wire.kind {
        None => Err("must hold exactly one value".to_owned()),
        Some(Kind::BoolValue(value)) => Ok(Value::Bool(*value)),
        Some(Kind::IntValue(value)) => Ok(Value::Int(*value)),
        Some(Kind::StringValue(value)) if value.is_empty() || value.chars().count() > TEXT_LEN_MAX => {
            Err(format!("string_value must have 1 to {TEXT_LEN_MAX} characters"))
        }
        Some(Kind::StringValue(value)) => Ok(Value::Text(value.clone())),
        Some(Kind::TimeValue(value)) => Time::from_wire(value)
            .map(Value::Time)
            .ok_or_else(|| format!("time_value {TIME_RANGE}")),
    }
}

/// Reads a value that a member gets. Where a condition compares with one, that may be any.
pub(crate) fn parse_assigned(wire: &TagValue) -> Result<Value, String> {
    if let Some(Kind::TimeValue(time)) = &wire.kind {
        Time::parse_lived(time).map_err(|error| format!("time_value {error}"))?;
    }
    parse(wire)
}

/// Writes a value.
pub(crate) fn write(value: &Value) -> TagValue {
    let kind = match value {
        Value::Bool(value) => Kind::BoolValue(*value),
        Value::Int(value) => Kind::IntValue(*value),
        Value::Text(value) => Kind::StringValue(value.clone()),
        Value::Time(value) => Kind::TimeValue(value.to_wire()),
    };
    TagValue { kind: Some(kind) }
}
