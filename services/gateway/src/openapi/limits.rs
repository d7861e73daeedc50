use prost_reflect::{DynamicMessage, FieldDescriptor, Value as Field};
use serde_json::{Map, Value, json};

/// The shape rules of a field, from `buf.validate`.
pub(super) fn rules(field: &FieldDescriptor) -> Option<DynamicMessage> {
    let extension = field.parent_pool().get_extension_by_name("buf.validate.field")?;
    let options = field.options();
    options
        .has_extension(&extension)
        .then(|| options.get_extension(&extension).as_message().cloned())
        .flatten()
}

/// Whether a request without the field is refused.
pub(super) fn is_required(field: &FieldDescriptor) -> bool {
    let by_rule = rules(field)
        .and_then(|rules| rules.get_field_by_name("required")?.as_bool())
        .unwrap_or_default();
    by_rule || behaviours(field).contains(&"REQUIRED".to_owned())
}

/// The `google.api.field_behavior` of a field.
pub(super) fn behaviours(field: &FieldDescriptor) -> Vec<String> {
    let Some(extension) = field.parent_pool().get_extension_by_name("google.api.field_behavior") else {
        return Vec::new();
    };
    let kind = extension.kind();
    let options = field.options();
    let values = options.get_extension(&extension);
    let names = values.as_list().unwrap_or_default().iter().filter_map(|value| {
        let number = value.as_enum_number()?;
        Some(kind.as_enum()?.get_value(number)?.name().to_owned())
    });
    names.collect()
}

/// Writes the rules into a schema, as far as JSON Schema has words for them; the others stay the server's.
pub(super) fn apply(rules: Option<&DynamicMessage>, schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else { return };
    let Some(rules) = rules else { return };
    for (field, value) in rules.fields() {
        let Some(rules) = value.as_message() else { continue };
        match field.name() {
            "string" => string(rules, schema),
            "bytes" => lengths(rules, schema, "min_len", "minLength", "max_len", "maxLength"),
            "repeated" => repeated(rules, schema),
            "map" => lengths(
                rules,
                schema,
                "min_pairs",
                "minProperties",
                "max_pairs",
                "maxProperties",
            ),
            "int64" | "sint64" | "sfixed64" | "uint64" | "fixed64" => in_words(rules, schema),
            "int32" | "sint32" | "sfixed32" | "uint32" | "fixed32" | "float" | "double" => number(rules, schema),
            _ => {}
        }
    }
}

fn string(rules: &DynamicMessage, schema: &mut Map<String, Value>) {
    lengths(rules, schema, "min_len", "minLength", "max_len", "maxLength");
    for (rule, value) in rules.fields() {
        match (rule.name(), value) {
            ("pattern", Field::String(pattern)) => drop(schema.insert("pattern".to_owned(), json!(pattern))),
            ("in", Field::List(words)) => {
                let words: Vec<&str> = words.iter().filter_map(Field::as_str).collect();
                schema.insert("enum".to_owned(), json!(words));
            }
            ("const", Field::String(word)) => drop(schema.insert("enum".to_owned(), json!([word]))),
            ("len", Field::U64(length)) => {
                schema.insert("minLength".to_owned(), json!(length));
                schema.insert("maxLength".to_owned(), json!(length));
            }
            ("email" | "uuid" | "uri" | "hostname" | "ipv4" | "ipv6", Field::Bool(true)) => {
                schema.insert("format".to_owned(), json!(rule.name()));
            }
            _ => {}
        }
    }
}

fn repeated(rules: &DynamicMessage, schema: &mut Map<String, Value>) {
    lengths(rules, schema, "min_items", "minItems", "max_items", "maxItems");
    for (rule, value) in rules.fields() {
        match (rule.name(), value) {
            ("unique", Field::Bool(true)) => drop(schema.insert("uniqueItems".to_owned(), json!(true))),
            ("items", Field::Message(rules)) => {
                if let Some(items) = schema.get_mut("items") {
                    apply(Some(rules), items);
                }
            }
            _ => {}
        }
    }
}

fn lengths(
    rules: &DynamicMessage,
    schema: &mut Map<String, Value>,
    least: &str,
    least_word: &str,
    most: &str,
    most_word: &str,
) {
    for (rule, value) in rules.fields() {
        let Field::U64(length) = value else { continue };
        if rule.name() == least {
            schema.insert(least_word.to_owned(), json!(length));
        } else if rule.name() == most {
            schema.insert(most_word.to_owned(), json!(length));
        }
    }
}

fn number(rules: &DynamicMessage, schema: &mut Map<String, Value>) {
    for (rule, value) in rules.fields() {
        let Some(limit) = limit(value) else { continue };
        match rule.name() {
            "gte" => drop(schema.insert("minimum".to_owned(), limit)),
            "lte" => drop(schema.insert("maximum".to_owned(), limit)),
            "gt" => drop(schema.insert("exclusiveMinimum".to_owned(), limit)),
            "lt" => drop(schema.insert("exclusiveMaximum".to_owned(), limit)),
            _ => {}
        }
    }
}

/// JSON writes 64-bit integers as strings, for which JSON Schema has no smallest and largest: the limits go into words.
fn in_words(rules: &DynamicMessage, schema: &mut Map<String, Value>) {
    let mut words = Vec::new();
    for (rule, value) in rules.fields() {
        let Some(limit) = limit(value) else { continue };
        match rule.name() {
            "gte" => words.push(format!("at least {limit}")),
            "gt" => words.push(format!("more than {limit}")),
            "lte" => words.push(format!("at most {limit}")),
            "lt" => words.push(format!("less than {limit}")),
            _ => {}
        }
    }
    if !words.is_empty() {
        schema.insert(
            "description".to_owned(),
            json!(format!("Limits: {}.", words.join(", "))),
        );
    }
}

fn limit(value: &Field) -> Option<Value> {
    match value {
        Field::I32(limit) => Some(json!(limit)),
        Field::I64(limit) => Some(json!(limit)),
        Field::U32(limit) => Some(json!(limit)),
        Field::U64(limit) => Some(json!(limit)),
        Field::F32(limit) => Some(json!(limit)),
        Field::F64(limit) => Some(json!(limit)),
        Field::Bool(_)
        | Field::String(_)
        | Field::Bytes(_)
        | Field::EnumNumber(_)
        | Field::Message(_)
        | Field::List(_)
        | Field::Map(_) => None,
    }
}
