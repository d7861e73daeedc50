//! Members from CSV: each row is an arriving person, sent over identity's import stream.

mod arrival;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use contracts_identity::v1::{ImportMembersRequest, ImportMembersResponse, MemberRow, NotedRow, RefusedRow};
use fault::Fault;
use futures::stream;
use prost::Message;
use sha2::{Digest, Sha256};

use self::arrival::Reading;
use super::columns::{Columns, Wishes};
use super::moment::Zone;
use super::reason::{name, note};
use super::sending::{Outcome, calls};
use super::source::{Limits, Row, Source};
use super::{Read, Target, rounded};
use crate::api::{Api, patiently};

/// What a row may have.
pub(super) const FIELDS: [&str; 15] = [
    "channel_code",
    "external_id",
    "phone",
    "email",
    "union_id",
    "card_number",
    "device",
    "proof",
    "name",
    "gender",
    "birth_date",
    "province",
    "city",
    "address",
    "register_time",
];
/// What is compared with what others send.
const IDS: [&str; 7] = [
    "channel_code",
    "external_id",
    "phone",
    "email",
    "union_id",
    "card_number",
    "device",
];
/// What leads to somebody.
const LEADING_IDS: [&str; 5] = ["external_id", "phone", "email", "union_id", "card_number"];
/// Rows in one message of a stream.
const MESSAGE_ROWS: usize = 500;

/// How rows become members.
#[derive(Debug)]
pub(super) struct Members {
    columns: Columns,
    channel: Option<String>,
    zone: Zone,
}

impl Members {
    /// Stops where the columns cannot identify anybody.
    pub(super) fn new(
        headers: &[String],
        wishes: Wishes<'_>,
        channel: Option<&str>,
        zone: Zone,
    ) -> Result<Self, Fault> {
        let columns = Columns::find(headers, &FIELDS, wishes)?;
        if !LEADING_IDS.iter().any(|id| columns.has(id)) {
            let message = format!(
                "one of the columns {} is needed; name another one with --map{}",
                LEADING_IDS.join(", "),
                columns.without_header()
            );
            return Err(Fault::invalid("file", message));
        }
        if (columns.has("external_id") || columns.has("union_id")) && channel.is_none() {
            columns.need(&["channel_code"])?;
        }
        Ok(Self {
            columns,
            channel: channel.map(str::to_owned),
            zone,
        })
    }

    /// Stops where a column of ids was rounded.
    pub(super) fn check_numbers(&self, source: &mut Source, trusted: &[String]) -> Result<(), Fault> {
        rounded::check(source, &self.columns, &IDS, trusted)
    }

    /// A path of the contract as the column that it comes from.
    fn called(&self, path: &str, row: &Row) -> String {
        let path = path.strip_prefix("arrival.").unwrap_or(path);
        if path == "arrival" {
            return self.columns.all_called(&LEADING_IDS);
        }
        if path == "channel_code" && !self.columns.has(path) {
            return "--channel".to_owned();
        }
        let evidence = path.strip_prefix("evidence[").and_then(|rest| rest.split_once(']'));
        let field = match evidence.and_then(|(index, _)| index.parse::<usize>().ok()) {
            Some(index) => self.evidence_fields(row).get(index).map_or(path, |(field, _)| field),
            None => path.strip_prefix("profile.").unwrap_or(path),
        };
        self.columns.called(field)
    }

    fn refused(&self, refused: &RefusedRow, row: &Row) -> Outcome {
        let refusal = refused.refusal.clone().unwrap_or_default();
        let fields = refusal.fields.iter();
        let mut reasons: Vec<String> = fields
            .map(|field| format!("{}: {}", self.called(&field.field, row), field.description))
            .collect();
        if reasons.is_empty() {
            reasons.push(format!("{}: {}", self.called("arrival", row), refusal.message));
        }
        name(&mut reasons, &refusal.reason);
        Outcome::Rejected(reasons)
    }

    fn notes(&self, noted: &NotedRow, row: &Row) -> Vec<String> {
        let notes = noted.notes.iter();
        notes
            .map(|note| format!("{}: {}", self.called(&note.field, row), note.message))
            .collect()
    }

