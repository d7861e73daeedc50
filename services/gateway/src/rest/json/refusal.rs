//! The refusals within answers, of single items: their paths and sentences name fields as the caller does.

use std::collections::{BTreeSet, HashSet};
use std::sync::OnceLock;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value};

use super::spelling::{Spelling, Spellings};

/// Whether an answer may tell paths of fields: refusals of single items do.
pub(crate) fn tells_paths(answer: &MessageDescriptor) -> bool {
    fn look(message: &MessageDescriptor, seen: &mut BTreeSet<String>) -> bool {
        seen.insert(message.full_name().to_owned())
            && message.fields().any(|field| match field.kind() {
                Kind::Message(of) => look(&of, seen),
                _ => is_path(&field),
            })
    }
    look(answer, &mut BTreeSet::new())
}

/// Whether the contract says that a text is the path of a field of the request.
fn is_path(field: &FieldDescriptor) -> bool {
    let options = field.options();
    let extension = field
        .parent_pool()
        .get_extension_by_name("quanyu.options.v1.field_path");
    extension.is_some_and(|extension| options.get_extension(&extension).as_bool() == Some(true))
}

/// The results of the items of a request, each in its item's place.
const RESULTS: &str = "results";

/// Respells an answer as [`respell_messages`] does, the result of each item as the item was spelt.
pub(crate) fn respell_answer(answer: &mut DynamicMessage, spellings: &Spellings) {
    let results = answer.descriptor().get_field_by_name(RESULTS);
    let results = results.filter(|field| field.is_list() && !spellings.is_one());
    let mut of_items = results.map(|field| (answer.get_field(&field).into_owned(), field));
    if let Some((Value::List(values), field)) = &mut of_items {
        answer.clear_field(field);
        let messages = values.iter_mut().map(Value::as_message_mut).enumerate();
        for (index, message) in messages.filter_map(|(index, message)| Some((index, message?))) {
            respell_messages(message, &spellings.of_item(index));
        }
    }
    respell_messages(answer, spellings.whole());
    if let Some((values, field)) = of_items {
        answer.set_field(&field, values);
    }
}

/// Respells the paths in an answer, the sentences beside and above them, and the metadata that names a field.
fn respell_messages(message: &mut DynamicMessage, spelling: &Spelling) {
    let tells = tells_of_fields(&message.descriptor());
    for (field, value) in message.fields_mut() {
        match value {
            Value::Message(message) => respell_messages(message, spelling),
            Value::List(values) => values
                .iter_mut()
                .filter_map(Value::as_message_mut)
                .for_each(|message| respell_messages(message, spelling)),
            Value::Map(values) if tells => {
                let named = values.get_mut(&MapKey::String(FIELD.to_owned()));
                if let Some(Value::String(name)) = named {
                    *name = spelling.path(name);
                }
            }
            Value::String(path) if tells && is_path(&field) => *path = spelling.path(path),
            Value::String(text) if tells && SENTENCES.contains(&field.name()) => *text = spelling.sentence(text),
            _ => {}
        }
    }
}

/// The key in the metadata of a reason whose value is the name of a field.
pub(in crate::rest) const FIELD: &str = "field";
/// What the contracts call the sentence of a refusal or of a violation.
const SENTENCES: [&str; 2] = ["message", "description"];

/// Whether a message of the contracts is a refusal, or the violation of a field: it has the path of one, or those have it
/// that lie within it.
fn tells_of_fields(message: &MessageDescriptor) -> bool {
    static NAMES: OnceLock<HashSet<String>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let has_path = |message: &MessageDescriptor| message.fields().any(|field| is_path(&field));
        let tells = |message: &MessageDescriptor| {
            let has_sentence = SENTENCES.iter().any(|name| message.get_field_by_name(name).is_some());
            let within = |field: FieldDescriptor| matches!(field.kind(), Kind::Message(of) if has_path(&of));
            has_sentence && (has_path(message) || message.fields().any(within))
        };
        let all = contracts_all::CONTRACT.descriptors().all_messages().filter(tells);
        all.map(|message| message.full_name().to_owned()).collect()
    });
    names.contains(message.full_name())
}
