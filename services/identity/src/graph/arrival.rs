use std::collections::BTreeMap;

use contracts::codec::Incoming;
use contracts_identity::v1 as proto;
use contracts_identity::v1::ErrorReason;
use fault::{Fault, Violation, Violations};
use kernel::Time;

use super::identity::{Evidence, Proof};
use super::key::Slot;
use super::key::{Key, Kind};
use super::refusals::link_fault;
use super::value::Value;
use super::wire::{parse_kind, parse_proof};
use super::{Arrival, LinkError};
use crate::blocked_value::Blocklist;
use crate::channel::{Channel, Channels};
use crate::profile::Source;
use crate::profile::wire::profile;

const CHANNEL_CODE: &str = "arrival.channel_code";
const EXTERNAL_ID: &str = "arrival.external_id";

/// Whether an arrival may do without an external id: only as a row of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Importable {
    Yes,
    No,
}

/// An arrival as far as it could be read, and everything that is wrong with it.
pub(crate) struct Judged {
    arrival: Arrival,
    wrong: Wrong,
    /// Whether it names an id at all, whatever may be wrong with it.
    pub(crate) names_ids: bool,
}

/// What is wrong with the fields by themselves, and what the channels and lists of blocked values do not allow.
#[derive(Default)]
struct Wrong {
    violations: Violations,
    refused: Vec<(String, Fault)>,
}

impl Wrong {
    /// The value, or nothing and the field that it is refused for.
    fn unless_refused<T>(&mut self, path: impl Into<String>, outcome: Result<T, Fault>) -> Option<T> {
        outcome.map_err(|fault| self.refused.push((path.into(), fault))).ok()
    }

    /// Refuses with all of it. A reason of its own is told where no field is wrong by itself.
    fn finish(self) -> Result<(), Fault> {
        let mut violations = self.violations.into_inner();
        let is_lawful = violations.is_empty();
        let mut first = None;
        for (path, fault) in self.refused {
            let Fault::Refused(refusal) = fault else {
                return Err(fault);
            };
            violations.push(Violation {
                path,
                message: refusal.message.clone(),
            });
            first = first.or(Some(refusal));
        }
        match first {
            None if is_lawful => Ok(()),
            Some(mut refusal) if is_lawful => {
                refusal.violations = violations;
                Err(Fault::Refused(refusal))
            }
            Some(_) | None => Err(Fault::invalid_fields(violations)),
        }
    }
}

impl Judged {
    /// Every id that it brings, as far as it could be read.
    pub(crate) fn brought(&self) -> impl Iterator<Item = &Key> {
        self.arrival.brought()
    }

    /// The arrival without the values that its tenant has blocked: only the others are the person's. Refuses with
    /// everything that is wrong.
    pub(crate) fn heed(self, blocklist: &Blocklist) -> Result<Arrival, Fault> {
        let Self {
            mut arrival, mut wrong, ..
        } = self;
        if let Some(anchor) = arrival.anchor.take_if(|anchor| blocklist.blocks(anchor)) {
            let blocked = link_fault(LinkError::Blocked(anchor));
            wrong.refused.push((EXTERNAL_ID.to_owned(), blocked));
        }
        let arrival = arrival.heeding(blocklist);
        check_one_of_a_kind(arrival.anchor.as_ref(), &arrival.evidence, &mut wrong.violations);
        wrong.finish()?;
        Ok(arrival)
    }
}

/// Reads an arrival, and notes everything that is wrong with it.
pub(crate) fn judge(wire: &proto::Arrival, channels: &Channels, importable: Importable, now: Time) -> Judged {
    let mut wrong = Wrong::default();
    let (code, external_id) = (given(&wire.channel_code), given(&wire.external_id));
    match importable {
        Importable::No => {
            let violations = &mut wrong.violations;
            violations.check(code.is_some(), CHANNEL_CODE, "must name the channel");
            violations.check(external_id.is_some(), EXTERNAL_ID, "must not be blank");
        }
        Importable::Yes => {
            let named = code.is_some() || external_id.is_none();
            let message = "must name the channel of the external id";
            wrong.violations.check(named, CHANNEL_CODE, message);
        }
    }
    let channel = code.and_then(|code| wrong.unless_refused(CHANNEL_CODE, channel(code, channels)));
    let anchor = external_id.and_then(|id| {
        let scope = channel.map(|channel| channel.code.clone()).unwrap_or_default();
        let value = wrong
            .violations
            .parse(EXTERNAL_ID, Value::parse(Kind::ExternalId, id))?;
        wrong.unless_refused(EXTERNAL_ID, anchor(scope, value))
    });
    let mut evidence = Vec::with_capacity(wire.evidence.len());
    for (index, piece) in wire.evidence.iter().enumerate() {
        let path = format!("arrival.evidence[{index}].");
        let Some(piece) = Piece::parse(piece, code, &path, &mut wrong.violations) else {
            continue;
        };
        let is_told = channel.is_none() && code.is_some() && piece.channel.as_deref() == code;
        if !is_told {
            let path = format!("{path}{}", piece.refused_field(channels));
            evidence.extend(wrong.unless_refused(path, piece.evidence(channels)));
        }
    }
    let source = code.map_or(Source::Import, |code| Source::Channel(code.to_owned()));
    let profile = profile(wire.profile.as_ref(), &source, now, &mut wrong.violations);
    Judged {
        arrival: Arrival {
            channel: code.map(ToOwned::to_owned),
            anchor,
            evidence,
            profile,
            register_time: None,
        },
        wrong,
        names_ids: external_id.is_some() || !wire.evidence.is_empty(),
    }
}

