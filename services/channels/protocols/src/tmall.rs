//! Tmall's brand membership (会员通): the SPI `tmall.mei.crm.member.bind.query`, `tmall.mei.crm.bind` and
//! `tmall.mei.crm.member.register`, and unbinding and point changes as the same gateway forwards them.
//! <https://developer.alibaba.com/docs/doc.htm?articleId=109384>, <https://open.alitrip.com/docs/doc.htm?articleId=108453>.
//!
//! The Taobao Open Platform signs what it forwards: the secret, all parameters of the query, of a form and of the headers that
//! `top-sign-list` names, sorted, name and value joined, the body where it is no form, and the secret again, by MD5 in
//! hexadecimal digits (`SpiUtils` of its SDK). Where `sign_method` says `hmac` or `hmac-sha256`, HMAC over the same without the
//! secrets (<https://developer.alibaba.com/docs/doc.htm?articleId=118394>). Bodies in GBK are not taken. It gives up on an
//! answer after 1.2 seconds. While a sale is on, or after answers that came late, Tmall takes members by itself and sends
//! what we missed up to ten times within 24 hours, in any order (flight mode): of several messages about one person the
//! one with the latest `event_time` or `timestamp` counts.
//!
//! Of the answers, the documentation at hand names those of the query: `query_code` with SUC, E01 (no such member), E02 (not
//! bound), E04 (try again). That binding and registering answer likewise, in `bind_code` and `register_code`, follows
//! from its words and is not written out there.

use std::collections::BTreeMap;

use kernel::Time;
use serde_json::{Map, Value, json};
use time::PrimitiveDateTime;
use time::macros::{format_description, offset};

use crate::fields::{json as read, text};
use crate::request::fresh_time;
use crate::signature::{from_hex, hmac_md5, hmac_sha256, md5, same, sha256};
use crate::{
    Activity, Arrival, Card, Evidence, EvidenceKind, Meaning, Membership, Message, Method, NotUnderstood, Outcome,
    Received, Refusal, Reply, Request,
};

/// An application of the Taobao Open Platform.
#[derive(Clone)]
pub struct Account {
    /// The shop's name, for which messages are; empty where it is not checked.
    pub seller_name: String,
    /// The application's secrets that are valid.
    pub secrets: Vec<String>,
}

/// Takes a request that the platform forwards.
pub fn receive(account: &Account, request: &Request<'_>, now: Time) -> Result<Received, Refusal> {
    request.bounded()?;
    let Method::Post = request.method else {
        return Err(Refusal::NotAllowed);
    };
    let Parameters { signed, form } = parameters(request)?;
    let get = |name: &str| signed.get(name).map(String::as_str);
    let time = top_time(get("timestamp").ok_or(Refusal::Unsigned)?).ok_or(Refusal::Unsigned)?;
    fresh_time(time, now)?;
    let body = if form.is_some() { b"".as_slice() } else { request.body };
    let theirs = get("sign").and_then(from_hex).ok_or(Refusal::BadSignature)?;
    let right = account.secrets.iter().any(|secret| {
        sign(secret, &signed, body, get("sign_method").unwrap_or("md5")).is_some_and(|ours| same(&ours, &theirs))
    });
    if !right {
        return Err(Refusal::BadSignature);
    }
    let content = match form {
        Some(form) => Value::Object(form),
        None => read(request.body)?,
    };
    let seller = text(&content, "seller_name");
    if !account.seller_name.is_empty() && !seller.is_empty() && seller != account.seller_name {
        return Err(Refusal::WrongReceiver);
    }
    let kind = get("method").ok_or(Refusal::Unsigned)?.to_owned();
    let message = Message {
        source_id: known_by(&kind, &content),
        event_time: Some(top_time(&text(&content, "event_time")).unwrap_or(time)),
        kind,
        content,
    };
    Ok(match question_of(&message.kind) {
        Some(_) => Received::Question(message),
        None => Received::Message(message, Reply::json(&json!({"success": true}))),
    })
}

/// The parameters that are signed, and those of the body where it is a form.
struct Parameters {
    signed: BTreeMap<String, String>,
    form: Option<Map<String, Value>>,
}

fn parameters(request: &Request<'_>) -> Result<Parameters, Refusal> {
    let mut signed = BTreeMap::new();
    for name in request.optional_header("top-sign-list")?.unwrap_or_default().split(',') {
        if !name.is_empty() {
            let value = request.optional_header(name)?.unwrap_or_default();
            signed.insert(name.to_owned(), value.to_owned());
        }
    }
    for (name, value) in request.parameters() {
        if signed.insert(name, value).is_some() {
            return Err(Refusal::Unsigned);
        }
    }
    let kind = request
        .optional_header("content-type")?
        .unwrap_or_default()
        .to_ascii_lowercase();
    if kind.contains("charset=gb") {
        return Err(Refusal::NotAllowed);
    }
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Ok(Parameters { signed, form: None });
    }
    let mut form = Map::new();
    for (name, value) in form_urlencoded::parse(request.body).into_owned() {
        form.insert(name.clone(), Value::String(value.clone()));
        signed.entry(name).or_insert(value);
    }
    Ok(Parameters {
        signed,
        form: Some(form),
    })
}

