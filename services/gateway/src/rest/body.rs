use std::borrow::Cow;

use bytes::Bytes;
use fault::{Fault, Violation};
use prost_reflect::{DynamicMessage, MessageDescriptor};

use super::json;
use super::json::{Items, Read, Spellings, WrongItem};
use super::{query, rules};
use crate::contract::{Body, Route};

/// The request message, from body, query and path, or everything that is wrong with it. Items that are judged by themselves
/// refuse nothing here: their judge is told what could not be read of them.
pub(super) fn message(
    route: &Route,
    segments: &[Cow<'_, str>],
    query: &str,
    json: &Bytes,
    spelling: &mut Spellings,
) -> Result<DynamicMessage, Fault> {
    let Read {
        mut message,
        mut violations,
        items,
        spelling: of_body,
    } = read(route, json)?;
    *spelling = of_body;
    let spelling = spelling.whole_mut();
    for segment in segments {
        spelling.say(segment);
    }
    query::fill_from_query(route, query, &mut message, spelling, &mut violations);
    query::fill_from_path(route, segments, &mut message, &mut violations);
    judged(message, violations, route.items.as_ref(), items)
}

/// The request message of a body that has all of it.
pub(crate) fn whole(
    input: &MessageDescriptor,
    of: Option<&Items>,
    json: &[u8],
    spelling: &mut Spellings,
) -> Result<DynamicMessage, Fault> {
    let read = json::read(input, json, of)?;
    *spelling = read.spelling;
    judged(read.message, read.violations, of, read.items)
}

fn judged(
    mut message: DynamicMessage,
    mut violations: Vec<Violation>,
    of: Option<&Items>,
    items: Vec<WrongItem>,
) -> Result<DynamicMessage, Fault> {
    if !violations.is_empty() {
        let others = rules::broken(&message)?;
        contracts::beside(&mut violations, others);
        return Err(Fault::invalid_fields(violations));
    }
    if let Some(of) = of {
        of.report(&mut message, items);
    }
    Ok(message)
}

fn read(route: &Route, body: &Bytes) -> Result<Read, Fault> {
    let input = route.method.descriptor.input();
    match &route.body {
        Body::None if json::is_blank(body) => json::read(&input, b"", None),
        Body::None => Err(Fault::invalid(
            "",
            "this address takes no body: send the fields as query parameters",
        )),
        Body::Whole => json::read(&input, body, route.items.as_ref()),
        Body::Field(field) => json::read_field(field, body),
    }
}
