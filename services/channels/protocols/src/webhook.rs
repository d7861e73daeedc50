//! Webhooks of anybody: signed JSON, and a mapping in CEL of what it means ([`Mapping`]).
//!
//! Two ways of signing are known, both HMAC with SHA-256. [`Scheme::Standard`] is Standard Webhooks
//! (<https://github.com/standard-webhooks/standard-webhooks>): the id, the time and the body are signed. [`Scheme::Header`] is
//! what most others do: a header carries the digest of the body, in hexadecimal digits, perhaps behind a prefix such as `sha256=`;
//! where a header carries the time too, `time.body` is signed. Without a time no request grows stale: a repetition is known by its
//! id then, for ever.

mod draft;
mod mapping;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::Time;

pub use self::draft::{EvidenceDraft, FieldDraft, FieldKind, MappingDraft, Mistake, RuleDraft};
pub use self::mapping::Mapping;
use crate::fields::{json, text};
use crate::request::fresh;
use crate::signature::{from_hex, hmac_sha256, same, sha256};
use crate::{Message, Method, Received, Refusal, Reply, Request};

/// How the body is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    Standard,
    /// A header with the digest.
    Header {
        /// The header with the digest.
        signature: String,
        /// What stands before the digest there: "sha256=", or nothing.
        prefix: String,
        /// The header with the time in seconds since 1970, which is signed then; empty where there is none.
        timestamp: String,
        /// The header with the message's id; empty where there is none, and the message is known by the digest of its body.
        id: String,
    },
}

/// A sender of webhooks.
#[derive(Clone)]
pub struct Account {
    /// How it signs.
    pub scheme: Scheme,
    /// The secrets that are valid, as bytes.
    pub secrets: Vec<Vec<u8>>,
    /// The field of the body with the kind of message; empty where there is none.
    pub kind_field: String,
}

/// The bytes of a secret of Standard Webhooks: Base64 behind `whsec_`. Nothing where it is none.
pub fn standard_secret(secret: &str) -> Option<Vec<u8>> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)).ok()?;
    // The specification wants 24 to 64 bytes.
    (24..=64).contains(&key.len()).then_some(key)
}

/// Takes a webhook.
pub fn receive(account: &Account, request: &Request<'_>, now: Time) -> Result<Received, Refusal> {
    request.bounded()?;
    let Method::Post = request.method else {
        return Err(Refusal::NotAllowed);
    };
    let id = match &account.scheme {
        Scheme::Standard => standard(account, request, now)?,
        Scheme::Header {
            signature,
            prefix,
            timestamp,
            id,
        } => {
            let theirs = request
                .header(signature)?
                .strip_prefix(prefix.as_str())
                .ok_or(Refusal::BadSignature)?;
            signed(account, request, timestamp, theirs, now)?;
            match id.as_str() {
                "" => hex::encode(sha256(&[request.body])),
                id => request.header(id)?.to_owned(),
            }
        }
    };
    let content = json(request.body)?;
    let kind = match account.kind_field.as_str() {
        "" => String::new(),
        field => text(&content, field),
    };
    let message = Message {
        source_id: known_by(&id),
        kind: if kind.is_empty() { "webhook".to_owned() } else { kind },
        event_time: None,
        content,
    };
    Ok(Received::Message(message, Reply::text("")))
}

fn standard(account: &Account, request: &Request<'_>, now: Time) -> Result<String, Refusal> {
    let id = request.header("webhook-id")?;
    let timestamp = request.header("webhook-timestamp")?;
    fresh(timestamp, now)?;
    let signed: [&[u8]; 5] = [id.as_bytes(), b".", timestamp.as_bytes(), b".", request.body];
    let ours: Vec<[u8; 32]> = account
        .secrets
        .iter()
        .map(|secret| hmac_sha256(secret, &signed))
        .collect();
    // A sender whose secrets rotate signs with each of them.
    let right = request
        .header("webhook-signature")?
        .split(' ')
        .filter_map(|part| STANDARD.decode(part.strip_prefix("v1,")?).ok())
        .any(|theirs| ours.iter().any(|ours| same(ours, &theirs)));
    match right {
        true => Ok(id.to_owned()),
        false => Err(Refusal::BadSignature),
    }
}

fn signed(account: &Account, request: &Request<'_>, timestamp: &str, theirs: &str, now: Time) -> Result<(), Refusal> {
    let theirs = from_hex(theirs).ok_or(Refusal::BadSignature)?;
    let time = match timestamp {
        "" => None,
        name => Some(request.header(name)?),
    };
    let parts: Vec<&[u8]> = match time {
        Some(time) => {
            fresh(time, now)?;
            vec![time.as_bytes(), b".", request.body]
        }
        None => vec![request.body],
    };
    let right = account
        .secrets
        .iter()
        .any(|secret| same(&hmac_sha256(secret, &parts), &theirs));
    right.then_some(()).ok_or(Refusal::BadSignature)
}

/// An id that is too long to be kept is known by its digest.
fn known_by(id: &str) -> String {
    match id.len() <= 128 {
        true => id.to_owned(),
        false => hex::encode(sha256(&[id.as_bytes()])),
    }
}
