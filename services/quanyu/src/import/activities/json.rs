//! Activities as REST takes them, one in a line.

use contracts::tagging::v1::Activity;
use prost_reflect::DynamicMessage;

use super::super::source::Row;
use super::super::{Read, json_lines};

/// An activity as REST takes it, in one line.
pub(super) fn activity(rows: &[Row]) -> Result<Read<Activity>, Vec<String>> {
    let Some(row) = rows.first() else {
        return Err(Vec::new());
    };
    match &row.trouble {
        Some(trouble) => Err(vec![trouble.clone()]),
        None => parse(&json_lines::own(row.cells.first().map_or("", String::as_str)))
            .map(|item| Read {
                item,
                notes: Vec::new(),
            })
            .map_err(|reason| vec![reason]),
    }
}

pub(super) fn parse(line: &str) -> Result<Activity, String> {
    const NAME: &str = "quanyu.tagging.v1.Activity";
    let descriptor = contracts::descriptors()
        .get_message_by_name(NAME)
        .ok_or("the contracts have no activity")?;
    let mut json = serde_json::Deserializer::from_str(line);
    let message = DynamicMessage::deserialize(descriptor, &mut json).map_err(|error| error.to_string())?;
    json.end().map_err(|error| error.to_string())?;
    message.transcode_to().map_err(|error| error.to_string())
}
