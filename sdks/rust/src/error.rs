use std::collections::BTreeMap;
use std::ops::Deref;
use std::time::Duration;
use std::{fmt, io};

use tonic::{Code, ConnectError, Status, TimeoutExpired};
use tonic_types::StatusExt;

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field, such as `items[0].unit_price`.
    pub field: String,
    /// What is wrong, and what would be right.
    pub description: String,
}

/// Why a call failed: what the platform said, or that it could not be reached. Its fields are those of [`Failure`].
#[derive(Debug, Clone)]
pub struct Error(Box<Failure>);

/// What is known of a call that failed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failure {
    /// The status, as of gRPC.
    pub code: Code,
    /// What happened, in words; programs decide by the reason.
    pub message: String,
    /// The reason, such as `INSUFFICIENT_POINTS`: one of an `ErrorReason` of the contracts. Empty where the platform gave none.
    pub reason: String,
    /// Whose reason it is, such as `quanyu.points`.
    pub domain: String,
    /// What belongs to the reason, such as `available` and `requested`.
    pub metadata: BTreeMap<String, String>,
    /// All that is wrong with the request's fields.
    pub violations: Vec<Violation>,
    /// How long the platform asks to wait before the request is repeated.
    pub retry_delay: Option<Duration>,
    /// The id of the request: repeat it with this one where it may have taken effect. Empty where nothing could.
    pub request_id: String,
    /// How many times the request was sent.
    pub attempts: u32,
    /// What the transport says.
    pub status: Status,
    pub(crate) cause: Cause,
}

/// Where an error comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The platform said it.
    Answer,
    /// There was no connection: nothing was sent.
    Unconnected,
    /// There was none because one side does not believe the other's certificate.
    Distrusted,
    /// The connection broke.
    Broken,
    /// The attempt's time was up.
    OutOfTime,
}

impl Error {
    pub(crate) fn of(status: Status, request_id: &str, attempts: u32) -> Self {
        let cause = cause_of(&status);
        let code = match cause {
            Cause::OutOfTime => Code::DeadlineExceeded,
            Cause::Answer | Cause::Unconnected | Cause::Distrusted | Cause::Broken => status.code(),
        };
        let details = status.get_error_details();
        let info = details.error_info();
        let violations = details.bad_request().map(|bad| bad.field_violations.iter());
        Self(Box::new(Failure {
            code,
            message: status.message().to_owned(),
            reason: info.map(|info| info.reason.clone()).unwrap_or_default(),
            domain: info.map(|info| info.domain.clone()).unwrap_or_default(),
            metadata: info
                .map(|info| info.metadata.clone().into_iter().collect())
                .unwrap_or_default(),
            violations: violations
                .into_iter()
                .flatten()
                .map(|one| Violation {
                    field: one.field.clone(),
                    description: one.description.clone(),
                })
                .collect(),
            retry_delay: details.retry_info().and_then(|retry| retry.retry_delay),
            request_id: request_id.to_owned(),
            attempts,
            status,
            cause,
        }))
    }

    /// Of what the caller asks for, which cannot be done.
    pub(crate) fn mistake(message: impl Into<String>) -> Self {
        Self::of(Status::invalid_argument(message), "", 0)
    }
}

impl Deref for Error {
    type Target = Failure;

    fn deref(&self) -> &Failure {
        &self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = if self.reason.is_empty() { "" } else { " " };
        write!(to, "{:?}{space}{}: {}", self.code, self.reason, self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.status)
    }
}

/// Says that the time of an attempt was up.
pub(crate) fn out_of_time() -> Status {
    Status::from_error(Box::new(TimeoutExpired(())))
}

/// A status of the platform has no source; one of the transport has.
fn cause_of(status: &Status) -> Cause {
    let first = std::error::Error::source(status);
    let mut causes = std::iter::successors(first, |error| error.source());
    let (mut cause, mut is_distrusted) = (None, false);
    for error in &mut causes {
        cause = cause.or_else(|| {
            let is_late = error.is::<TimeoutExpired>();
            is_late
                .then_some(Cause::OutOfTime)
                .or_else(|| error.is::<ConnectError>().then_some(Cause::Unconnected))
        });
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        is_distrusted |= inner.is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
            || error.is::<rustls::Error>();
    }
    match (first, cause, is_distrusted) {
        (None, ..) => Cause::Answer,
        (Some(_), _, true) => Cause::Distrusted,
        (Some(_), Some(cause), false) => cause,
        (Some(_), None, false) => Cause::Broken,
    }
}
