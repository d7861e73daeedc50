use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, ErrorInfo, FieldViolation, QuotaViolation, StatusExt};

use crate::{Common, Fault, Reason, Refusal, UsedUp, Violation};

/// When the caller should repeat a request that lost a race.
const CONTENDED_RETRY_AFTER: Duration = Duration::from_millis(50);

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        let inside = match &fault {
            Fault::Unavailable { inside, .. } => inside.clone(),
            Fault::Refused(_) | Fault::Contended | Fault::Internal(_) => None,
        };
        let message = match &fault {
            Fault::Internal(_) => {
                tracing::error!(cause = %fault, "a request failed by a fault of ours");
                "a fault of the platform: its operators find the cause in the log under the trace id".to_owned()
            }
            Fault::Unavailable { message, .. } => message.clone(),
            Fault::Refused(_) | Fault::Contended => fault.to_string(),
        };
        let mut status = Status::with_error_details(fault.code(), message, details(fault));
        if let Some(inside) = inside {
            // What went away has been told once; each call that meets it is told to who asks for it.
            tracing::info!(cause = %inside, "a call is answered with UNAVAILABLE");
            status.set_source(Arc::new(Inside(inside)));
        }
        status
    }
}

/// What operators are told of a status. It stays in the process: a source is not written to the wire.
#[derive(Debug)]
struct Inside(String);

impl fmt::Display for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Inside {}

fn inside(status: &Status) -> Option<String> {
    let inside = status.source()?.downcast_ref::<Inside>()?;
    Some(inside.0.clone())
}

fn details(fault: Fault) -> ErrorDetails {
    let mut details = ErrorDetails::new();
    match fault {
        Fault::Refused(refusal) => {
            details.set_error_info(
                refusal.reason,
                refusal.domain,
                refusal.metadata.into_iter().collect::<HashMap<_, _>>(),
            );
            if !refusal.violations.is_empty() {
                let violations = refusal
                    .violations
                    .into_iter()
                    .map(|v| FieldViolation::new(v.path, v.message));
                details.set_bad_request(violations.collect::<Vec<_>>());
            }
            if let Some(used_up) = refusal.used_up {
                details.set_quota_failure(vec![QuotaViolation::new(used_up.subject, used_up.description)]);
            }
            if refusal.retry_after.is_some() {
                details.set_retry_info(refusal.retry_after);
            }
        }
        Fault::Contended => {
            name(&mut details, Common::Contended);
            details.set_retry_info(Some(CONTENDED_RETRY_AFTER));
        }
        Fault::Unavailable {
            reason, retry_after, ..
        } => {
            name(&mut details, reason);
            details.set_retry_info(Some(retry_after));
        }
        Fault::Internal(_) => name(&mut details, Common::Internal),
    }
    details
}

fn name(details: &mut ErrorDetails, reason: Common) {
    details.set_error_info(reason.name(), reason.domain(), HashMap::new());
}

/// The header in which the way to a peer says whose answer it brings.
pub const PEER_HEADER: &str = "quanyu-peer";

/// Who answered, by its name where it is known.
fn peer(status: &Status) -> String {
    let name = status.metadata().get(PEER_HEADER).and_then(|name| name.to_str().ok());
    name.map_or_else(|| "another service".to_owned(), |name| format!("the service {name}"))
}

/// Trouble with a peer's storage stays that, all the way to the first caller.
fn storage_reason(info: &ErrorInfo) -> Common {
    let known = [Common::StorageFull, Common::StorageDamaged];
    known
        .into_iter()
        .find(|reason| info.reason == reason.name() && info.domain == reason.domain())
        .unwrap_or(Common::Unavailable)
}

