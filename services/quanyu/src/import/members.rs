//! Members from CSV: each row is an arriving person, sent over identity's import stream.

use std::collections::{BTreeMap, BTreeSet};

use contracts::identity::v1::{
    Arrival, Evidence, Gender, IdentityKind, ImportMembersRequest, ImportMembersResponse, MemberRow, NotedRow, Profile,
    Proof, RefusedRow,
};
use fault::Fault;
use futures::stream;
use kernel::text::tidy;
use prost::Message;
use sha2::{Digest, Sha256};

use super::columns::{Columns, Wishes};
use super::moment::{self, Zone};
use super::sending::{Outcome, calls};
use super::source::{Limits, Row};
use super::{Read, Target};
use crate::api::{Api, patiently};

/// Columns that identify somebody besides the external id.
const EVIDENCE: [(&str, IdentityKind); 5] = [
    ("phone", IdentityKind::Phone),
    ("email", IdentityKind::Email),
    ("union_id", IdentityKind::UnionId),
    ("card_number", IdentityKind::CardNumber),
    ("device", IdentityKind::Device),
];
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
        let ids = ["external_id", "phone", "email", "union_id", "card_number"];
        if !ids.iter().any(|id| columns.has(id)) {
            let message = format!(
                "one of the columns {} is needed; name another one with --map{}",
                ids.join(", "),
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

    fn arrival(&self, row: &Row, read: &mut Reading) -> Arrival {
        let text = |field| self.columns.get(row, field).unwrap_or_default().to_owned();
        let channel = self.columns.get(row, "channel_code").or(self.channel.as_deref());
        let proof = self.columns.get(row, "proof").map_or(Some(Proof::Operator), proof);
        if proof.is_none() {
            let reason = format!(
                "{}: must be none, platform, code, presented or operator",
                self.columns.called("proof")
            );
            read.reasons.push(reason);
        }
        let proof = proof.unwrap_or(Proof::Unspecified);
        let given = self.evidence_fields(row).into_iter();
        let evidence = given.map(|(field, kind)| Evidence {
            kind: kind.into(),
            value: text(field),
            proof: proof.into(),
            channel_code: String::new(),
        });
        Arrival {
            channel_code: channel.unwrap_or_default().to_owned(),
            external_id: text("external_id"),
            evidence: evidence.collect(),
            profile: Some(self.profile(row, read)),
        }
    }

    /// The columns that a row's evidence comes from, in its order.
    fn evidence_fields(&self, row: &Row) -> Vec<(&'static str, IdentityKind)> {
        EVIDENCE
            .into_iter()
            .filter(|(field, _)| self.columns.get(row, field).is_some())
            .collect()
    }

    fn profile(&self, row: &Row, read: &mut Reading) -> Profile {
        let text = |field| self.columns.get(row, field).unwrap_or_default().to_owned();
        let word = text("gender");
        let gender = gender(&word).unwrap_or_else(|| {
            let known = "female, male, other and unknown are known (女, 男, 其他, 未知)";
            let called = self.columns.called("gender");
            read.notes.push(format!("{called}: {word} is left out: {known}"));
            Gender::Unspecified
        });
        let birth_date = self.columns.get(row, "birth_date").map(moment::day).transpose();
        let birth_date = birth_date.unwrap_or_else(|reason| {
            read.reasons
                .push(format!("{}: {reason}", self.columns.called("birth_date")));
            None
        });
        Profile {
            name: text("name"),
            gender: gender.into(),
            birth_date: birth_date.unwrap_or_default(),
            province: text("province"),
            city: text("city"),
            address: text("address"),
        }
    }

    /// A path of the contract as the column that it comes from.
    fn called(&self, path: &str, row: &Row) -> String {
        let path = path.strip_prefix("arrival.").unwrap_or(path);
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
            reasons.push(format!("{}: {}", refusal.reason, refusal.message));
        }
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

/// What was found while a row was read.
#[derive(Debug, Default)]
struct Reading {
    reasons: Vec<String>,
    notes: Vec<String>,
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
            read.reasons.push(format!("{called}: {reason}"));
            None
        });
        if register_time.is_some_and(|moment| moment.is_first_of_two) {
            read.notes.push(self.zone.note(&self.columns.called("register_time")));
        }
        if !read.reasons.is_empty() {
            return Err(read.reasons);
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

fn proof(word: &str) -> Option<Proof> {
    match tidy(word).to_lowercase().as_str() {
        "none" => Some(Proof::None),
        "platform" => Some(Proof::Platform),
        "code" => Some(Proof::Code),
        "presented" => Some(Proof::Presented),
        "operator" => Some(Proof::Operator),
        _ => None,
    }
}

/// Numbers are not read: of the systems that write them, some mean women by 1 and some men.
fn gender(word: &str) -> Option<Gender> {
    match tidy(word).to_lowercase().as_str() {
        "female" | "f" | "woman" | "女" | "女性" | "女士" => Some(Gender::Female),
        "male" | "m" | "man" | "男" | "男性" | "先生" => Some(Gender::Male),
        "other" | "其他" | "其它" => Some(Gender::Other),
        "" | "unknown" | "未知" | "保密" | "不详" => Some(Gender::Unspecified),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use contracts::identity::v1::{EvidenceOutcome, Refusal, RefusedField, RowNote};

    use super::*;

    fn members(headers: &str, channel: Option<&str>) -> Members {
        let headers: Vec<String> = headers.split(',').map(str::to_owned).collect();
        Members::new(
            &headers,
            Wishes::default(),
            channel,
            Zone::named("Asia/Shanghai").unwrap(),
        )
        .unwrap()
    }

    fn read(members: &Members, cells: &[&str]) -> Result<Read<MemberRow>, Vec<String>> {
        members.read(&[Row::of(cells)])
    }

    #[test]
    fn a_row_becomes_an_arrival_with_its_evidence_and_profile() {
        let members = members("external_id,phone,proof,gender,register_time,Birth Date", Some("pos"));
        let cells = ["till-1", "13712345678", "code", "女", "2020/2/29", "1990/5/1"];
        let Read { item, notes } = read(&members, &cells).unwrap();
        let arrival = item.arrival.unwrap();
        assert_eq!(
            (
                arrival.channel_code.as_str(),
                arrival.external_id.as_str(),
                item.row_number
            ),
            ("pos", "till-1", 7)
        );
        assert_eq!(arrival.evidence.len(), 1);
        assert_eq!(
            (arrival.evidence[0].kind(), arrival.evidence[0].proof()),
            (IdentityKind::Phone, Proof::Code)
        );
        let profile = arrival.profile.unwrap();
        assert_eq!(
            (profile.gender(), profile.birth_date.as_str()),
            (Gender::Female, "1990-05-01")
        );
        // Midnight in Shanghai.
        assert_eq!(item.register_time.unwrap().seconds, 1_582_934_400 - 8 * 3_600);
        assert!(notes.is_empty());
    }

    #[test]
    fn everything_that_is_wrong_with_a_row_is_told_by_the_columns_of_the_file() {
        let members = members("card_number,Proof,gender,Register Time,birth_date", None);
        let cells = ["6.22203E+15", "oath", "?", "soon", "1990-13-01"];
        let reasons = read(&members, &cells).unwrap_err();
        let columns: Vec<&str> = reasons.iter().filter_map(|reason| reason.split(':').next()).collect();
        assert_eq!(
            columns,
            [
                "card_number",
                "Proof (proof)",
                "birth_date",
                "Register Time (register_time)"
            ]
        );
        assert!(
            reasons[0].contains("a spreadsheet has rounded this number"),
            "{reasons:?}"
        );
    }

    #[test]
    fn an_unknown_gender_is_left_out_and_noted() {
        let members = members("phone,gender", None);
        for (word, gender) in [
            ("男", Gender::Male),
            ("Female", Gender::Female),
            ("其他", Gender::Other),
            ("未知", Gender::Unspecified),
            ("", Gender::Unspecified),
        ] {
            let Read { item, notes } = read(&members, &["13712345678", word]).unwrap();
            assert_eq!(
                (item.arrival.unwrap().profile.unwrap().gender(), notes.len()),
                (gender, 0),
                "{word}"
            );
        }
        let notes = read(&members, &["13712345678", "1"]).unwrap().notes;
        assert!(notes[0].starts_with("gender: 1 is left out"), "{notes:?}");
    }

    #[test]
    fn a_row_s_id_follows_from_what_it_says_and_from_its_place() {
        let members = members("phone,name", None);
        let id = |cells: &[&str]| read(&members, cells).unwrap().item.request_id;
        assert_eq!(id(&["13712345678", "Li"]), id(&["13712345678", "Li"]));
        assert_ne!(id(&["13712345678", "Li"]), id(&["13712345679", "Li"]));
        let mut elsewhere = Row::of(&["13712345678", "Li"]);
        elsewhere.number = 8;
        assert_ne!(
            members.read(&[elsewhere]).unwrap().item.request_id,
            id(&["13712345678", "Li"])
        );
        assert_eq!(id(&["13712345678", "Li"]).len(), 64);
    }

    #[test]
    fn answers_are_told_by_the_columns_of_the_file() {
        let members = members("openid,Phone,name", None);
        // The evidence of this row begins with the card: the phone is blank.
        let columns = Members {
            columns: Columns::find(&["Phone", "card_number"].map(str::to_owned), &FIELDS, Wishes::default()).unwrap(),
            ..members
        };
        let rows = [Row::of(&["", "c1"])];
        let item = columns.read(&rows).unwrap().item;
        let answer = ImportMembersResponse {
            noted_rows: vec![NotedRow {
                row_number: 7,
                notes: vec![RowNote {
                    field: "arrival.evidence[0]".to_owned(),
                    outcome: EvidenceOutcome::Blocked.into(),
                    message: "left out".to_owned(),
                }],
                ..NotedRow::default()
            }],
            ..ImportMembersResponse::default()
        };
        let sent = [(&rows[..], item)];
        let noted = Outcome::Imported(vec!["card_number: left out".to_owned()]);
        assert_eq!(columns.outcomes(&sent, &answer), [noted]);
        let field = RefusedField {
            field: "arrival.profile.name".to_owned(),
            description: "is too long".to_owned(),
        };
        let answer = ImportMembersResponse {
            refused_rows: vec![RefusedRow {
                row_number: 7,
                refusal: Some(Refusal {
                    fields: vec![field],
                    ..Refusal::default()
                }),
                ..RefusedRow::default()
            }],
            repeated_row_numbers: vec![7],
            ..ImportMembersResponse::default()
        };
        let refused = Outcome::Rejected(vec!["name: is too long".to_owned()]);
        assert_eq!(columns.outcomes(&sent, &answer), [refused]);
    }
}
