//! Whether a token is valid (RFC 7519, RFC 8725): a function of the token, the issuer's settings and its keys.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Header, Validation};
use serde_json::{Map, Value};

use super::Token;
use super::issuer::Issuer;
use super::key_set::KeySet;

/// The longest subject: what a row of the audit log has room for.
const SUBJECT_BYTES_MAX: usize = 256;

/// A valid token.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) subject: String,
    pub(super) claims: Map<String, Value>,
    /// The first second in which the token is valid no more; 0 where it must not be kept in mind.
    pub(super) ends: u64,
}

/// Why a token is not valid. Each is for the holder of the token, who mends it or asks the issuer to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotValid {
    #[error("the token cannot be read: get another one from its issuer")]
    Unreadable,
    #[error("the token is not signed (alg none): get a signed one from its issuer")]
    Unsigned,
    #[error("the token has extensions (crit) that are not known here: get one without them from its issuer")]
    Critical,
    #[error("the token is of the type {0}, which opens nothing here: send an access token")]
    Type(String),
    #[error("the token is signed by an algorithm that the platform's operators have not allowed for its issuer")]
    Algorithm,
    #[error("the token is signed by a key that its issuer does not publish: get another one from its issuer")]
    KeyUnknown,
    #[error("the token does not name its key (kid), and its issuer publishes several: its issuer must set kid")]
    KeyNotNamed,
    #[error("the token's signature is not its issuer's: get another one from its issuer")]
    Signature,
    #[error("the token has expired: get another one from its issuer")]
    Expired,
    #[error("the token is not valid yet: wait, or set the clock of its issuer")]
    TooEarly,
    #[error("the token is for another audience: ask its issuer for one that names this platform")]
    Audience,
    #[error("the token lacks the claim {0}, or has it in a form that cannot be read: its issuer must set it")]
    Claim(String),
}

/// The issuer that a token names. Nothing is proved of it.
pub(super) fn issuer_named(token: &Token) -> Result<String, NotValid> {
    jsonwebtoken::decode_header(token.text()).map_err(not_read)?;
    let read = jsonwebtoken::dangerous::insecure_decode::<Map<String, Value>>(token.text());
    let claims = read.map_err(|_| NotValid::Unreadable)?.claims;
    let named = claims.get("iss").and_then(Value::as_str).map(str::to_owned);
    named.ok_or_else(|| NotValid::Claim("iss".to_owned()))
}

/// Judges a token by its issuer's settings and keys.
pub(super) fn judge(issuer: &Issuer, keys: &KeySet, token: &Token) -> Result<Judged, NotValid> {
    let header = jsonwebtoken::decode_header(token.text()).map_err(not_read)?;
    check_header(issuer, &header)?;
    let candidates = keys.find(header.kid.as_deref(), header.alg);
    if header.kid.is_none() && candidates.len() > 1 {
        return Err(NotValid::KeyNotNamed);
    }
    let mut cause = NotValid::KeyUnknown;
    for key in candidates {
        match jsonwebtoken::decode(token.text(), key, &validation(issuer, &header)) {
            Ok(read) => return judged(issuer, read.claims),
            Err(error) => cause = not_valid(error.kind()),
        }
    }
    Err(cause)
}

/// Whatever the header says of where a key is (jku, jwk, x5u, x5c) is not looked at: keys come from the configuration.
fn check_header(issuer: &Issuer, header: &Header) -> Result<(), NotValid> {
    if header.crit.is_some() {
        return Err(NotValid::Critical);
    }
    let typ = header.typ.as_deref().unwrap_or("JWT").to_ascii_lowercase();
    let typ = typ.strip_prefix("application/").unwrap_or(&typ);
    if !issuer.types.iter().any(|known| known == typ) {
        return Err(NotValid::Type(typ.chars().take(64).collect()));
    }
    if !issuer.algorithms.contains(&header.alg) {
        return Err(NotValid::Algorithm);
    }
    Ok(())
}

fn validation(issuer: &Issuer, header: &Header) -> Validation {
    let mut validation = Validation::new(header.alg);
    validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    validation.set_issuer(&[&issuer.iss]);
    validation.set_audience(&issuer.audiences);
    validation.validate_nbf = true;
    validation.leeway = issuer.leeway_seconds;
    validation
}

fn judged(issuer: &Issuer, claims: Map<String, Value>) -> Result<Judged, NotValid> {
    // The library would take a list of issuers that has the right one among others.
    if claims.get("iss").and_then(Value::as_str) != Some(&*issuer.iss) {
        return Err(NotValid::Claim("iss".to_owned()));
    }
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
    let is_plain = |text: &str| text.chars().all(|c| !c.is_control());
    if subject.is_empty() || subject.len() > SUBJECT_BYTES_MAX || !is_plain(subject) {
        return Err(NotValid::Claim("sub".to_owned()));
    }
    // Fractions of a second are allowed, and seldom.
    let ends = claims.get("exp").and_then(Value::as_u64);
    let ends = ends.map(|end| end.saturating_add(issuer.leeway_seconds).saturating_add(1));
    Ok(Judged {
        subject: subject.to_owned(),
        ends: ends.unwrap_or_default(),
        claims,
    })
}

/// An algorithm that is none ("none" among them) is unreadable to the library.
fn not_read(error: jsonwebtoken::errors::Error) -> NotValid {
    match error.kind() {
        ErrorKind::Json(error) => match error.to_string().to_ascii_lowercase() {
            told if told.contains("unknown variant `none`") => NotValid::Unsigned,
            told if told.contains("unknown variant") => NotValid::Algorithm,
            _ => NotValid::Unreadable,
        },
        _ => NotValid::Unreadable,
    }
}

fn not_valid(error: &ErrorKind) -> NotValid {
    match error {
        ErrorKind::ExpiredSignature => NotValid::Expired,
        ErrorKind::ImmatureSignature => NotValid::TooEarly,
        ErrorKind::InvalidAudience => NotValid::Audience,
        ErrorKind::InvalidSignature => NotValid::Signature,
        ErrorKind::InvalidAlgorithm => NotValid::Algorithm,
        ErrorKind::InvalidIssuer => NotValid::Claim("iss".to_owned()),
        ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => NotValid::Claim(claim.clone()),
        _ => NotValid::Unreadable,
    }
}

#[cfg(test)]
mod tests;
