use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::comments::Comments;
use super::limits;
use crate::rest::is_report;

/// The schemas that the document refers to, gathered while it is written.
pub(super) struct Schemas<'c> {
    comments: &'c Comments,
    /// The reasons of all contracts, as callers read them.
    reasons: BTreeSet<String>,
    /// By full name. A message that is being described stands here already, so that one that contains itself ends.
    described: BTreeMap<String, Value>,
}

impl<'c> Schemas<'c> {
    pub(super) fn new(comments: &'c Comments) -> Self {
        Self {
            reasons: reasons(),
            comments,
            described: BTreeMap::new(),
        }
    }

    /// The reasons that a comment names, in its order.
    pub(super) fn reasons_in<'t>(&self, comment: &'t str) -> Vec<&'t str> {
        let words = comment.split(|letter: char| !letter.is_ascii_uppercase() && letter != '_');
        let mut named: Vec<&str> = Vec::new();
        for word in words.filter(|word| self.reasons.contains(*word)) {
            if !named.contains(&word) {
                named.push(word);
            }
        }
        named
    }

    /// All that were gathered, and one more.
    pub(super) fn finish(mut self, (name, schema): (String, Value)) -> Value {
        self.described.insert(name, schema);
        json!(self.described)
    }

    /// A reference to a message.
    pub(super) fn of_message(&mut self, message: &MessageDescriptor) -> Value {
        if let Some(schema) = json_value(message) {
            return schema;
        }
        let name = message.full_name();
        if !self.described.contains_key(name) {
            self.described.insert(name.to_owned(), Value::Null);
            let schema = self.object(message, &[]);
            self.described.insert(name.to_owned(), schema);
        }
        reference(name)
    }

    /// A request without the fields that stand elsewhere.
    pub(super) fn of_request(&mut self, message: &MessageDescriptor, elsewhere: &[&FieldDescriptor]) -> Value {
        if elsewhere.is_empty() {
            return self.of_message(message);
        }
        let mut schema = self.object(message, elsewhere);
        schema["title"] = json!(message.name());
        schema
    }

    /// A field, with its comment and its rules.
    pub(super) fn of_field(&mut self, field: &FieldDescriptor) -> Value {
        let mut schema = self.of_field_bare(field);
        let mut description = self.comments.of_field(field).to_owned();
        if let Some(oneof) = field.containing_oneof().filter(|oneof| !oneof.is_synthetic()) {
            description = format!("{description}\nAt most one field of `{}` is set.", oneof.name());
        }
        let Some(keys) = schema.as_object_mut() else {
            return schema;
        };
        // What stands beside a reference is ignored, so the reference goes inside.
        if let Some(reference) = keys.remove("$ref") {
            keys.insert("allOf".to_owned(), json!([{"$ref": reference}]));
        }
        if let Some(limits) = keys.remove("description") {
            description = format!("{description}\n{}", limits.as_str().unwrap_or_default());
        }
        keys.insert("description".to_owned(), json!(description.trim()));
        if contracts::is_identifier(field) {
            keys.insert("x-text".to_owned(), json!("identifier"));
        }
        if limits::behaviours(field).contains(&"OUTPUT_ONLY".to_owned()) {
            keys.insert("readOnly".to_owned(), json!(true));
        }
        schema
    }

    /// A field with its rules alone.
    pub(super) fn of_field_bare(&mut self, field: &FieldDescriptor) -> Value {
        let rules = limits::rules(field);
        if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
            let value = self.of_kind(&entry.map_entry_value_field().kind());
            let mut schema = json!({"type": "object", "additionalProperties": value});
            limits::apply(rules.as_ref(), &mut schema);
            return schema;
        }
        let mut schema = self.of_kind(&field.kind());
        if field.is_list() {
            schema = json!({"type": "array", "items": schema});
        }
        limits::apply(rules.as_ref(), &mut schema);
        schema
    }

    fn object(&mut self, message: &MessageDescriptor, without: &[&FieldDescriptor]) -> Value {
        let is_told = |field: &FieldDescriptor| !without.contains(&field) && !is_report(field);
        let fields: Vec<FieldDescriptor> = message.fields().filter(is_told).collect();
        let properties: Map<String, Value> = fields
            .iter()
            .map(|field| (field.json_name().to_owned(), self.of_field(field)))
            .collect();
        let required: Vec<&str> = fields
            .iter()
            .filter(|field| limits::is_required(field))
            .map(FieldDescriptor::json_name)
            .collect();
        let mut schema = json!({
            "type": "object",
            "description": self.comments.of_message(message),
            "properties": properties,
        });
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        schema
    }

    fn of_kind(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Bool => json!({"type": "boolean"}),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => json!({"type": "integer", "format": "int32"}),
            Kind::Uint32 | Kind::Fixed32 => json!({"type": "integer", "format": "int64", "minimum": 0}),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                json!({"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"})
            }
            Kind::Uint64 | Kind::Fixed64 => json!({"type": "string", "format": "uint64", "pattern": "^[0-9]+$"}),
            Kind::Float => json!({"type": "number", "format": "float"}),
            Kind::Double => json!({"type": "number", "format": "double"}),
            Kind::String => json!({"type": "string"}),
            Kind::Bytes => json!({"type": "string", "format": "byte"}),
            Kind::Enum(of) => self.of_enum(of),
            Kind::Message(message) => self.of_message(message),
        }
    }

    fn of_enum(&mut self, of: &EnumDescriptor) -> Value {
        let name = of.full_name();
        if !self.described.contains_key(name) {
            let values: Vec<String> = of.values().map(|value| value.name().to_owned()).collect();
            let lines = of
                .values()
                .map(|value| format!("- `{}`: {}", value.name(), self.comments.of_value(&value)));
            let lines: Vec<String> = lines.map(|line| line.replace('\n', " ")).collect();
            let description = format!("{}\n\n{}", self.comments.of_enum(of), lines.join("\n"));
            let schema = json!({"type": "string", "enum": values, "description": description});
            self.described.insert(name.to_owned(), schema);
        }
        reference(name)
    }
}