/// The rules of the contract for one of many arrivals, whose shape was not checked when it was decoded: a wrong one refuses
/// no other.
pub(crate) fn check_alone(wire: &proto::Arrival) -> Result<(), Fault> {
    // Under the rules of the method for a single one.
    let alone = proto::ResolveMemberRequest {
        request_id: "one of many".to_owned(),
        arrival: Some(wire.clone()),
    };
    alone.check()
}

/// Parses a piece of evidence that stands alone.
pub(crate) fn evidence(wire: &proto::Evidence, channels: &Channels) -> Result<Evidence, Fault> {
    lone_piece(wire, "evidence.")?.evidence(channels)
}

/// Parses an identity that is looked up, as a piece of evidence.
pub(crate) fn looked_up(wire: &proto::LookUpMemberRequest, channels: &Channels) -> Result<Evidence, Fault> {
    let piece = proto::Evidence {
        kind: wire.kind,
        value: wire.value.clone(),
        proof: proto::Proof::Platform.into(),
        channel_code: wire.channel_code.clone(),
    };
    lone_piece(&piece, "")?.evidence(channels)
}

fn lone_piece(wire: &proto::Evidence, path: &str) -> Result<Piece, Fault> {
    let mut violations = Violations::new();
    let piece = Piece::parse(wire, None, path, &mut violations);
    violations.finish()?;
    piece.ok_or_else(|| Fault::internal("evidence without violations has no value"))
}

/// A piece of evidence by itself; its scope depends on the channels.
struct Piece {
    kind: Kind,
    value: Value,
    proof: Proof,
    channel: Option<String>,
}

impl Piece {
    /// Parses a piece whose fields are found under `path`; none if a violation was noted.
    fn parse(
        wire: &proto::Evidence,
        arrival_channel: Option<&str>,
        path: &str,
        violations: &mut Violations,
    ) -> Option<Self> {
        let (kind, proof) = (parse_kind(wire.kind())?, parse_proof(wire.proof())?);
        let value = violations.parse(format!("{path}value"), Value::parse(kind, &wire.value));
        let channel = given(&wire.channel_code).or(arrival_channel);
        let is_scoped = matches!(kind, Kind::ExternalId | Kind::UnionId);
        violations.check(
            channel.is_some() || !is_scoped,
            format!("{path}channel_code"),
            "must name the channel whose id it is",
        );
        Some(Self {
            kind,
            value: value?,
            proof,
            channel: channel.map(ToOwned::to_owned),
        })
    }

    /// The field that [`Self::evidence`] refuses: of a channel that there is, it is the value.
    fn refused_field(&self, channels: &Channels) -> &'static str {
        let is_known = self.channel.as_deref().is_some_and(|code| channels.get(code).is_some());
        if is_known { "value" } else { "channel_code" }
    }

    fn evidence(self, channels: &Channels) -> Result<Evidence, Fault> {
        let channel = self
            .channel
            .as_deref()
            .map(|code| channel(code, channels))
            .transpose()?;
        let key = Key {
            kind: self.kind,
            scope: scope(self.kind, channel)?,
            value: self.value.text,
        };
        Ok(Evidence {
            key,
            proof: self.proof,
            blocked: self.value.blocked,
            source_channel: self.channel,
        })
    }
}

/// The scope within which ids of a kind are unique: app-level ids in their channel, union-level ids in its union.
fn scope(kind: Kind, channel: Option<&Channel>) -> Result<String, Fault> {
    match kind {
        Kind::ExternalId => Ok(channel.map(|channel| channel.code.clone()).unwrap_or_default()),
        Kind::UnionId => match channel {
            Some(Channel {
                union_code: Some(union),
                ..
            }) => Ok(union.clone()),
            Some(Channel {
                code, union_code: None, ..
            }) => Err(without_union(code)),
            None => Ok(String::new()),
        },
        Kind::CardNumber | Kind::Phone | Kind::Email | Kind::Device => Ok(String::new()),
    }
}

fn without_union(code: &str) -> Fault {
    let message =
        format!("the channel {code} belongs to no union, so it has no union ids: create it with a union_code");
    Fault::refused(ErrorReason::ChannelWithoutUnion, message).with("channel_code", code)
}

fn anchor(scope: String, value: Value) -> Result<Key, Fault> {
    let key = Key {
        kind: Kind::ExternalId,
        scope,
        value: value.text,
    };
    if value.blocked {
        Err(link_fault(LinkError::Blocked(key)))
    } else {
        Ok(key)
    }
}

/// One arrival is one person, who has one id of each kind: notes two that are proved and differ.
fn check_one_of_a_kind(anchor: Option<&Key>, evidence: &[Evidence], violations: &mut Violations) {
    let mut held: BTreeMap<Slot<'_>, &str> = anchor.map(|key| (key.slot(), &*key.value)).into_iter().collect();
    for (index, piece) in evidence.iter().enumerate().filter(|(_, piece)| piece.leads()) {
        let first = *held.entry(piece.key.slot()).or_insert(&piece.key.value);
        violations.check(
            first == piece.key.value,
            format!("arrival.evidence[{index}]"),
            "must not be a second proved id of its kind: one person has one",
        );
    }
}

fn channel<'c>(code: &str, channels: &'c Channels) -> Result<&'c Channel, Fault> {
    channels.get(code).ok_or_else(|| Fault::not_found("channel", code))
}

fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
