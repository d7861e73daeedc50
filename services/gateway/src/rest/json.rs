//! JSON read as a message of the contracts, in one pass, after protobuf's JSON format; stricter where that leaves room:
//! a field that is given twice is refused, in whichever spellings, and a number is taken exactly or not at all.
//!
//! What is wrong with a value does not end the reading: everything is told at once, each with its path. Where the contract
//! judges the items of a list by themselves, what is wrong within one of them is told of that item alone (see
//! [`Items`]). Only what is no JSON ends it.

mod message;
mod number;
mod path;
mod refusal;
mod sentence;
mod spelling;
mod value;

use std::collections::BTreeMap;

use bytes::Bytes;
use fault::{Fault, Violation};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use serde::de::DeserializeSeed;

use message::MessageSeed;
use path::Path;

pub(crate) use message::no_such_field;
pub(super) use message::{no_field_of, one_of_a_kind, other_of_its_oneof};
pub(super) use refusal::FIELD;
pub(crate) use refusal::respell_answer;
pub(crate) use refusal::tells_paths;
pub use spelling::Spelling;
pub(crate) use spelling::Spellings;
pub(super) use value::{is_mask, read_text};

/// How deep objects and lists may lie within each other.
const DEPTH_MAX: usize = 64;
/// The most violations that are told of one request or item: a caller who has more mends these first.
const VIOLATIONS_MAX: usize = 50;

/// A message that was read, with its violations.
pub(super) struct Read {
    /// The message, as far as it could be read.
    pub(super) message: DynamicMessage,
    /// Its violations, with paths in the contract's spelling.
    pub(super) violations: Vec<Violation>,
    /// The violations within items that are judged by themselves.
    pub(super) items: Vec<WrongItem>,
    /// How the caller spells names.
    pub(super) spelling: Spellings,
}

/// The violations within one item; the paths begin at the item.
pub(super) struct WrongItem {
    pub(super) index: usize,
    pub(super) violations: Vec<Violation>,
}

/// The items of a request that are judged by themselves: a field that `buf.validate` leaves out, beside one that has
/// `quanyu.type.v1.UnreadableItem`, in which their judge is told what could not be read of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Items {
    field: FieldDescriptor,
    reports: FieldDescriptor,
}

/// The notes while a message is read.
struct Notes<'r> {
    /// The items, and the message whose field they are.
    items: Option<&'r Items>,
    /// The item that is being read.
    item: Option<usize>,
    depth: usize,
    /// How much has been found wrong, told or not.
    told: usize,
    violations: Vec<Violation>,
    wrong_items: Vec<WrongItem>,
    spelling: Spelling,
    /// The items that name fields which the two spellings write differently.
    spelling_of_items: BTreeMap<usize, Spelling>,
}

/// Reads a message; nothing at all is an empty one. Refuses what is no JSON.
pub(super) fn read(descriptor: &MessageDescriptor, json: &[u8], items: Option<&Items>) -> Result<Read, Fault> {
    read_value(json, items, |notes, json| {
        let seed = MessageSeed {
            descriptor,
            path: &Path::Root,
            notes,
        };
        let message = seed.deserialize(json)?;
        if message.is_none() && notes.told == 0 {
            notes.wrong(&Path::Root, "must be an object: {\"name\": value}");
        }
        Ok(message)
    })
    .map(|(message, notes)| {
        let message = message
            .flatten()
            .unwrap_or_else(|| DynamicMessage::new(descriptor.clone()));
        notes.finish(message)
    })
}

/// Reads a message as REST reads it, for those who bring such messages by another way, such as lines of a file: as far as
/// it can be read, with everything that is wrong, each with its path as it was written. Refuses what is no JSON.
pub fn read_message(descriptor: &MessageDescriptor, json: &[u8]) -> Result<(DynamicMessage, Option<Fault>), Fault> {
    let read = read(descriptor, json, None)?;
    let wrong =
        (!read.violations.is_empty()).then(|| read.spelling.whole().fault(Fault::invalid_fields(read.violations)));
    Ok((read.message, wrong))
}

/// How a message spells the names of fields, for those who tell of it in its own words.
pub fn spelling(descriptor: &MessageDescriptor, json: &[u8]) -> Spelling {
    let read = read(descriptor, json, None);
    read.map(|read| read.spelling.whole().clone()).unwrap_or_default()
}

/// Reads the value of one field of a message of the field's parent; nothing at all leaves it unset.
pub(super) fn read_field(field: &FieldDescriptor, json: &[u8]) -> Result<Read, Fault> {
    let mut message = DynamicMessage::new(field.parent_message().clone());
    read_value(json, None, |notes, json| {
        let path = Path::Name(&Path::Root, field.name());
        let seed = message::FieldSeed {
            field,
            path: &path,
            notes,
        };
        seed.deserialize(json)
    })
    .map(|(value, notes)| {
        if let Some(value) = value.flatten() {
            message.set_field(field, value);
        }
        notes.finish(message)
    })
}

type Json<'de> = serde_json::Deserializer<serde_json::de::SliceRead<'de>>;

