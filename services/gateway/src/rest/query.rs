use std::borrow::Cow;
use std::collections::BTreeMap;

use fault::Violation;
use percent_encoding::percent_decode_str;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, Value};

use super::json::{Spelling, is_mask, no_field_of, one_of_a_kind, other_of_its_oneof, read_text};
use crate::contract::{Body, FieldPath, Route, Segment, field_path};

/// The most query parameters of a request.
const PARAMETERS_MAX: usize = 200;

/// Fills in the fields that the path names. A body that says something else of one of them contradicts its own address.
pub(super) fn fill_from_path(
    route: &Route,
    segments: &[Cow<'_, str>],
    request: &mut DynamicMessage,
    violations: &mut Vec<Violation>,
) {
    for (path, taken) in &route.variables {
        let end = if taken.end == route.template.segments.len() {
            segments.len()
        } else {
            taken.end
        };
        let taken_segments = segments.get(taken.start..end).unwrap_or_default();
        let template = route.template.segments.get(taken.clone());
        let is_one = template.is_some_and(|segments| segments == [Segment::One]);
        let text = match taken_segments {
            [segment] if is_one => segment.to_string(),
            // A slash that was sent as %2F stays so, as google.api.http has it: else it would look like one between two.
            segments => segments
                .iter()
                .map(|segment| segment.replace('/', "%2F"))
                .collect::<Vec<_>>()
                .join("/"),
        };
        let filled =
            value(path, &[&text]).and_then(|value| match find(request, path).filter(|before| *before != value) {
                Some(before) => Err(contradiction(&text, &before)),
                None => set(request, path, value),
            });
        if let Err(message) = filled {
            let path = dotted(path);
            violations.push(Violation { path, message });
        }
    }
}

fn contradiction(in_path: &str, in_body: &Value) -> String {
    let in_body = match in_body {
        Value::String(text) => format!("{text:?}"),
        other => other.to_string(),
    };
    format!("is {in_path:?} in the path and {in_body} in the body: say the same in both, or leave it out of the body")
}

/// Fills in the fields that the query names: `tag_codes=a&tag_codes=b&filter.state=OPEN`.
pub(super) fn fill_from_query(
    route: &Route,
    query: &str,
    request: &mut DynamicMessage,
    spelling: &mut Spelling,
    violations: &mut Vec<Violation>,
) {
    let mut wrong = |path: &str, message: String| {
        let path = path.to_owned();
        violations.push(Violation { path, message });
    };
    if percent_decode_str(query).decode_utf8().is_err() {
        return wrong("", "the query must be UTF-8, written with percent signs".to_owned());
    }
    let mut parameters: BTreeMap<Cow<'_, str>, Vec<Cow<'_, str>>> = BTreeMap::new();
    for (name, text) in form_urlencoded::parse(query.as_bytes()).take(PARAMETERS_MAX.saturating_add(1)) {
        parameters.entry(name).or_default().push(text);
    }
    if parameters.values().map(Vec::len).sum::<usize>() > PARAMETERS_MAX {
        return wrong("", format!("a request has at most {PARAMETERS_MAX} query parameters"));
    }
    let mut filled: Vec<(FieldPath, &str)> = Vec::new();
    for (name, texts) in &parameters {
        let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
        // Whatever is wrong with it is told under the name that was sent.
        name.split('.').for_each(|part| spelling.keep(part));
        for text in &texts {
            spelling.say(text);
        }
        let outcome = query_field(route, name).and_then(|path| {
            spelling.note_path(name, &path);
            if path.last().is_some_and(is_mask) {
                for text in &texts {
                    spelling.mask(text);
                }
            }
            if let Some((_, other)) = filled.iter().find(|(before, _)| *before == path) {
                return Err(format!("is given twice, as {other:?} too: give it once"));
            }
            let value = value(&path, &texts)?;
            set(request, &path, value)?;
            filled.push((path, &**name));
            Ok(())
        });
        if let Err(message) = outcome {
            wrong(name, message);
        }
    }
}

/// The field that a query parameter names, where the query may fill it.
fn query_field(route: &Route, name: &str) -> Result<FieldPath, String> {
    let names: Vec<&str> = name.split('.').collect();
    let input = route.method.descriptor.input();
    let is_of_body = |of: &FieldDescriptor| match &route.body {
        Body::None => false,
        Body::Whole => true,
        Body::Field(field) => of == field,
    };
    let path = field_path(&input, &names).map_err(|error| match &*names {
        // What the path and the body name is not to be had here.
        [name] if input.fields().all(|field| !is_named(&field, name)) => {
            let of_path = |field: &FieldDescriptor| {
                let mut variables = route.variables.iter();
                variables.any(|(variable, _)| variable.as_slice() == std::slice::from_ref(field))
            };
            let free = input.fields().filter(|field| !is_of_body(field) && !of_path(field));
            no_field_of(&free.collect::<Vec<_>>(), name)
        }
        _ => error,
    })?;
    if path.first().is_some_and(is_of_body) {
        return Err("belongs into the body".to_owned());
    }
    if route.variables.iter().any(|(variable, _)| *variable == path) {
        return Err("is named by the path".to_owned());
    }
    Ok(path)
}

fn is_named(field: &FieldDescriptor, name: &str) -> bool {
    field.name() == name || field.json_name() == name
}

/// The value at the end of a path, where it has one.
fn find(request: &DynamicMessage, path: &[FieldDescriptor]) -> Option<Value> {
    let (field, parents) = path.split_last()?;
    let mut message = Cow::Borrowed(request);
    for parent in parents {
        let inner = message.get_field(parent).as_message().cloned()?;
        message = Cow::Owned(inner);
    }
    message.has_field(field).then(|| message.get_field(field).into_owned())
}

/// Sets the field at the end of a path.
fn set(request: &mut DynamicMessage, path: &[FieldDescriptor], value: Value) -> Result<(), String> {
    let Some((field, parents)) = path.split_last() else {
        return Ok(());
    };
    let mut message = request;
    for parent in parents {
        message = message
            .get_field_mut(parent)
            .as_message_mut()
            .ok_or("leads into something that has no fields")?;
    }
    if let Some(other) = other_of_its_oneof(field, message) {
        return Err(one_of_a_kind(&other));
    }
    message.set_field(field, value);
    Ok(())
}

/// The value of the field at the end of a path by its texts, each read as JSON would read it as a string; truth values
/// too, which JSON does not write as strings.
fn value(path: &[FieldDescriptor], texts: &[&str]) -> Result<Value, String> {
    let field = path.last().ok_or("names no field")?;
    if field.is_map() {
        return Err("is a map, which only a body can say".to_owned());
    }
    let kind = field.kind();
    if let Kind::Message(message) = &kind
        && !message.full_name().starts_with("google.protobuf.")
    {
        return Err(format!(
            "holds more than a parameter can say: name its fields, as in \"{}.name\"",
            field.json_name()
        ));
    }
    if field.is_list() {
        let values: Result<Vec<Value>, String> = texts.iter().map(|text| read_text(field, text)).collect();
        return values.map(Value::List);
    }
    let [text] = texts else {
        return Err("is given more than once".to_owned());
    };
    read_text(field, text)
}

fn dotted(path: &[FieldDescriptor]) -> String {
    path.iter().map(FieldDescriptor::name).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Contracts, Found};

    /// The request message of a GET, as JSON.
    fn request(path_and_query: &str) -> Result<serde_json::Value, Vec<String>> {
        let contracts = Contracts::read().unwrap();
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let Found::Route(route, segments) = contracts.router.find(&http::Method::GET, path) else {
            panic!("{path}")
        };
        let mut request = DynamicMessage::new(route.method.descriptor.input());
        let mut violations = Vec::new();
        fill_from_query(route, query, &mut request, &mut Spelling::default(), &mut violations);
        fill_from_path(route, &segments, &mut request, &mut violations);
        match violations.is_empty() {
            true => Ok(serde_json::to_value(&request).unwrap()),
            false => Err(violations.into_iter().map(|violation| violation.path).collect()),
        }
    }

    #[test]
    fn path_and_query_fill_the_request() {
        let balance = request("/v1/members/mbr%5F1/balances/points?expiringWithinDays=7").unwrap();
        assert_eq!(
            balance,
            serde_json::json!({"memberId": "mbr_1", "assetCode": "points", "expiringWithinDays": 7})
        );
    }

    #[test]
    fn times_and_enums_are_read_as_json_writes_them() {
        let members = request("/v1/members?register_from_time=2026-01-01T00%3A00%3A00%2B08%3A00&page_size=5").unwrap();
        assert_eq!(
            members,
            serde_json::json!({"registerFromTime": "2025-12-31T16:00:00Z", "pageSize": 5})
        );
        let by_number = request("/v1/members/mbr_1/coupons?state=2").unwrap();
        assert!(by_number["state"].is_string(), "{by_number}");
        let coupons = request("/v1/members/mbr_1/coupons?state=COUPON_STATE_LOCKED").unwrap();
        assert_eq!(
            coupons,
            serde_json::json!({"memberId": "mbr_1", "state": "COUPON_STATE_LOCKED"})
        );
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let wrong = request("/v1/members?pageSize=many&register_from_time=now&colour=red&page_token=a&page_token=b");
        assert_eq!(
            wrong.unwrap_err(),
            ["colour", "pageSize", "page_token", "register_from_time"]
        );
        assert_eq!(
            request("/v1/members/mbr_1/coupons?member_id=mbr_2").unwrap_err(),
            ["member_id"]
        );
        assert_eq!(
            request("/v1/members/mbr_1/coupons?state=LOCKED").unwrap_err(),
            ["state"]
        );
    }

    #[test]
    fn a_query_that_is_no_text_is_refused() {
        assert_eq!(request("/v1/members?pageToken=%ff").unwrap_err(), [""]);
        assert!(request("/v1/members?pageToken=%E5%85%A8").is_ok());
    }

    #[test]
    fn the_number_of_parameters_is_limited() {
        let query = "a=1&".repeat(PARAMETERS_MAX + 1);
        assert_eq!(request(&format!("/v1/members?{query}")).unwrap_err(), [""]);
    }
}