    /// One outcome for each row that was sent.
    fn outcomes(&self, sent: &[(&[Row], MemberRow)], answer: &ImportMembersResponse) -> Vec<Outcome> {
        let refused: BTreeMap<i64, &RefusedRow> = answer.refused_rows.iter().map(|row| (row.row_number, row)).collect();
        let noted: BTreeMap<i64, &NotedRow> = answer.noted_rows.iter().map(|row| (row.row_number, row)).collect();
        let repeated: BTreeSet<i64> = answer.repeated_row_numbers.iter().copied().collect();
        let outcome = |(rows, item): &(&[Row], MemberRow)| {
            let (number, row) = (item.row_number, rows.first());
            match (refused.get(&number), row) {
                (Some(refused), Some(row)) => self.refused(refused, row),
                _ if repeated.contains(&number) => Outcome::Repeated,
                (_, row) => {
                    let notes = row.zip(noted.get(&number)).map(|(row, noted)| self.notes(noted, row));
                    Outcome::Imported(notes.unwrap_or_default())
                }
            }
        };
        sent.iter().map(outcome).collect()
    }
}

impl Target for Members {
    const NOUN: &'static str = "members";
    /// Acknowledged at the end of a stream; below what one stream may carry.
    const CHUNK: Limits = Limits {
        rows: 5_000,
        bytes: 16 * 1024 * 1024,
    };
    /// In the order of the file: of two rows about one person the first one registers.
    const CHUNKS_AT_ONCE: usize = 1;
    type Item = MemberRow;

    fn ignored(&self) -> &[String] {
        &self.columns.ignored
    }

    fn belong(&self, _: &Row, _: &Row) -> bool {
        false
    }

    fn read(&self, rows: &[Row]) -> Result<Read<MemberRow>, Vec<String>> {
        let Some(row) = rows.first() else {
            return Err(Vec::new());
        };
        if let Some(trouble) = &row.trouble {
            return Err(vec![trouble.clone()]);
        }
        let mut read = Reading::default();
        self.columns.check(row, &IDS, &mut read.reasons);
        let arrival = self.arrival(row, &mut read);
        let register_time = self
            .columns
            .get(row, "register_time")
            .map(|text| self.zone.moment(text));
        let register_time = register_time.transpose().unwrap_or_else(|reason| {
            let called = self.columns.called("register_time");
            note(&mut read.reasons, format!("{called}: {reason}"));
            None
        });
        if register_time.is_some_and(|moment| moment.is_first_of_two) {
            read.notes.push(self.zone.note(&self.columns.called("register_time")));
        }
        let item = MemberRow {
            row_number: i64::try_from(row.number).unwrap_or(i64::MAX),
            request_id: String::new(),
            arrival: Some(arrival),
            register_time: register_time.map(|moment| moment.time.to_wire()),
        };
        Ok(Read {
            item: MemberRow {
                request_id: row_id(&item),
                ..item
            },
            notes: read.notes,
            reasons: read.reasons,
        })
    }

    async fn send(&self, api: &Api, items: &[(&[Row], MemberRow)], validate_only: bool) -> Result<Vec<Outcome>, Fault> {
        let rows: Vec<MemberRow> = items.iter().map(|(_, row)| row.clone()).collect();
        let message = |rows| ImportMembersRequest {
            rows,
            validate_only,
            unreadable_items: Vec::new(),
        };
        let messages: Vec<ImportMembersRequest> = calls(rows, MESSAGE_ROWS).into_iter().map(message).collect();
        let send = async || api.members().import_members(stream::iter(messages.clone())).await;
        let answer = patiently(send).await?;
        Ok(self.outcomes(items, &answer))
    }
}

/// The id under which a row is sent: the same whenever a row says the same at the same place.
fn row_id(item: &MemberRow) -> String {
    let mut digest = Sha256::new();
    digest.update(Members::NOUN.as_bytes());
    digest.update(item.encode_to_vec());
    hex::encode(digest.finalize())
}
