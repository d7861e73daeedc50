use std::borrow::Cow;

use prost_reflect::{
    DeserializeOptions, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value,
};
use serde_json::value::RawValue;

use super::number::{NoInteger, integer, is_number};

/// How many values of an enum are listed.
const LISTED_MAX: usize = 60;
/// How many digits behind the point a time and a duration have.
const NANOS_DIGITS: usize = 9;

/// Whether a field's value is read from its text at once, rather than streamed.
pub(super) fn is_leaf(field: &FieldDescriptor) -> bool {
    !field.is_list() && !field.is_map() && !matches!(field.kind(), Kind::Message(of) if !is_leaf_message(&of))
}

/// Whether a message has a form of its own in JSON: times, durations, field masks.
pub(super) fn is_leaf_message(message: &MessageDescriptor) -> bool {
    message.full_name().starts_with("google.protobuf.")
}

/// Whether a field names other fields.
pub(in crate::rest) fn is_mask(field: &FieldDescriptor) -> bool {
    matches!(field.kind(), Kind::Message(of) if of.full_name() == "google.protobuf.FieldMask")
}

/// The value of a field that is a leaf: none for null.
pub(super) fn read_raw(field: &FieldDescriptor, raw: &RawValue) -> Result<Option<Value>, String> {
    read_kind(&field.kind(), raw.get()).map_err(|message| of_field(field, message))
}

/// What is wrong with a value of a field: of an enum's values the contract may leave out some.
pub(super) fn of_field(field: &FieldDescriptor, message: String) -> String {
    contracts::must_be_one_of_its(field).unwrap_or(message)
}

/// The value that a text of JSON stands for: none for null, where that is no value of the kind. The text has no blanks
/// around it.
pub(super) fn read_kind(kind: &Kind, json: &str) -> Result<Option<Value>, String> {
    if json == "null" && !has_null(kind) {
        return Ok(None);
    }
    let value = match kind {
        Kind::Enum(_) if json == "null" => Value::EnumNumber(0),
        Kind::Bool => match json {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => return Err("must be true or false".to_owned()),
        },
        Kind::String => Value::String(string(json)?.into_owned()),
        Kind::Message(message) => Value::Message(well_known(message, json)?),
        Kind::Bytes => {
            let text = string(json)?;
            return read_bytes(&text).map(Some);
        }
        Kind::Enum(of) if json.starts_with('"') => named(of, &string(json)?)?,
        Kind::Enum(of) => {
            let number = integer(json).ok().and_then(|number| i32::try_from(number).ok());
            Value::EnumNumber(number.ok_or_else(|| one_of(of))?)
        }
        kind => {
            let text = match json.starts_with('"') {
                true => string(json)?,
                false => Cow::Borrowed(json),
            };
            number(kind, &text)?
        }
    };
    Ok(Some(value))
}

/// Whether null is a value of a kind, like any other.
fn has_null(kind: &Kind) -> bool {
    match kind {
        Kind::Message(of) => of.full_name() == "google.protobuf.Value",
        Kind::Enum(of) => of.full_name() == "google.protobuf.NullValue",
        Kind::Double
        | Kind::Float
        | Kind::Int32
        | Kind::Int64
        | Kind::Uint32
        | Kind::Uint64
        | Kind::Sint32
        | Kind::Sint64
        | Kind::Fixed32
        | Kind::Fixed64
        | Kind::Sfixed32
        | Kind::Sfixed64
        | Kind::Bool
        | Kind::String
        | Kind::Bytes => false,
    }
}

/// The value of a field, or of an item of it, that a text without quotes stands for, in a path or a query.
pub(in crate::rest) fn read_text(field: &FieldDescriptor, text: &str) -> Result<Value, String> {
    let kind = &field.kind();
    match kind {
        Kind::String => Ok(Value::String(text.to_owned())),
        Kind::Bool | Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 if text == "null" => {
            Err("must not be null".to_owned())
        }
        Kind::Bool => read_kind(kind, text).map(|value| value.unwrap_or(Value::Bool(false))),
        kind => {
            let is_bare = match kind {
                // By its number, as JSON takes it too.
                Kind::Enum(_) => integer(text).is_ok(),
                Kind::Message(of) => of.full_name() == "google.protobuf.BoolValue",
                _ => false,
            };
            let quoted = if is_bare {
                text.to_owned()
            } else {
                serde_json::Value::from(text).to_string()
            };
            let value = read_kind(kind, &quoted).map_err(|message| of_field(field, message))?;
            Ok(value.unwrap_or_else(|| Value::default_value(kind)))
        }
    }
}

