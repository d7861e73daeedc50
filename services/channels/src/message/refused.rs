//! Why a request of a platform is refused. Nothing of it is kept but the count.

use channel_protocols::Refusal;
use contracts_channels::v1::ReceiveCallbackResponse;
use telemetry::Red;

/// Why nothing was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is no such account, or it is of another protocol, or it takes nothing.
    UnknownAccount,
    /// The protocol says so.
    Protocol(Refusal),
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Protocol(refusal)
    }
}

impl Refused {
    /// Counts it, and answers the platform.
    pub(crate) fn told(self, red: &Red) -> ReceiveCallbackResponse {
        red.add(
            self.counter(),
            "Requests of platforms that were refused, by the reason in the name.",
            1,
        );
        let (status, message) = match self {
            Self::UnknownAccount => (404, "no account takes messages at this address".to_owned()),
            Self::Protocol(refusal) => (refusal.status(), refusal.to_string()),
        };
        ReceiveCallbackResponse {
            status: i32::from(status),
            media_type: "text/plain; charset=utf-8".to_owned(),
            body: message.into_bytes(),
        }
    }

    fn counter(self) -> &'static str {
        match self {
            Self::UnknownAccount => "callbacks_refused_unknown_account_total",
            Self::Protocol(Refusal::BadSignature) => "callbacks_refused_bad_signature_total",
            Self::Protocol(Refusal::Unsigned) => "callbacks_refused_unsigned_total",
            Self::Protocol(Refusal::Stale) => "callbacks_refused_stale_total",
            Self::Protocol(Refusal::Probe) => "callbacks_refused_probe_total",
            Self::Protocol(Refusal::WrongReceiver) => "callbacks_refused_wrong_receiver_total",
            Self::Protocol(Refusal::TooLarge) => "callbacks_refused_too_large_total",
            Self::Protocol(Refusal::Unreadable) => "callbacks_refused_unreadable_total",
            Self::Protocol(Refusal::DocumentType) => "callbacks_refused_document_type_total",
            Self::Protocol(Refusal::NotAllowed) => "callbacks_refused_not_allowed_total",
        }
    }
}
