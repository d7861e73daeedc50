//! The one error type that leaves a handler, its reasons, and its way to `google.rpc.Status`.
//!
//! A [`Fault`] can always be answered by: who fixes this, and what do they do? Only this crate builds a
//! [`tonic::Status`]; the cause of an internal fault is logged here, once, and never shown.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod database;
mod reason;
mod refusal;
mod standing;
mod status;
mod transport;
mod trouble;
mod violations;

use std::error::Error;
use std::time::Duration;

pub use reason::{Common, Reason};
pub use refusal::{Refusal, UsedUp};
pub use status::PEER_HEADER;
pub use tonic::Code;
pub use trouble::{Trouble, TroubleKind, TroubledPlace};
pub use violations::{Violation, Violations, together};

/// Why there is no answer.
#[derive(Debug)]
pub enum Fault {
    /// The request is refused: the caller changes the request or the state.
    Refused(Box<Refusal>),
    /// A race was lost: the transaction is run again with the same request.
    Contended,
    /// Something that the answer needs is away: repeat later.
    Unavailable {
        /// Why, by the name that the contract has for it.
        reason: Common,
        /// For callers: what is away, by its name, and what they do. Neither an address nor a cause.
        message: String,
        /// For operators, in place of the message: where it is and why. Logs and probes have it, and no caller.
        inside: Option<String>,
        /// When to try again.
        retry_after: Duration,
    },
    /// A bug, or a broken machine: the developers of the platform act.
    Internal(Box<dyn Error + Send + Sync>),
}

/// When to try again where nothing better is known.
const RETRY_AFTER: Duration = Duration::from_millis(500);

impl Fault {
    /// A refusal for a reason of the contract. The message says who fixes it and how: "redeem 500: 70 are available".
    pub fn refused(reason: impl Reason, message: impl Into<String>) -> Self {
        Self::Refused(Box::new(Refusal::new(&reason, message.into())))
    }

    /// One field is wrong.
    pub fn invalid(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid_fields(vec![Violation {
            path: path.into(),
            message: message.into(),
        }])
    }

    /// Several fields are wrong.
    pub fn invalid_fields(violations: Vec<Violation>) -> Self {
        let words: Vec<String> = violations.iter().map(ToString::to_string).collect();
        let mut refusal = Refusal::new(&Common::InvalidField, words.join("; "));
        refusal.violations = violations;
        Self::Refused(Box::new(refusal))
    }

    /// The thing does not exist, or the caller may not see it.
    pub fn not_found(resource: &'static str, id: impl ToString) -> Self {
        let id = id.to_string();
        Self::refused(Common::NotFound, format!("there is no {resource} {id}"))
            .with("resource", resource)
            .with("id", id)
    }

    /// The platform is at fault; the cause goes to the log.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// Something is away for now. The message is for callers: what it is by its name, and what they do.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::Unavailable {
            reason: Common::Unavailable,
            message: message.into(),
            inside: None,
            retry_after: RETRY_AFTER,
        }
    }

    /// The same with what its operators are told instead: the address and the cause, which are no caller's business. Other
    /// faults have none.
    #[must_use]
    pub fn inside(mut self, told: impl Into<String>) -> Self {
        if let Self::Unavailable { inside, .. } = &mut self {
            *inside = Some(told.into());
        }
        self
    }

    /// There is more work than can be done in time.
    pub fn overloaded(message: impl Into<String>, retry_after: Duration) -> Self {
        let mut refusal = Refusal::new(&Common::Overloaded, message.into());
        refusal.retry_after = Some(retry_after);
        Self::Refused(Box::new(refusal))
    }

    /// The caller has used up a limit of its own, and gets another chance after a while.
    pub fn exhausted(
        reason: impl Reason,
        message: impl Into<String>,
        subject: impl Into<String>,
        retry_after: Duration,
    ) -> Self {
        let mut refusal = Refusal::new(&reason, message.into());
        refusal.used_up = Some(UsedUp {
            subject: subject.into(),
            description: refusal.message.clone(),
        });
        refusal.retry_after = Some(retry_after);
        Self::Refused(Box::new(refusal))
    }

    /// Adds a key of the contract to a refusal; other faults have none.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl ToString) -> Self {
        if let Self::Refused(refusal) = &mut self {
            refusal.metadata.insert(key.to_owned(), value.to_string());
        }
        self
    }

    /// The same with the field that is to blame, which gets the refusal's own sentence; other faults have none.
    #[must_use]
    pub fn at(mut self, path: &str) -> Self {
        if let Self::Refused(refusal) = &mut self {
            refusal.violations.push(Violation {
                path: path.to_owned(),
                message: refusal.message.clone(),
            });
        }
        self
    }

    /// The same of a part of a request: the paths of its violations begin at the part, "earn.amount". No path is that of
    /// the request itself.
    #[must_use]
    pub fn below(mut self, part: &str) -> Self {
        if let Self::Refused(refusal) = &mut self
            && !part.is_empty()
        {
            for violation in &mut refusal.violations {
                violation.path = format!("{part}.{}", violation.path);
            }
        }
        self
    }

    /// The status code that the fault is answered with.
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(refusal) => refusal.code,
            Self::Contended => Code::Aborted,
            Self::Unavailable { .. } => Code::Unavailable,
            Self::Internal(_) => Code::Internal,
        }
    }

    /// The reason's name in the contract.
    pub fn reason(&self) -> &str {
        match self {
            Self::Refused(refusal) => &refusal.reason,
            Self::Contended => Common::Contended.name(),
            Self::Unavailable { reason, .. } => reason.name(),
            Self::Internal(_) => Common::Internal.name(),
        }
    }

    /// Whether this is a refusal, which repeating does not change, rather than trouble, which may pass.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.retry_after.is_none(),
            Self::Contended | Self::Unavailable { .. } | Self::Internal(_) => false,
        }
    }
}

/// For the people who run the platform. Callers get the [`tonic::Status`].
impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(refusal) => f.write_str(&refusal.message),
            Self::Contended => f.write_str("another request changed the same thing at the same time: repeat this one"),
            Self::Unavailable { message, inside, .. } => f.write_str(inside.as_ref().unwrap_or(message)),
            Self::Internal(cause) => {
                write!(f, "{cause}")?;
                let mut source = cause.source();
                while let Some(deeper) = source {
                    write!(f, ": {deeper}")?;
                    source = deeper.source();
                }
                Ok(())
            }
        }
    }
}

impl Error for Fault {}
