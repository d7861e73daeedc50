//! Douyin's membership SPI for local life (会员入会, 会员退会):
//! <https://developer.open-douyin.com/docs/resource/zh-CN/local-life/develop/OpenAPI/general-capabilities/member/member.join.new>,
//! signed as <https://developer.open-douyin.com/docs/resource/zh-CN/local-life/connect/spi-signature-rules> says: SHA-256 over the
//! client's secret, the parameters of the query but `sign` as `key=value` in the order of their keys, and `http_body=` with the
//! body, joined by `&`; the digest stands in `x-life-sign`. The older MD5 in the query is not taken.
//!
//! Each event is sent to an address of its own, which the brand enters; the body does not name it. So the address that is
//! entered here says `action=join`, `action=leave` or `action=update`: it is signed as all of the query is. A message has no
//! id of its own and joining and leaving no time but the signed one: it is known by the digest of its query's time and its body.
//! The answer 100 makes Douyin try again, five times a day, until it succeeds. How many levels there are is the brand's
//! to say; the phone comes encrypted, by an SDK of Douyin's that its documentation does not describe, and is kept as it came.

use kernel::Time;
use serde_json::json;

use crate::fields::{json as read, seconds, text};
use crate::request::{fresh_time, once};
use crate::signature::{from_hex, same, sha256};
use crate::{Arrival, Meaning, Membership, Message, Method, NotUnderstood, Outcome, Received, Refusal, Reply, Request};

/// A client of Douyin's open platform.
#[derive(Clone)]
pub struct Account {
    /// The brand's account id, for which messages are; empty where it is not checked.
    pub account_id: String,
    /// The client secrets that are valid.
    pub secrets: Vec<String>,
}

/// Takes a request of Douyin.
pub fn receive(account: &Account, request: &Request<'_>, now: Time) -> Result<Received, Refusal> {
    request.bounded()?;
    let Method::Post = request.method else {
        return Err(Refusal::NotAllowed);
    };
    let mut parameters = request.parameters();
    let timestamp = once(&parameters, "timestamp")?.to_owned();
    let action = once(&parameters, "action")?.to_owned();
    let time = millis(&timestamp).ok_or(Refusal::Unsigned)?;
    fresh_time(time, now)?;
    parameters.retain(|(name, _)| name != "sign");
    parameters.sort();
    let pairs: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let query = format!("&{}", pairs.join("&"));
    let theirs = from_hex(request.header("x-life-sign")?).ok_or(Refusal::BadSignature)?;
    let right = account.secrets.iter().any(|secret| {
        let ours = sha256(&[secret.as_bytes(), query.as_bytes(), b"&http_body=", request.body]);
        same(&ours, &theirs)
    });
    if !right {
        return Err(Refusal::BadSignature);
    }
    let content = read(request.body)?;
    if !account.account_id.is_empty() && text(&content, "account_id") != account.account_id {
        return Err(Refusal::WrongReceiver);
    }
    let message = Message {
        source_id: hex::encode(sha256(&[
            timestamp.as_bytes(),
            b"\n",
            action.as_bytes(),
            b"\n",
            request.body,
        ])),
        kind: action,
        event_time: Some(seconds(&content, "update_time").unwrap_or(time)),
        content,
    };
    match message.kind.as_str() {
        "join" | "leave" => Ok(Received::Question(message)),
        _ => Ok(Received::Message(message, done(0, "success", None))),
    }
}

fn millis(text: &str) -> Option<Time> {
    let digits = !text.is_empty() && text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
    let millis = digits.then(|| text.parse::<i64>().ok()).flatten()?;
    Time::from_micros(millis.checked_mul(1_000)?).in_range()
}

/// The answer to a question.
pub fn answer(_question: &Message, outcome: &Outcome) -> Reply {
    match outcome {
        Outcome::Member(card) => done(0, "success", card.points.and_then(|points| points.checked_mul(100))),
        // Who leaves and was never known is not a member: that is what was to be reached.
        Outcome::Unknown => done(0, "success", None),
        Outcome::Conflict => done(200, "the ids are those of different members", None),
        Outcome::Later => done(100, "try again", None),
    }
}

fn done(error_code: i64, description: &str, point_amount_cent: Option<i64>) -> Reply {
    let mut data = json!({"error_code": error_code, "description": description});
    if let (Some(points), Some(fields)) = (point_amount_cent, data.as_object_mut()) {
        fields.insert("point_amount_cent".to_owned(), json!(points));
    }
    Reply::json(&json!({ "data": data }))
}

/// What a message means.
pub fn meaning(message: &Message) -> Result<Meaning, NotUnderstood> {
    let membership = match message.kind.as_str() {
        "join" => Membership::Bound,
        "leave" => Membership::Unbound,
        kind => return Err(NotUnderstood(format!("{kind}: no meaning is known for this action"))),
    };
    match text(&message.content, "open_id") {
        open_id if open_id.is_empty() => Err(NotUnderstood("it has no open_id".to_owned())),
        external_id => Ok(Meaning {
            arrival: Some(Arrival {
                external_id,
                evidence: Vec::new(),
            }),
            activity: None,
            membership: Some(membership),
        }),
    }
}
