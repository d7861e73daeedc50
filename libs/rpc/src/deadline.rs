use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use fault::{Common, Fault};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body::{Frame, SizeHint};
use tokio::time::Instant;
use tonic::Status;
use tonic::body::Body;

use crate::explained::trailers;

/// How long the caller still waits, as gRPC writes it: "100m" is a hundred milliseconds.
pub(crate) const TIMEOUT_HEADER: HeaderName = HeaderName::from_static("grpc-timeout");
/// The same as clients of Connect write it: whole milliseconds, "100".
pub const CONNECT_TIMEOUT_HEADER: HeaderName = HeaderName::from_static("connect-timeout-ms");

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
///
/// A deadline that has passed already begins nothing, and an outcome that comes after it is nobody's any more: the timer
/// looks up once a millisecond, and lets work run first that is ready at once.
pub async fn within<T>(timeout: Duration, work: impl Future<Output = T>) -> Result<T, Fault> {
    if timeout.is_zero() {
        return Err(passed());
    }
    let deadline = Instant::now().checked_add(timeout).unwrap_or_else(Instant::now);
    let outcome = tokio::time::timeout_at(deadline, DEADLINE.scope(deadline, work)).await;
    match outcome {
        Ok(outcome) if Instant::now() < deadline => Ok(outcome),
        Ok(_) | Err(_) => Err(passed()),
    }
}

/// An answer that is cut off at the deadline, where it has not come to its end: a stream would go on for a caller who is
/// promised that it does not.
pub(crate) fn ended(timeout: Duration, response: Response<Body>) -> Response<Body> {
    if http_body::Body::is_end_stream(response.body()) {
        return response;
    }
    let deadline = Instant::now().checked_add(timeout).unwrap_or_else(Instant::now);
    response.map(|body| {
        Body::new(Ended {
            body: Some(body),
            deadline,
            alarm: None,
        })
    })
}

