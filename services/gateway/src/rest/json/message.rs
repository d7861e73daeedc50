use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::path::Path;
use super::value::{is_leaf, is_mask, of_field, read_map_key, read_raw};
use super::{DEPTH_MAX, Notes, is_report};

/// Reads a message. Its value is none for null.
pub(super) struct MessageSeed<'s, 'p, 'r> {
    pub(super) descriptor: &'s MessageDescriptor,
    pub(super) path: &'s Path<'p>,
    pub(super) notes: &'s mut Notes<'r>,
}

/// Reads the value of a field: none for null, and for what is wrong.
pub(super) struct FieldSeed<'s, 'p, 'r> {
    pub(super) field: &'s FieldDescriptor,
    pub(super) path: &'s Path<'p>,
    pub(super) notes: &'s mut Notes<'r>,
}

/// The scalars of JSON, where an object or a list is due.
macro_rules! refuse_scalars {
    ($what:literal) => {
        fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
            self.notes.wrong(self.path, $what);
            Ok(None)
        }

        fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
            self.visit_bool(true)
        }

        fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
            self.visit_bool(true)
        }

        fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
            self.visit_bool(true)
        }

        fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
            self.visit_bool(true)
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    };
}

impl Notes<'_> {
    /// One level deeper; refuses to go too deep, before the stack does.
    fn descend<E: Error>(&mut self) -> Result<(), E> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEPTH_MAX {
            let message = format!("objects and lists may lie at most {DEPTH_MAX} deep within each other");
            return Err(E::custom(message));
        }
        Ok(())
    }

    fn ascend(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}

impl<'de> DeserializeSeed<'de> for MessageSeed<'_, '_, '_> {
    type Value = Option<DynamicMessage>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for MessageSeed<'_, '_, '_> {
    type Value = Option<DynamicMessage>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let Self {
            descriptor,
            path,
            notes,
        } = self;
        notes.descend()?;
        let mut message = DynamicMessage::new(descriptor.clone());
        let mut given: Vec<Given> = Vec::new();
        while let Some(named) = object.next_key_seed(NameSeed(descriptor))? {
            let field = match named {
                Named::Field(field) => field,
                Named::Unknown(name) => {
                    notes.wrong(&Path::Name(path, &name), no_such_field(descriptor, &name));
                    notes.spelling.keep(&name);
                    object.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let Given { field, by_json_name } = field;
            let here = Path::Name(path, field.name());
            notes.note(&field, by_json_name);
            let twice = given.iter().find(|before| before.field == field);
            if let Some(before) = twice {
                let message = if before.by_json_name == by_json_name {
                    "is given twice: give it once".to_owned()
                } else {
                    let (json, contract) = (field.json_name(), field.name());
                    format!("is given twice, as {json:?} and as {contract:?}: give it once")
                };
                notes.wrong(&here, message);
                object.next_value::<IgnoredAny>()?;
                continue;
            }
            let is_item = path.is_root() && notes.items.is_some_and(|items| items.field == field);
            if is_item && !field.is_list() {
                notes.item = Some(0);
            }
            let value = match is_leaf(&field) {
                true => {
                    let raw: &RawValue = object.next_value()?;
                    if is_mask(&field) {
                        notes.spelling.mask(raw.get());
                    }
                    read_raw(&field, raw).unwrap_or_else(|message| {
                        notes.wrong(&here, message);
                        None
                    })
                }
                false => object.next_value_seed(FieldSeed {
                    field: &field,
                    path: &here,
                    notes: &mut *notes,
                })?,
            };
            if let Some(value) = value {
                if let Some(other) = other_of_its_oneof(&field, &message) {
                    notes.wrong(&here, one_of_a_kind(&other));
                } else {
                    message.set_field(&field, value);
                }
            }
            if is_item && !field.is_list() {
                notes.item = None;
            }
            given.push(Given { field, by_json_name });
        }
        notes.ascend();
        Ok(Some(message))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        self.visit_bool(true)
    }

    refuse_scalars!("must be an object: {\"name\": value}");
}

/// A field that has been given, and whether by its name in lowerCamelCase.
struct Given {
    field: FieldDescriptor,
    by_json_name: bool,
}

/// The other field of the same oneof that the message has already.
pub(in crate::rest) fn other_of_its_oneof(
    field: &FieldDescriptor,
    message: &DynamicMessage,
) -> Option<FieldDescriptor> {
    let oneof = field.containing_oneof()?;
    oneof.fields().find(|other| other != field && message.has_field(other))
}

pub(in crate::rest) fn one_of_a_kind(other: &FieldDescriptor) -> String {
    format!("only one of its kind is taken, and {} is given too", other.name())
}

/// That a message has no field of a name, and which it has.
pub(crate) fn no_such_field(message: &MessageDescriptor, name: &str) -> String {
    let fields: Vec<FieldDescriptor> = message.fields().filter(|field| !is_report(field)).collect();
    no_field_of(&fields, name)
}

/// That none of some fields has a name, and which names there are.
pub(in crate::rest) fn no_field_of(fields: &[FieldDescriptor], name: &str) -> String {
    const NO_FIELD: &str = "the contract has no such field";
    // Their names are respelt with the rest of the sentence, and the caller's is spelt either way.
    let names = fields.iter().map(FieldDescriptor::name);
    let json_names = fields.iter().map(|field| (field.json_name(), field.name()));
    let meant = runtime::nearest(name, names.clone()).or_else(|| {
        let meant = runtime::nearest(name, fields.iter().map(FieldDescriptor::json_name))?;
        json_names
            .clone()
            .find(|(json, _)| *json == meant)
            .map(|(_, name)| name)
    });
    let names: Vec<&str> = names.take(FIELDS_TOLD_MAX).collect();
    match (meant, names.is_empty()) {
        (Some(meant), _) => format!("{NO_FIELD}: did you mean {meant}?"),
        (None, false) => format!("{NO_FIELD}: there are {}", names.join(", ")),
        (None, true) => format!("{NO_FIELD}: there are none here"),
    }
}

