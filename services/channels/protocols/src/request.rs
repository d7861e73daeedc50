use std::time::Duration;

use kernel::Time;

use crate::Refusal;

/// How many bytes a platform's body may have: the largest ones are JSON of orders, some ten kilobytes. The edge refuses
/// more by its length, before it is read.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// How many secrets of an account are valid at a time: the old one and the new one, while the platform changes over.
pub const SECRETS_MAX: usize = 2;

/// How far a signed time may lie from now, before or after. WeChat Pay and Taobao name five minutes; where a platform's
/// documentation names nothing, this holds too.
pub const WINDOW: Duration = Duration::from_mins(5);

/// The two methods that platforms use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A check of the address.
    Get,
    /// A message.
    Post,
}

/// A request as it came, before anybody has changed a byte of it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Its method.
    pub method: Method,
    /// The query behind the question mark, as it came.
    pub query: &'a str,
    /// The headers, by their names in any case.
    pub headers: &'a [(String, String)],
    /// The body, as it came.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// Refuses a body that is too long. Each protocol begins with it.
    pub(crate) fn bounded(&self) -> Result<(), Refusal> {
        match self.body.len() <= BODY_BYTES_MAX {
            true => Ok(()),
            false => Err(Refusal::TooLarge),
        }
    }

    /// A header, whatever the case of its name. Twice the same one is refused: nobody could tell which was signed.
    pub(crate) fn header(&self, name: &str) -> Result<&'a str, Refusal> {
        self.optional_header(name)?.ok_or(Refusal::Unsigned)
    }

    /// A header that may be absent.
    pub(crate) fn optional_header(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        let mut found = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let first = found.next();
        match found.next() {
            None => Ok(first.map(|(_, value)| value.as_str())),
            Some(_) => Err(Refusal::Unsigned),
        }
    }

    /// The parameters of the query, decoded.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.query.as_bytes()).into_owned().collect()
    }
}

/// One parameter, which must be there once.
pub(crate) fn once<'p>(parameters: &'p [(String, String)], name: &str) -> Result<&'p str, Refusal> {
    optional(parameters, name)?.ok_or(Refusal::Unsigned)
}

/// One parameter, which is there once or not at all.
pub(crate) fn optional<'p>(parameters: &'p [(String, String)], name: &str) -> Result<Option<&'p str>, Refusal> {
    let mut found = parameters.iter().filter(|(key, _)| key == name);
    let first = found.next();
    match found.next() {
        None => Ok(first.map(|(_, value)| value.as_str())),
        Some(_) => Err(Refusal::Unsigned),
    }
}

/// Whether a time that was signed, in seconds since 1970, lies near enough to now.
pub(crate) fn fresh(seconds: &str, now: Time) -> Result<(), Refusal> {
    fresh_time(seconds_of(seconds).ok_or(Refusal::Unsigned)?, now)
}

/// The same for a time that has been read already.
pub(crate) fn fresh_time(signed: Time, now: Time) -> Result<(), Refusal> {
    let window = i64::try_from(WINDOW.as_micros()).unwrap_or(i64::MAX);
    match signed.micros().abs_diff(now.micros()) <= window.unsigned_abs() {
        true => Ok(()),
        false => Err(Refusal::Stale),
    }
}

/// A time written as seconds since 1970, in digits alone.
pub(crate) fn seconds_of(text: &str) -> Option<Time> {
    let digits = !text.is_empty() && text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = digits.then(|| text.parse::<i64>().ok()).flatten()?;
    Time::from_micros(seconds.checked_mul(kernel::MICROS_PER_SECOND)?).in_range()
}
