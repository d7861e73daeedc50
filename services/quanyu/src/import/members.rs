//! Members from CSV: each row is an arriving person, sent over identity's import stream.

use contracts::identity::v1::{
    Arrival, Evidence, Gender, IdentityKind, ImportMembersRequest, MemberRow, Profile, Proof, RefusedRow,
};
use fault::Fault;
use futures::stream;

use super::columns::Columns;
use super::source::{Row, Source};
use super::{FileArgs, Target, moment, row_id};
use crate::api::{Api, patiently};
use crate::terminal::complain;

/// Columns that identify somebody besides the external id.
const EVIDENCE: [(&str, IdentityKind); 5] = [
    ("phone", IdentityKind::Phone),
    ("email", IdentityKind::Email),
    ("union_id", IdentityKind::UnionId),
    ("card_number", IdentityKind::CardNumber),
    ("device", IdentityKind::Device),
];
const OTHER_FIELDS: [&str; 10] = [
    "channel_code",
    "external_id",
    "proof",
    "name",
    "gender",
    "birth_date",
    "province",
    "city",
    "address",
    "register_time",
];
/// Rows in one message of a stream.
const MESSAGE_ROWS: usize = 500;

/// How rows become members.
#[derive(Debug)]
pub(super) struct Members {
    columns: Columns,
    channel: Option<String>,
}

impl Members {
    /// Stops where the columns cannot identify anybody.
    pub(super) fn new(source: &mut Source, args: &FileArgs) -> Result<Self, Fault> {
        let fields: Vec<&str> = OTHER_FIELDS
            .into_iter()
            .chain(EVIDENCE.map(|(field, _)| field))
            .collect();
        let columns = Columns::find(source.headers(), &fields, &args.maps)?;
        let ids = ["external_id", "phone", "email", "union_id", "card_number"];
        if !ids.iter().any(|id| columns.has(id)) {
            let message = format!(
                "one of the columns {} is needed; name another one with --map",
                ids.join(", ")
            );
            return Err(Fault::invalid("file", message));
        }
        if (columns.has("external_id") || columns.has("union_id")) && args.channel.is_none() {
            columns.need(&["channel_code"])?;
        }
        if !columns.ignored.is_empty() {
            complain(format_args!("Ignored columns: {}", columns.ignored.join(", ")));
        }
        Ok(Self {
            columns,
            channel: args.channel.clone(),
        })
    }

    fn evidence(&self, row: &Row, reasons: &mut Vec<String>) -> Vec<Evidence> {
        let proof = self.columns.get(row, "proof").map_or(Some(Proof::Operator), proof);
        if proof.is_none() {
            reasons.push("proof: must be none, platform, code, presented or operator".to_owned());
        }
        let proof = proof.unwrap_or(Proof::Unspecified);
        let given = EVIDENCE
            .into_iter()
            .filter_map(|(field, kind)| Some((kind, self.columns.get(row, field)?)));
        given
            .map(|(kind, value)| Evidence {
                kind: kind.into(),
                value: value.to_owned(),
                proof: proof.into(),
                channel_code: String::new(),
            })
            .collect()
    }

    fn profile(&self, row: &Row, reasons: &mut Vec<String>) -> Profile {
        let text = |field| self.columns.get(row, field).unwrap_or_default().to_owned();
        let gender = self
            .columns
            .get(row, "gender")
            .map_or(Some(Gender::Unspecified), gender);
        if gender.is_none() {
            reasons.push("gender: must be female, male or other".to_owned());
        }
        Profile {
            name: text("name"),
            gender: gender.unwrap_or(Gender::Unspecified).into(),
            birth_date: text("birth_date"),
            province: text("province"),
            city: text("city"),
            address: text("address"),
        }
    }
}

impl Target for Members {
    const NOUN: &'static str = "members";
    /// Acknowledged at the end of a stream; below what one stream may carry.
    const CHUNK: usize = 5_000;
    /// In the order of the file: of two rows about one person the first one registers.
    const CHUNKS_AT_ONCE: usize = 1;
    type Item = MemberRow;