/// The key of a map, which JSON always writes as a text.
pub(super) fn read_map_key(kind: &Kind, text: &str) -> Result<MapKey, String> {
    let value = match kind {
        Kind::Bool => read_kind(kind, text)?,
        kind => read_kind(kind, &serde_json::Value::from(text).to_string())?,
    };
    match value {
        Some(Value::String(key)) => Ok(MapKey::String(key)),
        Some(Value::Bool(key)) => Ok(MapKey::Bool(key)),
        Some(Value::I32(key)) => Ok(MapKey::I32(key)),
        Some(Value::I64(key)) => Ok(MapKey::I64(key)),
        Some(Value::U32(key)) => Ok(MapKey::U32(key)),
        Some(Value::U64(key)) => Ok(MapKey::U64(key)),
        _ => Err("is no key of this map".to_owned()),
    }
}

fn string(json: &str) -> Result<Cow<'_, str>, String> {
    if !json.starts_with('"') {
        return Err("must be a text, in quotes".to_owned());
    }
    let unquoted = json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
    if !unquoted.contains('\\') {
        return Ok(Cow::Borrowed(unquoted));
    }
    serde_json::from_str(json)
        .map(Cow::Owned)
        .map_err(|error| format!("is no text: {error}"))
}

fn number(kind: &Kind, text: &str) -> Result<Value, String> {
    let whole = || {
        integer(text).map_err(|why| match why {
            NoInteger::NoNumber => "must be a whole number, such as 500 or \"500\"".to_owned(),
            NoInteger::Fraction => "must be a whole number: it has a fraction".to_owned(),
            NoInteger::TooLarge => "is beyond 64 bits".to_owned(),
        })
    };
    let beyond = |bounds: String| format!("must be a whole number {bounds}");
    match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => i32::try_from(whole()?)
            .map(Value::I32)
            .map_err(|_| beyond(format!("from {} to {}", i32::MIN, i32::MAX))),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => i64::try_from(whole()?)
            .map(Value::I64)
            .map_err(|_| beyond(format!("from {} to {}", i64::MIN, i64::MAX))),
        Kind::Uint32 | Kind::Fixed32 => u32::try_from(whole()?)
            .map(Value::U32)
            .map_err(|_| beyond(format!("from 0 to {}", u32::MAX))),
        Kind::Uint64 | Kind::Fixed64 => u64::try_from(whole()?)
            .map(Value::U64)
            .map_err(|_| beyond(format!("from 0 to {}", u64::MAX))),
        Kind::Double => float(text).map(Value::F64),
        Kind::Float => {
            let wide = float(text)?;
            let narrow: f32 = text.parse().unwrap_or(f32::NAN);
            match wide.is_finite() && !narrow.is_finite() {
                true => Err("is beyond a 32-bit float".to_owned()),
                false => Ok(Value::F32(narrow)),
            }
        }
        Kind::Bool | Kind::String | Kind::Bytes | Kind::Message(_) | Kind::Enum(_) => Err("is no number".to_owned()),
    }
}

fn float(text: &str) -> Result<f64, String> {
    match text {
        "NaN" => return Ok(f64::NAN),
        "Infinity" => return Ok(f64::INFINITY),
        "-Infinity" => return Ok(f64::NEG_INFINITY),
        _ => {}
    }
    let value = Some(text)
        .filter(|text| is_number(text))
        .and_then(|text| text.parse::<f64>().ok());
    let value = value.ok_or("must be a number, such as 1.5")?;
    value
        .is_finite()
        .then_some(value)
        .ok_or_else(|| "is beyond a 64-bit float".to_owned())
}

