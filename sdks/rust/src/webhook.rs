use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// How far the time of a message may be from the clock's, either way.
const TOLERANCE: Duration = Duration::from_mins(5);
/// The most digits that a time in seconds has.
const TIMESTAMP_DIGITS_MAX: usize = 12;

/// A message that a secret has proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The message's id: the same when it is delivered again.
    pub id: String,
    /// When it was sent, in seconds of Unix time.
    pub timestamp: u64,
}

/// Why a message is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// A header is not there.
    #[error("the header {0} is missing")]
    Missing(&'static str),
    /// The time is none.
    #[error("webhook-timestamp is no time in seconds")]
    NoTime,
    /// Not within five minutes.
    #[error("the message is too old, or its time has not come: see that the clock is right")]
    NotNow,
    /// The signature is of nobody who knows a secret.
    #[error("no signature is of one of the secrets: the body, the id or the time is not what was signed")]
    NotSigned,
    /// Ours cannot be one.
    #[error("a webhook's secret is whsec_ and base64")]
    NoSecret,
}

/// Proves by Standard Webhooks (version 1, HMAC-SHA256) that one who knows a secret has sent this very body within the last
/// five minutes.
///
/// `body` is the body as it came, before anybody parsed it. `header` gives the header of a name, such as
/// `|name| headers.get(name)?.to_str().ok()`. `secrets` are those that are valid now: two while one follows the other. Keep
/// the ids of the last minutes to tell a message that comes a second time.
#[expect(clippy::disallowed_methods, reason = "a caller has no clock but the machine's")]
pub fn verify_webhook<'a>(
    body: &[u8],
    header: impl Fn(&str) -> Option<&'a str>,
    secrets: &[&str],
) -> Result<Webhook, WebhookError> {
    verify_webhook_at(SystemTime::now(), body, header, secrets)
}

/// The same at another time.
pub fn verify_webhook_at<'a>(
    now: SystemTime,
    body: &[u8],
    header: impl Fn(&str) -> Option<&'a str>,
    secrets: &[&str],
) -> Result<Webhook, WebhookError> {
    let given = |name| {
        header(name)
            .filter(|value| !value.is_empty())
            .ok_or(WebhookError::Missing(name))
    };
    let (id, timestamp, signatures) = (
        given("webhook-id")?,
        given("webhook-timestamp")?,
        given("webhook-signature")?,
    );
    let sent = seconds(timestamp)?;
    let now = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    if now.abs_diff(sent) > TOLERANCE.as_secs() {
        return Err(WebhookError::NotNow);
    }
    let content = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    let signatures: Vec<_> = signatures
        .split(' ')
        .filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok())
        .collect();
    for secret in secrets {
        let key = key(secret)?;
        // Compares in constant time.
        if signatures
            .iter()
            .any(|signature| hmac::verify(&key, &content, signature).is_ok())
        {
            return Ok(Webhook {
                id: id.to_owned(),
                timestamp: sent,
            });
        }
    }
    Err(WebhookError::NotSigned)
}

fn seconds(timestamp: &str) -> Result<u64, WebhookError> {
    let is_digits = timestamp.bytes().all(|digit| digit.is_ascii_digit());
    match is_digits && timestamp.len() <= TIMESTAMP_DIGITS_MAX {
        true => timestamp.parse().map_err(|_| WebhookError::NoTime),
        false => Err(WebhookError::NoTime),
    }
}

fn key(secret: &str) -> Result<hmac::Key, WebhookError> {
    let text = secret.strip_prefix("whsec_").unwrap_or(secret);
    let bytes = STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty());
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes.ok_or(WebhookError::NoSecret)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of the specification.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const OTHER: &str = "whsec_b3RoZXIgc2VjcmV0";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SENT: u64 = 1_614_265_330;
    const GOOD: [(&str, &str); 3] = [
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ];

    fn verified(headers: [(&str, &str); 3], body: &[u8], secrets: &[&str], at: u64) -> Result<Webhook, WebhookError> {
        let now = UNIX_EPOCH.checked_add(Duration::from_secs(at)).unwrap();
        let header = |name: &str| headers.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        verify_webhook_at(now, body, header, secrets)
    }

    fn with(name: &str, value: &'static str) -> [(&'static str, &'static str); 3] {
        GOOD.map(|(key, given)| (key, if key == name { value } else { given }))
    }

    #[test]
    fn a_message_of_one_who_knows_the_secret_is_believed() {
        let believed = verified(GOOD, BODY, &[SECRET], SENT).unwrap();
        assert_eq!(
            (believed.id.as_str(), believed.timestamp),
            ("msg_p5jXN8AQM9LWM0D4loKWxJek", SENT)
        );
        verified(GOOD, BODY, &[OTHER, SECRET], SENT).unwrap();
        let both = with(
            "webhook-signature",
            "v1,AAAA v2,x v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        );
        verified(both, BODY, &[SECRET], SENT).unwrap();
    }

    #[test]
    fn whatever_was_changed_is_not_believed() {
        for (name, value) in [
            ("webhook-id", "msg_2"),
            ("webhook-timestamp", "1614265331"),
            ("webhook-timestamp", "+1614265330"),
            ("webhook-signature", "v1,"),
            ("webhook-signature", "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
            ("webhook-signature", "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
            ("webhook-signature", ""),
            ("webhook-id", ""),
        ] {
            assert!(
                verified(with(name, value), BODY, &[SECRET], SENT).is_err(),
                "{name}: {value}"
            );
        }
        assert_eq!(verified(GOOD, b"{}", &[SECRET], SENT), Err(WebhookError::NotSigned));
        assert_eq!(verified(GOOD, BODY, &[OTHER], SENT), Err(WebhookError::NotSigned));
        for secret in ["", "whsec_", "whsec_%"] {
            assert_eq!(verified(GOOD, BODY, &[secret], SENT), Err(WebhookError::NoSecret));
        }
    }

    #[test]
    fn a_message_is_believed_for_five_minutes_either_way() {
        for at in [SENT - 300, SENT + 300] {
            verified(GOOD, BODY, &[SECRET], at).unwrap();
        }
        for at in [SENT - 301, SENT + 301] {
            assert_eq!(verified(GOOD, BODY, &[SECRET], at), Err(WebhookError::NotNow));
        }
        let header = |name: &str| GOOD.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        assert_eq!(verify_webhook(BODY, header, &[SECRET]), Err(WebhookError::NotNow));
    }
}
