//! A fact as it is told outside.

use std::io;

use contracts_channels::v1::Fact;
use fault::Fault;
use kernel::{Tenant, Time};
use prost::Message;
use prost_reflect::{DynamicMessage, SerializeOptions};
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};
use runtime::Envelope;
use serde_json::Value as Json;
use serde_json::ser::{CompactFormatter, Formatter};
use uuid::Uuid;

/// As the gateway answers: what is nothing is told too.
const OPTIONS: SerializeOptions = SerializeOptions::new().skip_default_fields(false);
const FACT: &str = "quanyu.channels.v1.Fact";
/// Below it a double is a whole number exactly, and is written without an exponent.
const WHOLE_BELOW: f64 = 9_007_199_254_740_992.0;

/// A fact with all that is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Telling {
    pub(crate) id: Uuid,
    pub(crate) tenant: Tenant,
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) time: Time,
    /// The message, encoded.
    pub(crate) payload: Vec<u8>,
}

impl Telling {
    pub(crate) fn of(envelope: &Envelope) -> Self {
        Self {
            id: envelope.id,
            tenant: envelope.tenant,
            kind: envelope.kind.clone(),
            subject: envelope.subject.clone(),
            time: envelope.occur_time,
            payload: envelope.payload.clone(),
        }
    }

    /// What it is called outside, however often it is told.
    pub(crate) fn id_text(&self) -> String {
        id_text(self.id)
    }

    /// The fact's message.
    pub(crate) fn message(&self) -> Result<DynamicMessage, Fault> {
        let descriptor = super::message(&self.kind);
        let descriptor = descriptor.ok_or_else(|| Fault::internal(format!("{} is no fact", self.kind)))?;
        DynamicMessage::decode(descriptor.clone(), &*self.payload).map_err(Fault::internal)
    }

    pub(crate) fn wire(&self) -> Result<Fact, Fault> {
        let data = self
            .message()?
            .serialize_with_options(serde_json::value::Serializer, &OPTIONS)
            .map_err(Fault::internal)?;
        Ok(self.with_data(data))
    }

    /// The fact with these data.
    pub(crate) fn with_data(&self, data: Json) -> Fact {
        let data = match value(data).kind {
            Some(Kind::StructValue(data)) => Some(data),
            Some(_) | None => None,
        };
        Fact {
            id: self.id_text(),
            r#type: self.kind.clone(),
            tenant_id: self.tenant.to_string(),
            subject: self.subject.clone(),
            time: Some(self.time.to_wire()),
            data,
        }
    }
}

/// A fact's id as it is told outside.
pub(crate) fn id_text(id: Uuid) -> String {
    format!("fct_{}", id.simple())
}

/// The body of a webhook: the message as protobuf's JSON.
pub(crate) fn body(fact: &Fact) -> Result<Vec<u8>, Fault> {
    let descriptor = super::CONTRACT.descriptors().get_message_by_name(FACT);
    let descriptor = descriptor.ok_or_else(|| Fault::internal(format!("the contract has no {FACT}")))?;
    let message = DynamicMessage::decode(descriptor, &*fact.encode_to_vec()).map_err(Fault::internal)?;
    let mut body = Vec::new();
    message
        .serialize_with_options(
            &mut serde_json::Serializer::with_formatter(&mut body, Numbers),
            &OPTIONS,
        )
        .map_err(Fault::internal)?;
    Ok(body)
}

fn value(json: Json) -> Value {
    let kind = match json {
        Json::Null => Kind::NullValue(0),
        Json::Bool(value) => Kind::BoolValue(value),
        // Numbers of 64 bits are texts in protobuf's JSON, so every number is a double exactly.
        Json::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Json::String(text) => Kind::StringValue(text),
        Json::Array(values) => Kind::ListValue(ListValue {
            values: values.into_iter().map(value).collect(),
        }),
        Json::Object(fields) => Kind::StructValue(Struct {
            fields: fields.into_iter().map(|(name, json)| (name, value(json))).collect(),
        }),
    };
    Value { kind: Some(kind) }
}

/// Writes a whole number without a fraction, as protobuf's other writers do: readers of whole numbers refuse `1.0`.
struct Numbers;

impl Formatter for Numbers {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        match value.fract() == 0.0 && value.abs() < WHOLE_BELOW {
            true => write!(writer, "{value:.0}"),
            false => CompactFormatter.write_f64(writer, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_told_without_a_fraction() {
        let telling = Telling {
            id: Uuid::nil(),
            tenant: Tenant::from_uuid(Uuid::nil()),
            kind: "campaign.journey_published".to_owned(),
            subject: String::new(),
            time: Time::EPOCH,
            payload: Vec::new(),
        };
        let data = serde_json::json!({"version": 1, "share": 0.25, "debt": -3, "large": 1e300});
        let body = String::from_utf8(body(&telling.with_data(data)).unwrap()).unwrap();
        for number in [r#""version":1}"#, r#""share":0.25"#, r#""debt":-3,"#, r#""large":1e"#] {
            assert!(body.contains(number), "{number} in {body}");
        }
    }
}