impl Fault {
    /// What a peer answered. A refusal of its stays a refusal, with its reason; trouble of its becomes unavailability of
    /// ours, since our caller can only wait.
    pub fn from_peer(status: Status) -> Self {
        let details = status.get_error_details();
        let retry_after = details.retry_info().and_then(|info| info.retry_delay);
        match status.code() {
            // Who is away says so itself, or the way to it did.
            Code::Unavailable => Self::Unavailable {
                reason: details.error_info().map_or(Common::Unavailable, storage_reason),
                inside: inside(&status),
                message: status.message().to_owned(),
                retry_after: retry_after.unwrap_or(crate::RETRY_AFTER),
            },
            Code::DeadlineExceeded | Code::Cancelled => Self::Unavailable {
                reason: Common::Unavailable,
                message: format!(
                    "{} did not answer in time: repeat later, a write with the same request id to learn its outcome",
                    peer(&status)
                ),
                inside: Some(format!("{} did not answer: {}", peer(&status), status.message())),
                retry_after: crate::RETRY_AFTER,
            },
            Code::Internal | Code::Unknown | Code::DataLoss | Code::Ok => Self::internal(format!(
                "{} failed: {}: {}",
                peer(&status),
                status.code(),
                status.message()
            )),
            code => {
                let (reason, domain, metadata) = match details.error_info() {
                    Some(info) => (
                        info.reason.clone(),
                        info.domain.clone(),
                        info.metadata.clone().into_iter().collect(),
                    ),
                    None => (String::new(), String::new(), BTreeMap::new()),
                };
                if reason == Common::Contended.name() && domain == Common::Contended.domain() {
                    return Self::Contended;
                }
                let violations = details
                    .bad_request()
                    .map(|bad| bad.field_violations.clone())
                    .unwrap_or_default();
                let violations = violations
                    .into_iter()
                    .map(|v| Violation {
                        path: v.field,
                        message: v.description,
                    })
                    .collect();
                let used_up = details.quota_failure().and_then(|failure| failure.violations.first());
                let used_up = used_up.map(|violation| UsedUp {
                    subject: violation.subject.clone(),
                    description: violation.description.clone(),
                });
                let message = status.message().to_owned();
                Self::Refused(Box::new(Refusal {
                    code,
                    reason,
                    domain,
                    message,
                    metadata,
                    violations,
                    used_up,
                    retry_after,
                }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Violations;

    #[test]
    fn every_violation_reaches_the_caller() {
        let mut violations = Violations::new();
        violations.add("points", "must be positive");
        violations.add("member_id", "must be a member id");
        let status = Status::from(violations.finish().unwrap_err());
        assert_eq!(status.code(), Code::InvalidArgument);
        let details = status.get_error_details();
        assert_eq!(details.bad_request().unwrap().field_violations.len(), 2);
        assert_eq!(details.error_info().unwrap().reason, "INVALID_FIELD");
    }

    #[test]
    fn a_refusal_crosses_a_peer_unchanged() {
        let refused = || Fault::not_found("member", "mbr_1").with("hint", "look it up");
        let Fault::Refused(before) = refused() else {
            panic!("refused")
        };
        let Fault::Refused(after) = Fault::from_peer(refused().into()) else {
            panic!("refused")
        };
        assert_eq!(before, after);
    }

    #[test]
    fn a_used_up_limit_names_whose_it_is_and_crosses_a_peer() {
        let refused = || Fault::exhausted(Common::Overloaded, "50 a second", "key_1", Duration::from_secs(1));
        let details = Status::from(refused()).get_error_details();
        let violation = &details.quota_failure().unwrap().violations[0];
        assert_eq!((&*violation.subject, &*violation.description), ("key_1", "50 a second"));
        assert_eq!(details.retry_info().unwrap().retry_delay, Some(Duration::from_secs(1)));
        let (Fault::Refused(before), Fault::Refused(after)) = (refused(), Fault::from_peer(refused().into())) else {
            panic!("refused")
        };
        assert_eq!(before, after);
    }

    #[test]
    fn trouble_says_when_to_repeat_and_hides_its_cause() {
        let status = Status::from(Fault::overloaded("busy", Duration::from_millis(20)));
        assert_eq!(
            status.get_error_details().retry_info().unwrap().retry_delay,
            Some(Duration::from_millis(20))
        );
        let status = Status::from(Fault::internal("secret.sql: SELECT 1"));
        assert!(!status.message().contains("secret"));
        assert_eq!(status.code(), Code::Internal);
    }
}