fn read_value<'r, T>(
    json: &[u8],
    items: Option<&'r Items>,
    read: impl FnOnce(&mut Notes<'r>, &mut Json<'_>) -> serde_json::Result<T>,
) -> Result<(Option<T>, Notes<'r>), Fault> {
    let mut notes = Notes {
        items,
        item: None,
        depth: 0,
        told: 0,
        violations: Vec::new(),
        wrong_items: Vec::new(),
        spelling: Spelling::default(),
        spelling_of_items: BTreeMap::new(),
    };
    if json.iter().all(u8::is_ascii_whitespace) {
        return Ok((None, notes));
    }
    notes.spelling.heed(json);
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value = read(&mut notes, &mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    value
        .map(|value| (Some(value), notes))
        .map_err(|error| Fault::invalid("", format!("what was sent is no JSON that can be read: {error}")))
}

impl Notes<'_> {
    fn wrong(&mut self, path: &Path<'_>, message: impl Into<String>) {
        self.told = self.told.saturating_add(1);
        let violation = |path: String| Violation {
            path,
            message: message.into(),
        };
        let Some(index) = self.item else {
            if self.violations.len() < VIOLATIONS_MAX {
                self.violations.push(violation(path.to_string()));
            }
            return;
        };
        if self.wrong_items.last().is_none_or(|last| last.index != index) {
            let violations = Vec::new();
            self.wrong_items.push(WrongItem { index, violations });
        }
        if let Some(item) = self.wrong_items.last_mut()
            && item.violations.len() < VIOLATIONS_MAX
        {
            item.violations.push(violation(path.within_item()));
        }
    }

    /// Notes how a field is named, for the whole and for the item that it lies in.
    fn note(&mut self, field: &FieldDescriptor, by_json_name: bool) {
        self.spelling.note(field, by_json_name);
        if let Some(item) = self.item
            && field.name() != field.json_name()
        {
            let item = self.spelling_of_items.entry(item).or_default();
            item.note(field, by_json_name);
        }
    }

    fn finish(self, message: DynamicMessage) -> Read {
        Read {
            message,
            violations: self.violations,
            items: self.wrong_items,
            spelling: Spellings::new(self.spelling, self.spelling_of_items),
        }
    }
}

impl Items {
    /// Where the items of a request are, if it has some that are judged by themselves.
    pub(crate) fn of(request: &MessageDescriptor) -> Option<Self> {
        let reports = request.fields().find(is_report)?;
        let is_item = |field: &FieldDescriptor| matches!(field.kind(), Kind::Message(_)) && is_judged_by_itself(field);
        let field = request.fields().find(is_item)?;
        Some(Self { field, reports })
    }

    /// Puts what is wrong with a request as a whole down to an item of its own, for where there is nobody else to refuse:
    /// in a stream, whose other messages go on. A list of items gets an empty one for it.
    pub(super) fn blame(&self, read: &mut Read) {
        let violations = std::mem::take(&mut read.violations);
        if violations.is_empty() {
            return;
        }
        let mut index = 0;
        if let (true, Kind::Message(item)) = (self.field.is_list(), self.field.kind())
            && let Some(items) = read.message.get_field_mut(&self.field).as_list_mut()
        {
            index = items.len();
            items.push(Value::Message(DynamicMessage::new(item)));
        }
        match read.items.iter_mut().find(|item| item.index == index) {
            Some(item) => item.violations.extend(violations),
            None => read.items.push(WrongItem { index, violations }),
        }
    }

    /// Tells the judge of the items what could not be read of them.
    pub(super) fn report(&self, request: &mut DynamicMessage, wrong: Vec<WrongItem>) {
        let Kind::Message(report) = self.reports.kind() else {
            return;
        };
        let reports = wrong.into_iter().map(|item| {
            let violations = item.violations.into_iter().filter_map(|violation| {
                let mut message =
                    DynamicMessage::new(report.get_field_by_name("violations")?.kind().as_message()?.clone());
                message.set_field_by_name("path", Value::String(violation.path));
                message.set_field_by_name("message", Value::String(violation.message));
                Some(Value::Message(message))
            });
            let mut message = DynamicMessage::new(report.clone());
            let index = i32::try_from(item.index).unwrap_or(i32::MAX);
            message.set_field_by_name("index", Value::I32(index));
            message.set_field_by_name("violations", Value::List(violations.collect()));
            Value::Message(message)
        });
        let reports: Vec<Value> = reports.collect();
        if !reports.is_empty() {
            request.set_field(&self.reports, Value::List(reports));
        }
    }
}

/// `buf.validate.Ignore.IGNORE_ALWAYS`.
const IGNORE_ALWAYS: i32 = 3;

/// Whether the contract leaves a field out of the rules of its message.
pub(super) fn is_judged_by_itself(field: &FieldDescriptor) -> bool {
    let Some(validate) = field.parent_pool().get_extension_by_name("buf.validate.field") else {
        return false;
    };
    let options = field.options();
    let rules = options.get_extension(&validate);
    let ignore = rules
        .as_message()
        .and_then(|rules| rules.get_field_by_name("ignore")?.as_enum_number());
    ignore == Some(IGNORE_ALWAYS)
}

/// Whether a field is the gateway's own way to tell a service what could not be read: to callers it does not exist.
pub(crate) fn is_report(field: &FieldDescriptor) -> bool {
    matches!(field.kind(), Kind::Message(message) if message.full_name() == "quanyu.type.v1.UnreadableItem")
}

/// Whether there is anything to read.
pub(super) fn is_blank(json: &Bytes) -> bool {
    json.iter().all(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests;
