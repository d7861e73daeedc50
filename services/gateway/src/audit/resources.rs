//! What a request or an answer names: the identifiers in it, by their fields, and never what else it says.

use std::collections::BTreeMap;

use prost_reflect::{DynamicMessage, ReflectMessage, Value};

/// How many identifiers are written of one message, and how many characters of each.
const RESOURCES_MAX: usize = 16;
const CHARACTERS_MAX: usize = 128;
/// How deep messages are looked into: "journey.code".
const DEPTH_MAX: usize = 2;

/// The identifiers of a message, as an object of JSON.
pub(crate) fn of(message: &DynamicMessage) -> String {
    let mut found = BTreeMap::new();
    collect(message, "", 1, &mut found);
    serde_json::to_string(&found).unwrap_or_else(|_| NONE.to_owned())
}

/// The object without any.
pub(crate) const NONE: &str = "{}";

/// The request's id, where it has one.
pub(crate) fn request_id(message: &DynamicMessage) -> String {
    let id = message.get_field_by_name(REQUEST_ID);
    let id = id.as_ref().and_then(|id| id.as_str()).unwrap_or_default();
    cut(id)
}

const REQUEST_ID: &str = "request_id";

fn collect(message: &DynamicMessage, path: &str, depth: usize, found: &mut BTreeMap<String, String>) {
    for field in message.descriptor().fields() {
        if found.len() >= RESOURCES_MAX || field.is_list() || field.is_map() || !message.has_field(&field) {
            continue;
        }
        let name = format!("{path}{}", field.name());
        match &*message.get_field(&field) {
            Value::String(text) if is_identifier(field.name()) && !text.is_empty() => {
                found.insert(name, cut(text));
            }
            Value::Message(inner) if depth < DEPTH_MAX => {
                collect(inner, &format!("{name}."), depth.saturating_add(1), found);
            }
            _ => {}
        }
    }
}

/// Whether a field names something of the platform's, by what contracts call such fields.
fn is_identifier(name: &str) -> bool {
    name != REQUEST_ID && (name == "code" || name.ends_with("_id") || name.ends_with("_code"))
}

/// The text as it can be written: it was not judged yet, and no database of ours takes U+0000.
fn cut(text: &str) -> String {
    let text = text.chars().take(CHARACTERS_MAX);
    text.map(|character| {
        if character == '\0' {
            char::REPLACEMENT_CHARACTER
        } else {
            character
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    fn dynamic(name: &str, message: &impl Message) -> DynamicMessage {
        let descriptor = contracts_all::CONTRACT.descriptors().get_message_by_name(name).unwrap();
        DynamicMessage::decode(descriptor, &*message.encode_to_vec()).unwrap()
    }

    #[test]
    fn identifiers_are_told_and_nothing_else() {
        use contracts_gateway::v1::{ApiKey, CreateApiKeyResponse, RevokeApiKeyRequest};
        let revoke = RevokeApiKeyRequest {
            request_id: "r".to_owned(),
            api_key_id: "key_1".to_owned(),
        };
        let revoke = dynamic("quanyu.gateway.v1.RevokeApiKeyRequest", &revoke);
        assert_eq!(of(&revoke), r#"{"api_key_id":"key_1"}"#);
        assert_eq!(request_id(&revoke), "r");
        let made = CreateApiKeyResponse {
            api_key: Some(ApiKey {
                api_key_id: "key_2".to_owned(),
                display_name: "POS".to_owned(),
                ..ApiKey::default()
            }),
            secret: "qy_secret".to_owned(),
        };
        let made = dynamic("quanyu.gateway.v1.CreateApiKeyResponse", &made);
        assert_eq!(of(&made), r#"{"api_key.api_key_id":"key_2"}"#);
        assert_eq!(request_id(&made), "");
    }

    #[test]
    fn a_text_that_its_service_will_refuse_can_be_written() {
        let revoke = contracts_gateway::v1::RevokeApiKeyRequest {
            request_id: "a\0b".to_owned(),
            api_key_id: "key\0".to_owned(),
        };
        let revoke = dynamic("quanyu.gateway.v1.RevokeApiKeyRequest", &revoke);
        assert_eq!(request_id(&revoke), "a\u{fffd}b");
        assert_eq!(of(&revoke), "{\"api_key_id\":\"key\u{fffd}\"}");
    }

    #[test]
    fn what_is_long_is_cut() {
        let long = contracts_gateway::v1::RevokeApiKeyRequest {
            request_id: "界".repeat(500),
            api_key_id: "k".repeat(500),
        };
        let long = dynamic("quanyu.gateway.v1.RevokeApiKeyRequest", &long);
        assert_eq!(request_id(&long).chars().count(), CHARACTERS_MAX);
        assert_eq!(of(&long).len(), CHARACTERS_MAX + r#"{"api_key_id":""}"#.len());
    }
}
