use std::future::Future;
use std::time::Duration;

use fault::{Common, Fault};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

/// How long the caller still waits, as gRPC writes it: "100m" is a hundred milliseconds.
pub(crate) const TIMEOUT_HEADER: HeaderName = HeaderName::from_static("grpc-timeout");

tokio::task_local! {
    /// When the caller of the request that this task works for stops waiting.
    static DEADLINE: Instant;
}

/// When the caller of the present request stops waiting; none where nothing was agreed, as in a stream. For work that is
/// handed to another task, which knows nothing of the request.
pub fn deadline() -> Option<Instant> {
    DEADLINE.try_with(|deadline| *deadline).ok()
}

/// How long the caller of the present request still waits; none where it named no deadline.
pub fn remaining() -> Option<Duration> {
    deadline().map(|deadline| deadline.saturating_duration_since(Instant::now()))
}

/// Runs `work` for as long as a caller waits; what it calls meanwhile inherits the deadline.
pub(crate) async fn within<T>(timeout: Duration, work: impl Future<Output = T>) -> Result<T, Fault> {
    let deadline = Instant::now().checked_add(timeout).unwrap_or_else(Instant::now);
    let outcome = tokio::time::timeout_at(deadline, DEADLINE.scope(deadline, work)).await;
    outcome.map_err(|_| passed())
}

/// What a caller is told that stopped waiting.
pub fn passed() -> Fault {
    let message = "the deadline passed before the answer: repeat with the same request id to learn the outcome";
    Fault::refused(Common::DeadlineExceeded, message)
}

/// The timeout that a request carries.
///
/// Source: gRPC over HTTP/2, "Timeout": at most 8 digits and a unit.
pub(crate) fn parse(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(TIMEOUT_HEADER)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let value: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(value.saturating_mul(3_600))),
        "M" => Some(Duration::from_secs(value.saturating_mul(60))),
        "S" => Some(Duration::from_secs(value)),
        "m" => Some(Duration::from_millis(value)),
        "u" => Some(Duration::from_micros(value)),
        "n" => Some(Duration::from_nanos(value)),
        _ => None,
    }
}

/// Writes a timeout, in the finest unit whose number has no more than eight digits.
pub(crate) fn format(timeout: Duration) -> HeaderValue {
    let (micros, millis) = (timeout.as_micros(), timeout.as_millis());
    let text = if micros < 100_000_000 {
        format!("{micros}u")
    } else if millis < 100_000_000 {
        format!("{millis}m")
    } else {
        format!("{}S", timeout.as_secs().min(99_999_999))
    };
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("1S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_they_are_written() {
        for timeout in [1_u64, 999, 1_000_000, 86_400_000_000].map(Duration::from_micros) {
            let mut headers = HeaderMap::new();
            headers.insert(TIMEOUT_HEADER, format(timeout));
            assert_eq!(parse(&headers), Some(timeout));
        }
    }

    #[test]
    fn what_is_no_timeout_is_none() {
        for text in ["", "5", "m", "123456789m", "5x", "-5m"] {
            let mut headers = HeaderMap::new();
            headers.insert(TIMEOUT_HEADER, HeaderValue::from_static(text));
            assert_eq!(parse(&headers), None, "{text}");
        }
    }
}
