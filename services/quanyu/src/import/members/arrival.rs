//! What a row says of the person who arrives.

use contracts_identity::v1::{Arrival, Evidence, Gender, IdentityKind, Profile, Proof};
use kernel::text::tidy;

use super::super::moment;
use super::super::reason::note;
use super::super::source::Row;
use super::Members;

/// Columns that identify somebody besides the external id.
const EVIDENCE: [(&str, IdentityKind); 5] = [
    ("phone", IdentityKind::Phone),
    ("email", IdentityKind::Email),
    ("union_id", IdentityKind::UnionId),
    ("card_number", IdentityKind::CardNumber),
    ("device", IdentityKind::Device),
];

/// What was found while a row was read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) reasons: Vec<String>,
    pub(super) notes: Vec<String>,
}

impl Members {
    pub(super) fn arrival(&self, row: &Row, read: &mut Reading) -> Arrival {
        let text = |field| self.columns.get(row, field).unwrap_or_default().to_owned();
        let channel = self.columns.get(row, "channel_code").or(self.channel.as_deref());
        let proof = self.columns.get(row, "proof").map_or(Some(Proof::Operator), proof);
        if proof.is_none() {
            let reason = format!(
                "{}: must be none, platform, code, presented or operator",
                self.columns.called("proof")
            );
            note(&mut read.reasons, reason);
        }
        let proof = proof.unwrap_or(Proof::Operator);
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
    pub(super) fn evidence_fields(&self, row: &Row) -> Vec<(&'static str, IdentityKind)> {
        EVIDENCE
            .into_iter()
            .filter(|(field, _)| self.columns.get(row, field).is_some())
            .collect()
    }

    fn profile(&self, row: &Row, read: &mut Reading) -> Profile {
        let text = |field| self.columns.get(row, field).unwrap_or_default().to_owned();
        let word = text("gender");
        let gender = gender(&word).unwrap_or_else(|| {
            let known = "female, male and other are known (女, 男, 其他)";
            let called = self.columns.called("gender");
            read.notes.push(format!("{called}: {word} is left out: {known}"));
            Gender::Unspecified
        });
        let birth_date = self.columns.get(row, "birth_date").map(moment::day).transpose();
        let birth_date = birth_date.unwrap_or_else(|reason| {
            note(
                &mut read.reasons,
                format!("{}: {reason}", self.columns.called("birth_date")),
            );
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
        "" => Some(Gender::Unspecified),
        _ => None,
    }
}