fn sign(secret: &str, parameters: &BTreeMap<String, String>, body: &[u8], method: &str) -> Option<Vec<u8>> {
    let joined: String = parameters
        .iter()
        .filter(|(name, _)| *name != "sign")
        .flat_map(|(name, value)| [name.as_str(), value.as_str()])
        .collect();
    let secret = secret.as_bytes();
    let parts: [&[u8]; 2] = [joined.as_bytes(), body];
    match method {
        "md5" => Some(md5(&[secret, joined.as_bytes(), body, secret]).to_vec()),
        "hmac" | "hmac-md5" => hmac_md5(secret, &parts).map(|digest| digest.to_vec()),
        "hmac-sha256" => Some(hmac_sha256(secret, &parts).to_vec()),
        _ => None,
    }
}

/// "2026-11-11 00:00:07", in Beijing.
fn top_time(text: &str) -> Option<Time> {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let time = PrimitiveDateTime::parse(text, format).ok()?.assume_offset(offset!(+8));
    Time::from_datetime(time).in_range()
}

/// Tmall gives its messages no id of their own, and a replay is signed anew: so a message is known by the platform's
/// `record_id` or `request_id` where it has one, else by what it says.
fn known_by(kind: &str, content: &Value) -> String {
    let named = ["record_id", "request_id"].map(|name| text(content, name));
    let said = match named.into_iter().find(|id| !id.is_empty()) {
        Some(id) => id,
        // serde_json writes objects in the order of their names, so the same content is the same text.
        None => content.to_string(),
    };
    hex::encode(sha256(&[kind.as_bytes(), b"\n", said.as_bytes()]))
}

fn question_of(kind: &str) -> Option<&'static str> {
    match kind {
        "tmall.mei.crm.member.bind.query" => Some("query_code"),
        "tmall.mei.crm.bind" => Some("bind_code"),
        "tmall.mei.crm.member.register" => Some("register_code"),
        _ => None,
    }
}

/// The answer to a question.
pub fn answer(question: &Message, outcome: &Outcome) -> Reply {
    let name = question_of(&question.kind).unwrap_or("query_code");
    let (code, member) = match outcome {
        Outcome::Member(card) => ("SUC", Some(shown(card, &question.content))),
        Outcome::Unknown => ("E01", None),
        Outcome::Conflict => ("E02", None),
        Outcome::Later => ("E04", None),
    };
    let mut said = Map::from_iter([(name.to_owned(), json!(code))]);
    if let Some(member) = member {
        said.insert("member".to_owned(), member);
    }
    Reply::json(&Value::Object(said))
}

/// What Tmall shows of a member: of the points and the level those that there are.
fn shown(card: &Card, content: &Value) -> Value {
    let texts = [
        ("nick", text(content, "nick")),
        ("mobile", text(content, "mobile")),
        ("extend", String::new()),
    ];
    let numbers = [("point", card.points), ("level", card.level)];
    let texts = texts
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::String(value)));
    let numbers = numbers
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), json!(value?))));
    Value::Object(texts.chain(numbers).collect())
}

/// Whom a message is about: the id that the brand's application knows the buyer by.
pub fn buyer(content: &Value) -> Option<String> {
    ["ouid", "open_id", "omid", "union_id", "nick"]
        .map(|name| text(content, name))
        .into_iter()
        .find(|id| !id.is_empty())
}

/// What a message means. A query means nothing: it changes nothing.
pub fn meaning(message: &Message) -> Result<Meaning, NotUnderstood> {
    let content = &message.content;
    let (membership, activity_type) = match message.kind.as_str() {
        "tmall.mei.crm.member.bind.query" => return Ok(Meaning::default()),
        "tmall.mei.crm.bind" | "tmall.mei.crm.member.register" => (Some(Membership::Bound), None),
        "tmall.crm.member.front.unbind" | "tmall.mei.crm.member.unbind" => (Some(Membership::Unbound), None),
        "tmall_mei_PointChange" | "tmall.mei.point.change" => (None, Some("tmall_points_changed")),
        kind => return Err(NotUnderstood(format!("{kind}: no meaning is known for this method"))),
    };
    let Some(external_id) = buyer(content) else {
        return Err(NotUnderstood(format!("{}: it tells no buyer", message.kind)));
    };
    let mobile = text(content, "mobile");
    let evidence = match mobile.is_empty() {
        true => Vec::new(),
        // Tmall vouches for the phone of whom it registers.
        false => vec![Evidence {
            kind: EvidenceKind::Phone,
            value: mobile,
            proven: true,
        }],
    };
    let attributes = ["point", "change_type", "account_type", "activity_id", "biz_type"].map(|name| {
        (
            name.to_owned(),
            text(content, name).chars().take(512).collect::<String>(),
        )
    });
    Ok(Meaning {
        arrival: Some(Arrival { external_id, evidence }),
        activity: activity_type.map(|activity_type| Activity {
            activity_type: activity_type.to_owned(),
            source_id: message.source_id.clone(),
            occur_time: message.event_time,
            amount: None,
            refunded_source_id: String::new(),
            attributes: attributes.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
        }),
        membership,
    })
}
