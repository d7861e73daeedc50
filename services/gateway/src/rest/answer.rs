use std::collections::HashMap;
use std::io;

use bytes::Bytes;
use prost_reflect::{DynamicMessage, FieldDescriptor, SerializeOptions};
use serde_json::ser::{CompactFormatter, Formatter};
use serde_json::value::RawValue;

const OPTIONS: SerializeOptions = SerializeOptions::new().skip_default_fields(false);
/// For the details of an error, where an absent field is no news.
const OPTIONS_BRIEF: SerializeOptions = SerializeOptions::new();
/// Below it a double is a whole number exactly, and is written without an exponent.
const WHOLE_BELOW: f64 = 9_007_199_254_740_992.0;

/// A message as JSON, with the fields that have their default value.
pub(crate) fn json(message: &DynamicMessage) -> Result<Bytes, serde_json::Error> {
    write(message, &OPTIONS).map(Bytes::from)
}

/// What the HTTP body of an answer carries: one field of it, or all of it. A message that is not set is null.
pub(super) fn body(message: &DynamicMessage, part: Option<&FieldDescriptor>) -> Result<Vec<u8>, serde_json::Error> {
    let whole = write(message, &OPTIONS)?;
    let Some(field) = part else {
        return Ok(whole);
    };
    let mut fields: HashMap<String, Box<RawValue>> = serde_json::from_slice(&whole)?;
    let value = fields.remove(field.json_name());
    Ok(value.map_or_else(|| b"null".to_vec(), |value| value.get().as_bytes().to_vec()))
}

/// The same as one line.
pub(super) fn line(message: &DynamicMessage, part: Option<&FieldDescriptor>) -> Result<Bytes, serde_json::Error> {
    let mut line = body(message, part)?;
    line.push(b'\n');
    Ok(Bytes::from(line))
}

/// A message as JSON, without the fields that have their default value.
pub(crate) fn brief(message: &DynamicMessage) -> Result<Bytes, serde_json::Error> {
    write(message, &OPTIONS_BRIEF).map(Bytes::from)
}

fn write(message: &DynamicMessage, options: &SerializeOptions) -> Result<Vec<u8>, serde_json::Error> {
    let mut json = Vec::new();
    message.serialize_with_options(&mut serde_json::Serializer::with_formatter(&mut json, Numbers), options)?;
    Ok(json)
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
    fn an_answer_may_carry_one_field_of_it() {
        let descriptors = contracts_all::CONTRACT.descriptors();
        let descriptor = descriptors
            .get_message_by_name("quanyu.points.v1.GetBalanceResponse")
            .unwrap();
        let balance = descriptor.get_field_by_name("balance").unwrap();
        let mut answer = DynamicMessage::new(descriptor);
        assert_eq!(body(&answer, Some(&balance)).unwrap(), b"null");
        let value = answer.get_field_mut(&balance).as_message_mut().unwrap();
        value.set_field_by_name("member_id", prost_reflect::Value::String("mbr_1".to_owned()));
        let part: serde_json::Value = serde_json::from_slice(&body(&answer, Some(&balance)).unwrap()).unwrap();
        assert_eq!((&part["memberId"], &part["available"]), (&"mbr_1".into(), &"0".into()));
        let whole: serde_json::Value = serde_json::from_slice(&body(&answer, None).unwrap()).unwrap();
        assert_eq!(whole["balance"], part);
    }
}