struct Ended {
    /// None once the deadline has passed: the maker of the body is told by that.
    body: Option<Body>,
    deadline: Instant,
    /// Set when the body is first waited for: most never are.
    alarm: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl http_body::Body for Ended {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(kernel::pause(left)));
        ready!(alarm.as_mut().poll(cx));
        self.body = None;
        Poll::Ready(Some(Ok(Frame::trailers(trailers(passed())))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

/// How much earlier than this service a peer may see the caller's deadline pass: clocks are read at different moments.
const SEEN_EARLIER: Duration = Duration::from_millis(5);

/// The fault of a call whose peer gave up at the caller's own deadline: the caller stopped waiting, and nothing was away.
/// Clients repeat UNAVAILABLE by themselves, and would do it in vain.
pub(crate) fn unless_passed(fault: Fault) -> Fault {
    match fault {
        Fault::Unavailable { .. } if remaining().is_some_and(|left| left < SEEN_EARLIER) => passed(),
        fault => fault,
    }
}

/// What a caller is told that stopped waiting.
pub fn passed() -> Fault {
    let message = "the deadline passed before the answer: repeat with the same request id to learn the outcome";
    Fault::refused(Common::DeadlineExceeded, message)
}

/// The longest timeout that is kept; whatever is longer is as good as none, and would overflow a clock.
const TIMEOUT_MAX: Duration = Duration::from_secs(99_999_999);
/// The longest text that is read as a timeout.
const TEXT_BYTES_MAX: usize = 40;

/// The timeout that a request carries: none where it has no such header. One that cannot be read is refused, for a caller
/// who believes that a deadline holds must not wait for ever. Of two in different headers the shorter one holds.
///
/// Source: gRPC over HTTP/2, "Timeout": at most 8 digits and a unit. connect-es writes more digits, and fractions such as
/// "833.33m"; both mean what they say. The Connect protocol, "Timeout": at most 10 digits.
pub fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Fault> {
    let of_grpc = one(headers, &TIMEOUT_HEADER, read, GRPC_FORM)?;
    let of_connect = one(headers, &CONNECT_TIMEOUT_HEADER, read_millis, CONNECT_FORM)?;
    Ok(of_grpc.into_iter().chain(of_connect).min())
}

const GRPC_FORM: &str = "write a number and its unit, H, M, S, m, u or n: \"1500m\" is one and a half seconds";
const CONNECT_FORM: &str = "write milliseconds as at most 10 digits: \"1500\" is one and a half seconds";

fn one(
    headers: &HeaderMap,
    name: &HeaderName,
    read: fn(&str) -> Option<Duration>,
    form: &str,
) -> Result<Option<Duration>, Fault> {
    let unreadable = |what: &str| Fault::invalid(name.as_str(), format!("{what}: {form}"));
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.any(|other| other != value) {
        return Err(unreadable("is given more than once, with different values"));
    }
    let text = value.to_str().unwrap_or_default().trim();
    read(text).map(Some).ok_or_else(|| {
        let shown: String = text.chars().take(TEXT_BYTES_MAX).collect();
        unreadable(&format!("\"{shown}\" is no timeout"))
    })
}

fn read_millis(text: &str) -> Option<Duration> {
    let is_number = (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let millis = text.parse().ok().filter(|_| is_number)?;
    Some(Duration::from_millis(millis).min(TIMEOUT_MAX))
}

fn read(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let nanos: u128 = match unit {
        "H" => 3_600_000_000_000,
        "M" => 60_000_000_000,
        "S" => 1_000_000_000,
        "m" => 1_000_000,
        "u" => 1_000,
        "n" => 1,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() > TEXT_BYTES_MAX || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    // What has too many digits for the arithmetic lies beyond the longest timeout.
    let whole = whole.parse::<u128>().unwrap_or(u128::MAX).saturating_mul(nanos);
    let (mut part, mut fraction_nanos) = (nanos, 0_u128);
    for digit in fraction.bytes().take(FRACTION_DIGITS_MAX) {
        part = part.checked_div(10)?;
        fraction_nanos = fraction_nanos.saturating_add(part.saturating_mul(u128::from(digit.saturating_sub(b'0'))));
    }
    let nanos = whole.saturating_add(fraction_nanos).min(TIMEOUT_MAX.as_nanos());
    u64::try_from(nanos).ok().map(Duration::from_nanos)
}

/// The digits of a fraction beyond these are parts of a nanosecond, whatever the unit.
const FRACTION_DIGITS_MAX: usize = 13;

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

    fn of(text: &str) -> Result<Option<Duration>, Fault> {
        let mut headers = HeaderMap::new();
        headers.insert(TIMEOUT_HEADER, HeaderValue::from_str(text).unwrap());
        timeout(&headers)
    }

    #[tokio::test]
    async fn a_peer_that_gives_up_at_the_caller_s_deadline_is_not_away() {
        let away = || Fault::unavailable("a peer did not answer: the deadline passed");
        for (timeout, told) in [(1, "deadline passed before"), (60_000, "did not answer")] {
            let fault = within(Duration::from_millis(timeout), async { unless_passed(away()) }).await;
            assert!(fault.unwrap().to_string().contains(told), "{timeout} ms");
        }
        assert!(
            matches!(unless_passed(away()), Fault::Unavailable { .. }),
            "no deadline"
        );
    }

    #[test]
    fn timeouts_are_read_as_they_are_written() {
        for timeout in [1_u64, 999, 1_000_000, 86_400_000_000].map(Duration::from_micros) {
            assert_eq!(of(format(timeout).to_str().unwrap()).unwrap(), Some(timeout));
        }
    }

    #[test]
    fn every_client_s_timeout_is_read() {
        for (text, nanos) in [
            // grpcio, grpc-go, grpc-js.
            ("1500m", 1_500_000_000),
            ("10100m", 10_100_000_000),
            ("2401H", 8_643_600_000_000_000),
            ("1498777u", 1_498_777_000),
            ("8640000S", 8_640_000_000_000_000),
            ("99999999n", 99_999_999),
            ("3M", 180_000_000_000),
            // connect-es: fractions, and more than eight digits.
            ("833.3333m", 833_333_300),
            ("333.3333333333333m", 333_333_333),
            ("8640000000m", 8_640_000_000_000_000),
            ("1.5S", 1_500_000_000),
            ("0.0001n", 0),
            // Time that is up already.
            ("0m", 0),
            // Longer than any clock goes.
            ("99999999H", 99_999_999_000_000_000),
            ("99999999999999999999999999999999999m", 99_999_999_000_000_000),
        ] {
            assert_eq!(of(text).unwrap(), Some(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn what_is_no_timeout_is_refused_and_never_taken_for_none() {
        for text in [
            "",
            "5",
            "m",
            "5x",
            "-5m",
            "+5m",
            "5 m",
            "1e3m",
            ".5m",
            "5.m",
            "1.2.3m",
            "5ms",
            "five",
            "NaNm",
            "InfinityS",
            "0x5m",
            &"9".repeat(41),
        ] {
            let fault = of(text).unwrap_err();
            assert_eq!(
                (fault.code(), fault.reason()),
                (fault::Code::InvalidArgument, "INVALID_FIELD"),
                "{text}"
            );
        }
        let mut headers = HeaderMap::new();
        assert_eq!(timeout(&headers).unwrap(), None);
        headers.append(TIMEOUT_HEADER, HeaderValue::from_static("5m"));
        headers.append(TIMEOUT_HEADER, HeaderValue::from_static("5m"));
        assert_eq!(timeout(&headers).unwrap(), Some(Duration::from_millis(5)));
        headers.append(TIMEOUT_HEADER, HeaderValue::from_static("6m"));
        assert!(timeout(&headers).unwrap_err().to_string().contains("more than once"));
    }

    #[test]
    fn the_timeout_of_connect_is_read_and_the_shorter_of_two_holds() {
        let of_connect = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONNECT_TIMEOUT_HEADER, HeaderValue::from_str(text).unwrap());
            timeout(&headers)
        };
        assert_eq!(of_connect("1500").unwrap(), Some(Duration::from_millis(1_500)));
        assert_eq!(of_connect("0").unwrap(), Some(Duration::ZERO));
        assert_eq!(
            of_connect("9999999999").unwrap(),
            Some(Duration::from_millis(9_999_999_999))
        );
        for text in ["", "-5", "+5", "5m", "5.5", "1e3", "five", "10000000000"] {
            assert_eq!(of_connect(text).unwrap_err().reason(), "INVALID_FIELD", "{text}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONNECT_TIMEOUT_HEADER, HeaderValue::from_static("50"));
        headers.insert(TIMEOUT_HEADER, HeaderValue::from_static("60m"));
        assert_eq!(timeout(&headers).unwrap(), Some(Duration::from_millis(50)));
        headers.insert(TIMEOUT_HEADER, HeaderValue::from_static("40m"));
        assert_eq!(timeout(&headers).unwrap(), Some(Duration::from_millis(40)));
    }
}