fn named(of: &EnumDescriptor, name: &str) -> Result<Value, String> {
    let value = of.get_value_by_name(name);
    value
        .map(|value| Value::EnumNumber(value.number()))
        .ok_or_else(|| one_of(of))
}

/// Says which values an enum has, but the one that stands for none.
fn one_of(of: &EnumDescriptor) -> String {
    let names: Vec<String> = of
        .values()
        .filter(|value| value.number() != 0)
        .take(LISTED_MAX)
        .map(|value| value.name().to_owned())
        .collect();
    format!("must be one of {}", names.join(", "))
}

/// By the message library, which knows the forms of times, durations and field masks.
fn well_known(message: &MessageDescriptor, json: &str) -> Result<DynamicMessage, String> {
    const OPTIONS: DeserializeOptions = DeserializeOptions::new().deny_unknown_fields(true);
    let refusal = |error: Option<serde_json::Error>| match message.full_name() {
        "google.protobuf.Timestamp" => no_time(string(json).as_deref().unwrap_or_default()),
        "google.protobuf.Duration" => {
            "must be a duration in seconds, with at most nine digits behind the point, such as \"3600s\" or \"1.5s\""
                .to_owned()
        }
        "google.protobuf.FieldMask" => {
            "must be a field mask in lowerCamelCase, such as \"displayName,account\"".to_owned()
        }
        _ => error.map(|error| error.to_string()).unwrap_or_default(),
    };
    if would_change(message, json) {
        return Err(refusal(None));
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let read = DynamicMessage::deserialize_with_options(message.clone(), &mut deserializer, &OPTIONS);
    read.map_err(|error| refusal(Some(error)))
}

/// Whether the message library would take the text for something near it: digits beyond nanoseconds and a sixtieth second
/// would be dropped, and so would a path of a mask that is empty.
fn would_change(message: &MessageDescriptor, json: &str) -> bool {
    let Ok(text) = string(json) else {
        return false;
    };
    let is_beyond_nanos = text
        .split_once('.')
        .is_some_and(|(_, behind)| behind.bytes().take_while(u8::is_ascii_digit).count() > NANOS_DIGITS);
    match message.full_name() {
        "google.protobuf.Timestamp" => is_beyond_nanos || text.get(16..19) == Some(":60"),
        "google.protobuf.Duration" => is_beyond_nanos,
        "google.protobuf.FieldMask" => !text.is_empty() && text.split(',').any(str::is_empty),
        _ => false,
    }
}

/// What is wrong with a text that is no time.
fn no_time(text: &str) -> String {
    let digits = |part: &str, count: usize| part.len() >= count && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.trim_start_matches(['+', '-']);
    let is_zoned = text.ends_with(['Z', 'z'])
        || text
            .get(text.len().saturating_sub(6)..)
            .is_some_and(|zone| zone.starts_with(['+', '-']) && zone.get(3..4) == Some(":"));
    let mut parts = unsigned.splitn(3, '-');
    let (year, month) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let is_whole = digits(year, 4) && digits(month, 2) && text.contains(['T', 't']) && is_zoned;
    if is_whole && (year.len() > 4 || unsigned != text || matches!(year, "0000" | "0001" | "9999")) {
        kernel::TIME_RANGE.to_owned()
    } else if is_whole {
        "must be a moment that there is, to the nanosecond: look at its month, day, hour, minute, second and zone"
            .to_owned()
    } else {
        "must be a time with its zone, such as \"2026-11-11T00:00:00+08:00\" or \"2026-11-10T16:00:00Z\"".to_owned()
    }
}

/// Base64 as the message library reads it: either alphabet, padded or not.
fn read_bytes(text: &str) -> Result<Value, String> {
    use prost_reflect::ReflectMessage as _;
    let wrapper = Vec::<u8>::default().descriptor();
    let read = DynamicMessage::deserialize(wrapper, serde_json::Value::from(text));
    let value = read
        .ok()
        .and_then(|read| read.get_field_by_name("value").map(Cow::into_owned));
    value.ok_or_else(|| "must be base64".to_owned())
}