/// How many fields of a message are told.
const FIELDS_TOLD_MAX: usize = 30;

/// A name as it may be told: what shows nothing is escaped, so that no text that is made of it is refused for that.
fn shown(name: &str) -> String {
    match name.chars().any(char::is_control) {
        true => name.escape_debug().to_string(),
        false => name.to_owned(),
    }
}

enum Named {
    Field(Given),
    Unknown(String),
}

/// Reads the name of a field, in either spelling.
struct NameSeed<'s>(&'s MessageDescriptor);

impl<'de> DeserializeSeed<'de> for NameSeed<'_> {
    type Value = Named;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Named, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed<'_> {
    type Value = Named;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Named, E> {
        let by_json_name = self.0.get_field_by_json_name(name).map(|field| (field, true));
        let found = by_json_name.or_else(|| self.0.get_field_by_name(name).map(|field| (field, false)));
        let found = found.filter(|(field, _)| !is_report(field));
        Ok(found.map_or_else(
            || Named::Unknown(shown(name)),
            |(field, by_json_name)| Named::Field(Given { field, by_json_name }),
        ))
    }
}

impl<'de> DeserializeSeed<'de> for FieldSeed<'_, '_, '_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let Self { field, path, notes } = self;
        if field.is_map() {
            return deserializer.deserialize_any(MapVisitor { field, path, notes });
        }
        if field.is_list() {
            return deserializer.deserialize_any(ListVisitor { field, path, notes });
        }
        if !is_leaf(field)
            && let Kind::Message(descriptor) = field.kind()
        {
            let seed = MessageSeed {
                descriptor: &descriptor,
                path,
                notes,
            };
            return Ok(seed.deserialize(deserializer)?.map(Value::Message));
        }
        let raw = <&RawValue as serde::Deserialize>::deserialize(deserializer)?;
        Ok(read_raw(field, raw).unwrap_or_else(|message| {
            notes.wrong(path, message);
            None
        }))
    }
}

struct ListVisitor<'s, 'p, 'r> {
    field: &'s FieldDescriptor,
    path: &'s Path<'p>,
    notes: &'s mut Notes<'r>,
}

impl<'de> Visitor<'de> for ListVisitor<'_, '_, '_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let Self { field, path, notes } = self;
        notes.descend()?;
        let are_items = path.is_top() && notes.items.is_some_and(|items| items.field == *field);
        let mut values = Vec::new();
        loop {
            let index = values.len();
            let here = Path::Index(path, index);
            if are_items {
                notes.item = Some(index);
            }
            let value = match field.kind() {
                Kind::Message(descriptor) if !super::value::is_leaf_message(&descriptor) => {
                    let seed = MessageSeed {
                        descriptor: &descriptor,
                        path: &here,
                        notes: &mut *notes,
                    };
                    let before = seed.notes.told;
                    let Some(message) = list.next_element_seed(seed)? else {
                        break;
                    };
                    if message.is_none() && notes.told == before {
                        notes.wrong(&here, NULL);
                    }
                    // What is wrong keeps its place, so that the places of the others are right.
                    Value::Message(message.unwrap_or_else(|| DynamicMessage::new(descriptor.clone())))
                }
                kind => {
                    let Some(raw) = list.next_element::<&RawValue>()? else {
                        break;
                    };
                    let value = super::value::read_kind(&kind, raw.get());
                    let value = value.map_err(|message| of_field(field, message));
                    let value = value.and_then(|value| value.ok_or_else(|| NULL.to_owned()));
                    value.unwrap_or_else(|message| {
                        notes.wrong(&here, message);
                        Value::default_value(&kind)
                    })
                }
            };
            values.push(value);
        }
        notes.item = if are_items { None } else { notes.item };
        notes.ascend();
        Ok(Some(Value::List(values)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.visit_bool(true)
    }

    refuse_scalars!("must be a list: [...]");
}

const NULL: &str = "must not be null";

struct MapVisitor<'s, 'p, 'r> {
    field: &'s FieldDescriptor,
    path: &'s Path<'p>,
    notes: &'s mut Notes<'r>,
}

impl<'de> Visitor<'de> for MapVisitor<'_, '_, '_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let Self { field, path, notes } = self;
        let Kind::Message(entry) = field.kind() else {
            return Err(A::Error::custom("a map without entries"));
        };
        notes.descend()?;
        let (key_field, value_field) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        let mut values: HashMap<MapKey, Value> = HashMap::new();
        while let Some(name) = object.next_key::<Cow<'_, str>>()? {
            let here = Path::Key(path, &name);
            let seed = FieldSeed {
                field: &value_field,
                path: &here,
                notes: &mut *notes,
            };
            let before = seed.notes.told;
            let value = object.next_value_seed(seed)?;
            match (read_map_key(&key_field.kind(), &name), value) {
                (Err(message), _) => notes.wrong(&here, message),
                (Ok(key), _) if values.contains_key(&key) => notes.wrong(&here, "is given twice: give it once"),
                (Ok(key), Some(value)) => drop(values.insert(key, value)),
                (Ok(_), None) if notes.told == before => notes.wrong(&here, NULL),
                (Ok(_), None) => {}
            }
        }
        notes.ascend();
        Ok(Some(Value::Map(values)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        self.visit_bool(true)
    }

    refuse_scalars!("must be an object: {\"key\": value}");
}
