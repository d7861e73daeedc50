use bytes::Bytes;
use fault::{Fault, Violation};
use prost_reflect::{DeserializeOptions, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use serde_path_to_error::Segment;

use super::query::field_named;
use crate::contract::Body;

/// How deep objects and lists may lie within each other.
const DEPTH_MAX: usize = 64;

const OPTIONS: DeserializeOptions = DeserializeOptions::new().deny_unknown_fields(true);

/// What the message library says of a name that the contract does not have; a test pins the wording.
const UNKNOWN_FIELD: &str = "unrecognized field name '";
/// What it says of a field mask in the contract's spelling.
const INVALID_MASK: &str = "invalid field mask";

/// The request as far as the body has it.
pub(super) fn read(input: &MessageDescriptor, body: &Body, json: &Bytes) -> Result<DynamicMessage, Fault> {
    match body {
        Body::None if json.iter().all(u8::is_ascii_whitespace) => Ok(DynamicMessage::new(input.clone())),
        Body::None => Err(Fault::invalid(
            "",
            "this address takes no body: send the fields as query parameters",
        )),
        Body::Whole => message(input, json),
        Body::Field(field) => {
            let mut request = DynamicMessage::new(input.clone());
            if !json.iter().all(u8::is_ascii_whitespace) {
                let value = one_field(field, json)?;
                request.set_field(field, value);
            }
            Ok(request)
        }
    }
}

/// A message as JSON; nothing at all is an empty message.
pub(super) fn message(descriptor: &MessageDescriptor, json: &[u8]) -> Result<DynamicMessage, Fault> {
    check_depth(json)?;
    if json.iter().all(u8::is_ascii_whitespace) {
        return Ok(DynamicMessage::new(descriptor.clone()));
    }
    let mut json = serde_json::Deserializer::from_slice(json);
    let mut track = serde_path_to_error::Track::new();
    let deserializer = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let message = DynamicMessage::deserialize_with_options(descriptor.clone(), deserializer, &OPTIONS)
        .map_err(|error| violation(proto_path(descriptor, &track.path()), &error.to_string()))?;
    json.end().map_err(|error| Fault::invalid("", error.to_string()))?;
    Ok(message)
}

/// The value of one field: a message as itself, anything else as it would stand in the object around it.
fn one_field(field: &FieldDescriptor, json: &[u8]) -> Result<Value, Fault> {
    if let (Kind::Message(descriptor), false, false) = (field.kind(), field.is_list(), field.is_map()) {
        return message(&descriptor, json)
            .map(Value::Message)
            .map_err(|fault| within(field, fault));
    }
    let mut object = format!("{{\"{}\":", field.json_name()).into_bytes();
    object.extend_from_slice(json);
    object.push(b'}');
    let parent = message(field.parent_message(), &object)?;
    Ok(parent.get_field(field).into_owned())
}

/// Puts the field's name before the paths of what is wrong within it.
fn within(field: &FieldDescriptor, fault: Fault) -> Fault {
    let Fault::Refused(refusal) = fault else { return fault };
    let violations = refusal.violations.into_iter().map(|violation| {
        let path = [field.name(), &violation.path]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>();
        Violation {
            path: path.join("."),
            message: violation.message,
        }
    });
    Fault::invalid_fields(violations.collect())
}

/// The fault of a body at a path. Field masks are the one place where names are read in one spelling alone.
fn violation(mut path: String, message: &str) -> Fault {
    if message.starts_with(INVALID_MASK) {
        return Fault::invalid(
            path,
            "a field mask is written in lowerCamelCase, for example \"displayName,account\"",
        );
    }
    let Some(name) = message
        .strip_prefix(UNKNOWN_FIELD)
        .and_then(|rest| rest.split('\'').next())
    else {
        return Fault::invalid(path, message);
    };
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
    Fault::invalid(path, "the contract has no such field")
}

/// The path to what is wrong, in the spelling of the contract: "items[0].category".
fn proto_path(descriptor: &MessageDescriptor, sent: &serde_path_to_error::Path) -> String {
    let mut at = Some(descriptor.clone());
    let mut path = String::new();
    for segment in sent {
        match segment {
            Segment::Seq { index } => path = format!("{path}[{index}]"),
            Segment::Map { key } => {
                let field = at.as_ref().and_then(|message| field_named(message, key));
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(field.as_ref().map_or(key, |field| field.name()));
                at = field.and_then(|field| field.kind().as_message().cloned());
            }
            // Where the text itself is broken there is nothing to name.
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    path
}

/// Refuses a body that nests deeper than the most, before anything of it is built. The parser's own limit lies above.
fn check_depth(json: &[u8]) -> Result<(), Fault> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for &byte in json {
        match (byte, in_string) {
            _ if escaped => escaped = false,
            (b'\\', true) => escaped = true,
            (b'"', _) => in_string = !in_string,
            (b'{' | b'[', false) => depth = depth.saturating_add(1),
            (b'}' | b']', false) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(Fault::invalid(
                "",
                format!("objects and lists may lie at most {DEPTH_MAX} deep within each other"),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, json: &str) -> Result<DynamicMessage, Vec<(String, String)>> {
        let descriptor = contracts::descriptors().get_message_by_name(name).unwrap();
        message(&descriptor, json.as_bytes()).map_err(|fault| {
            let Fault::Refused(refusal) = fault else {
                panic!("{fault}")
            };
            refusal
                .violations
                .into_iter()
                .map(|violation| (violation.path, violation.message))
                .collect()
        })
    }

    fn path(name: &str, json: &str) -> String {
        read(name, json).unwrap_err().remove(0).0
    }

    const REDEEM: &str = "quanyu.points.v1.RedeemPointsRequest";
    const RECORD: &str = "quanyu.tagging.v1.RecordActivitiesRequest";

    #[test]
    fn both_spellings_of_names_and_integers_are_read() {
        let camel = read(REDEEM, r#"{"memberId": "mbr_1", "amount": "9007199254740993"}"#).unwrap();
        let snake = read(REDEEM, r#"{"member_id": "mbr_1", "amount": 9007199254740993}"#).unwrap();
        assert_eq!(camel, snake);
        assert_eq!(
            camel.get_field_by_name("amount").unwrap().as_i64(),
            Some(9_007_199_254_740_993)
        );
    }

    #[test]
    fn nothing_at_all_is_an_empty_message() {
        let descriptor = contracts::descriptors().get_message_by_name(REDEEM).unwrap();
        assert_eq!(read(REDEEM, " \n").unwrap(), DynamicMessage::new(descriptor));
    }

    #[test]
    fn what_is_wrong_is_named_by_its_path_in_the_contract() {
        assert_eq!(path(REDEEM, r#"{"memberIdd": "mbr_1"}"#), "memberIdd");
        assert_eq!(path(REDEEM, r#"{"amount": "many"}"#), "amount");
        assert_eq!(path(REDEEM, r#"{"memberId": 7}"#), "member_id");
        let nested = r#"{"activities": [{"sourceId": "a"}, {"items": [{"skuCode": "a"}]}]}"#;
        assert_eq!(path(RECORD, nested), "activities[1].items[0].skuCode");
        let nested = r#"{"activities": [{"sourceId": "a"}, {"occurTime": "yesterday"}]}"#;
        assert_eq!(path(RECORD, nested), "activities[1].occur_time");
    }

    #[test]
    fn a_field_mask_says_how_it_is_written() {
        let update = "quanyu.identity.v1.UpdateChannelRequest";
        let mask = read(update, r#"{"updateMask": "displayName,account"}"#).unwrap();
        assert_eq!(
            serde_json::to_value(&mask).unwrap()["updateMask"],
            "displayName,account"
        );
        let (path, message) = read(update, r#"{"updateMask": "display_name"}"#).unwrap_err().remove(0);
        assert!(
            path == "update_mask" && message.contains("lowerCamelCase"),
            "{path}: {message}"
        );
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for json in [
            "{",
            "[]",
            "7",
            "null7",
            "{} {}",
            r#"{"amount": 1e400}"#,
            "\u{0}",
            r#"{"amount": 1.5}"#,
        ] {
            assert!(read(REDEEM, json).is_err(), "{json}");
        }
    }

    #[test]
    fn depth_is_limited_and_brackets_within_strings_do_not_count() {
        let deep = format!("{{\"reference\": {}{}}}", "[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX));
        assert!(read(REDEEM, &deep).unwrap_err()[0].1.contains("deep"));
        let text = format!(r#"{{"reference": "\"{}"}}"#, "[".repeat(100));
        assert!(read(REDEEM, &text).is_ok());
    }
}