    fn read(&self, row: &Row) -> Result<MemberRow, Vec<String>> {
        if let Err(reason) = &row.cells {
            return Err(vec![reason.clone()]);
        }
        let mut reasons = Vec::new();
        let arrival = Arrival {
            channel_code: self
                .columns
                .get(row, "channel_code")
                .or(self.channel.as_deref())
                .unwrap_or_default()
                .to_owned(),
            external_id: self.columns.get(row, "external_id").unwrap_or_default().to_owned(),
            evidence: self.evidence(row, &mut reasons),
            profile: Some(self.profile(row, &mut reasons)),
        };
        let register_time = self.columns.get(row, "register_time").map(moment::parse);
        if register_time == Some(None) {
            reasons.push("register_time: must be RFC 3339, YYYY-MM-DD hh:mm:ss or YYYY-MM-DD".to_owned());
        }
        if !reasons.is_empty() {
            return Err(reasons);
        }
        Ok(MemberRow {
            row_number: i64::try_from(row.number).unwrap_or(i64::MAX),
            request_id: row_id(Self::NOUN, row),
            arrival: Some(arrival),
            register_time: register_time.flatten().map(kernel::Time::to_wire),
        })
    }

    async fn send(&self, api: &Api, items: Vec<(u64, MemberRow)>) -> Result<Vec<(u64, Vec<String>)>, Fault> {
        let rows: Vec<MemberRow> = items.into_iter().map(|(_, row)| row).collect();
        let messages: Vec<ImportMembersRequest> = rows
            .chunks(MESSAGE_ROWS)
            .map(|rows| ImportMembersRequest {
                unreadable_items: Vec::new(),
                rows: rows.to_vec(),
                validate_only: false,
            })
            .collect();
        let send = async || api.members().import_members(stream::iter(messages.clone())).await;
        let answer = patiently(send).await?;
        Ok(answer.refused_rows.into_iter().map(refused).collect())
    }
}

fn refused(row: RefusedRow) -> (u64, Vec<String>) {
    let refusal = row.refusal.unwrap_or_default();
    let fields = refusal
        .fields
        .iter()
        .map(|field| format!("{}: {}", field.field, field.description));
    let mut reasons: Vec<String> = fields.collect();
    if reasons.is_empty() {
        reasons.push(format!("{}: {}", refusal.reason, refusal.message));
    }
    (u64::try_from(row.row_number).unwrap_or(0), reasons)
}

fn proof(word: &str) -> Option<Proof> {
    match word.to_lowercase().as_str() {
        "none" => Some(Proof::None),
        "platform" => Some(Proof::Platform),
        "code" => Some(Proof::Code),
        "presented" => Some(Proof::Presented),
        "operator" => Some(Proof::Operator),
        _ => None,
    }
}

fn gender(word: &str) -> Option<Gender> {
    match word.to_lowercase().as_str() {
        "female" | "f" | "女" => Some(Gender::Female),
        "male" | "m" | "男" => Some(Gender::Male),
        "other" => Some(Gender::Other),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::Position;
    use super::*;

    fn row(cells: &[&str]) -> Row {
        let cells = Ok(cells.iter().map(|cell| (*cell).to_owned()).collect());
        Row {
            number: 7,
            cells,
            end: Position::default(),
        }
    }

    fn members(headers: &str, channel: Option<&str>) -> Members {
        let headers: Vec<String> = headers.split(',').map(str::to_owned).collect();
        let fields: Vec<&str> = OTHER_FIELDS
            .into_iter()
            .chain(EVIDENCE.map(|(field, _)| field))
            .collect();
        Members {
            columns: Columns::find(&headers, &fields, &[]).unwrap(),
            channel: channel.map(str::to_owned),
        }
    }

    #[test]
    fn a_row_becomes_an_arrival_with_its_evidence_and_profile() {
        let members = members("external_id,phone,proof,gender,register_time", Some("pos"));
        let read = members
            .read(&row(&["till-1", "13712345678", "code", "女", "2020-02-29"]))
            .unwrap();
        let arrival = read.arrival.unwrap();
        assert_eq!(
            (
                arrival.channel_code.as_str(),
                arrival.external_id.as_str(),
                read.row_number
            ),
            ("pos", "till-1", 7)
        );
        assert_eq!(arrival.evidence.len(), 1);
        assert_eq!(
            (arrival.evidence[0].kind(), arrival.evidence[0].proof()),
            (IdentityKind::Phone, Proof::Code)
        );
        assert_eq!(arrival.profile.unwrap().gender(), Gender::Female);
        assert_eq!(read.register_time.unwrap().seconds, 1_582_934_400);
    }

    #[test]
    fn everything_that_is_wrong_with_a_row_is_told() {
        let members = members("phone,proof,gender,register_time", None);
        let reasons = members.read(&row(&["137", "oath", "?", "soon"])).unwrap_err();
        let fields: Vec<&str> = reasons.iter().filter_map(|reason| reason.split(':').next()).collect();
        assert_eq!(fields, ["proof", "gender", "register_time"]);
    }
}
