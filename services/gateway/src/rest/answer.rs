use bytes::Bytes;
use prost_reflect::{DynamicMessage, SerializeOptions};

const OPTIONS: SerializeOptions = SerializeOptions::new().skip_default_fields(false);
/// For the details of an error, where an absent field is no news.
const OPTIONS_BRIEF: SerializeOptions = SerializeOptions::new();

/// A message as JSON, with the fields that have their default value.
pub(crate) fn json(message: &DynamicMessage) -> Result<Bytes, serde_json::Error> {
    write(message, &OPTIONS).map(Bytes::from)
}

/// A message as one line of JSON.
pub(super) fn line(message: &DynamicMessage) -> Result<Bytes, serde_json::Error> {
    let mut line = write(message, &OPTIONS)?;
    line.push(b'\n');
    Ok(Bytes::from(line))
}

/// A message as JSON, without the fields that have their default value.
pub(crate) fn brief(message: &DynamicMessage) -> Result<Bytes, serde_json::Error> {
    write(message, &OPTIONS_BRIEF).map(Bytes::from)
}

fn write(message: &DynamicMessage, options: &SerializeOptions) -> Result<Vec<u8>, serde_json::Error> {
    let mut json = Vec::new();
    message.serialize_with_options(&mut serde_json::Serializer::new(&mut json), options)?;
    Ok(json)
}
