use std::borrow::Cow;
use std::collections::BTreeMap;

use fault::{Fault, Violations};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

use crate::contract::{Body, FieldPath, Route, field_path};

/// The most query parameters of a request.
const PARAMETERS_MAX: usize = 200;

/// Fills in the fields that the path names.
pub(super) fn fill_from_path(
    route: &Route,
    segments: &[Cow<'_, str>],
    request: &mut DynamicMessage,
) -> Result<(), Fault> {
    let mut violations = Violations::new();
    for (path, taken) in &route.variables {
        let end = if taken.end == route.template.segments.len() {
            segments.len()
        } else {
            taken.end
        };
        let text = segments.get(taken.start..end).unwrap_or_default().join("/");
        if let Err(message) = set(request, path, &[&text]) {
            violations.add(dotted(path), message);
        }
    }
    violations.finish()
}

/// Fills in the fields that the query names: `tag_codes=a&tag_codes=b&filter.state=OPEN`.
pub(super) fn fill_from_query(route: &Route, query: &str, request: &mut DynamicMessage) -> Result<(), Fault> {
    let mut parameters: BTreeMap<Cow<'_, str>, Vec<Cow<'_, str>>> = BTreeMap::new();
    for (name, text) in form_urlencoded::parse(query.as_bytes()).take(PARAMETERS_MAX.saturating_add(1)) {
        parameters.entry(name).or_default().push(text);
    }
    if parameters.values().map(Vec::len).sum::<usize>() > PARAMETERS_MAX {
        return Err(Fault::invalid(
            "",
            format!("a request has at most {PARAMETERS_MAX} query parameters"),
        ));
    }
    let mut violations = Violations::new();
    for (name, texts) in &parameters {
        let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
        let outcome = query_field(route, name).and_then(|path| set(request, &path, &texts));
        if let Err(message) = outcome {
            violations.add(name.clone(), message);
        }
    }
    violations.finish()
}

/// The field that a query parameter names, where the query may fill it.
fn query_field(route: &Route, name: &str) -> Result<FieldPath, String> {
    let names: Vec<&str> = name.split('.').collect();
    let path = field_path(&route.method.descriptor.input(), &names)?;
    let taken = match &route.body {
        Body::None => false,
        Body::Whole => true,
        Body::Field(field) => path.first() == Some(field),
    };
    if taken {
        return Err("belongs into the body".to_owned());
    }
    if route.variables.iter().any(|(variable, _)| *variable == path) {
        return Err("is named by the path".to_owned());
    }
    Ok(path)
}

/// Sets the field at the end of a path from its texts.
fn set(request: &mut DynamicMessage, path: &[FieldDescriptor], texts: &[&str]) -> Result<(), String> {
    let Some((field, parents)) = path.split_last() else {
        return Ok(());
    };
    let value = value(field, texts)?;
    let mut message = request;
    for parent in parents {
        message = message
            .get_field_mut(parent)
            .as_message_mut()
            .ok_or("leads into something that has no fields")?;
    }
    message.set_field(field, value);
    Ok(())
}

/// The value of a field by its texts, each read as JSON would read it as a string; truth values too, which JSON does not
/// write as strings.
fn value(field: &FieldDescriptor, texts: &[&str]) -> Result<Value, String> {
    if field.is_map() {
        return Err("is a map, which only a body can say".to_owned());
    }
    let json = if field.is_list() {
        serde_json::Value::Array(texts.iter().map(|text| json(field, text)).collect())
    } else {
        let [text] = texts else {
            return Err("is given more than once".to_owned());
        };
        json(field, text)
    };
    let object = serde_json::Value::Object([(field.json_name().to_owned(), json)].into_iter().collect());
    let parent =
        DynamicMessage::deserialize(field.parent_message().clone(), object).map_err(|error| error.to_string())?;
    Ok(parent.get_field(field).into_owned())
}

fn json(field: &FieldDescriptor, text: &str) -> serde_json::Value {
    match (field.kind(), text) {
        (Kind::Bool, "true") => serde_json::Value::Bool(true),
        (Kind::Bool, "false") => serde_json::Value::Bool(false),
        (_, text) => serde_json::Value::String(text.to_owned()),
    }
}

/// A field by its name in the contract or in lowerCamelCase.
pub(super) fn field_named(message: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    message
        .get_field_by_json_name(name)
        .or_else(|| message.get_field_by_name(name))
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
        let filled =
            fill_from_query(route, query, &mut request).and_then(|()| fill_from_path(route, &segments, &mut request));
        match filled {
            Ok(()) => Ok(serde_json::to_value(&request).unwrap()),
            Err(Fault::Refused(refusal)) => {
                Err(refusal.violations.into_iter().map(|violation| violation.path).collect())
            }
            Err(fault) => panic!("{fault}"),
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
    fn the_number_of_parameters_is_limited() {
        let query = "a=1&".repeat(PARAMETERS_MAX + 1);
        assert_eq!(request(&format!("/v1/members?{query}")).unwrap_err(), [""]);
    }
}
