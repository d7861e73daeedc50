//! Activities as REST takes them, one in a line.

use contracts_tagging::v1::Activity;
use fault::{Fault, Violation};

use super::super::source::Row;
use super::super::{Read, json_lines};

/// What a line is read as.
const NAME: &str = "quanyu.tagging.v1.Activity";

/// An activity as REST takes it, in one line.
pub(super) fn activity(rows: &[Row]) -> Result<Read<Activity>, Vec<String>> {
    let Some(row) = rows.first() else {
        return Err(Vec::new());
    };
    match &row.trouble {
        Some(trouble) => Err(vec![trouble.clone()]),
        None => parse(&json_lines::own(row.cells.first().map_or("", String::as_str))),
    }
}

/// How the line of a row spells the names of fields.
pub(super) fn spelling(rows: &[Row]) -> gateway::Spelling {
    let line = rows.first().and_then(|row| row.cells.first());
    let line = json_lines::own(line.map_or("", String::as_str));
    let activity = contracts_all::CONTRACT.descriptors().get_message_by_name(NAME);
    activity.map_or_else(Default::default, |activity| {
        gateway::spelling(&activity, line.as_bytes())
    })
}

/// The activity of a line, read as strictly as REST reads it, and everything that is wrong with the line.
pub(super) fn parse(line: &str) -> Result<Read<Activity>, Vec<String>> {
    let descriptor = contracts_all::CONTRACT
        .descriptors()
        .get_message_by_name(NAME)
        .ok_or_else(|| vec!["the contracts have no activity".to_owned()])?;
    let (message, wrong) = gateway::read_message(&descriptor, line.as_bytes()).map_err(reasons)?;
    Ok(Read {
        item: message.transcode_to().map_err(|error| vec![error.to_string()])?,
        notes: Vec::new(),
        reasons: wrong.map(reasons).unwrap_or_default(),
    })
}

/// One reason for each violation.
fn reasons(fault: Fault) -> Vec<String> {
    let Fault::Refused(refusal) = fault else {
        return vec![fault.to_string()];
    };
    let told = |violation: &Violation| match violation.path.as_str() {
        // What is no JSON has no path; its place is counted within the line, which has a number of its own.
        "" => violation.message.replace(" at line 1 column ", " at character "),
        path => format!("{path}: {}", violation.message),
    };
    refusal.violations.iter().map(told).collect()
}