/// The reasons of all contracts.
fn reasons() -> BTreeSet<String> {
    let enums = contracts_all::CONTRACT.descriptors().all_enums();
    let values = enums
        .filter(|of| of.name() == "ErrorReason")
        .flat_map(|of| of.values().collect::<Vec<_>>());
    let names = values.filter_map(|value| value.name().strip_prefix("ERROR_REASON_").map(str::to_owned));
    names.filter(|name| name != "UNSPECIFIED").collect()
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// Whether JSON writes the message as something other than an object of its fields.
pub(super) fn is_json_value(message: &MessageDescriptor) -> bool {
    json_value(message).is_some()
}

/// The messages that have a JSON form of their own. Source: the JSON mapping of protobuf.
fn json_value(message: &MessageDescriptor) -> Option<Value> {
    let schema = match message.full_name().strip_prefix("google.protobuf.")? {
        "Timestamp" => json!({"type": "string", "format": "date-time"}),
        "Duration" => json!({"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]{1,9})?s$", "examples": ["86400s"]}),
        "FieldMask" => json!({"type": "string", "examples": ["displayName,birthday"]}),
        "Struct" => json!({"type": "object", "additionalProperties": true}),
        "ListValue" => json!({"type": "array", "items": {}}),
        "Value" => json!({}),
        "Any" => json!({"type": "object", "properties": {"@type": {"type": "string"}}, "additionalProperties": true}),
        "Empty" => json!({"type": "object"}),
        "BoolValue" => json!({"type": ["boolean", "null"]}),
        "Int32Value" | "UInt32Value" => json!({"type": ["integer", "null"]}),
        "Int64Value" | "UInt64Value" => json!({"type": ["string", "null"], "format": "int64"}),
        "FloatValue" | "DoubleValue" => json!({"type": ["number", "null"]}),
        "StringValue" => json!({"type": ["string", "null"]}),
        "BytesValue" => json!({"type": ["string", "null"], "format": "byte"}),
        _ => return None,
    };
    Some(schema)
}
