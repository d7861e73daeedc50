use thiserror::Error;

/// Why a request is refused. Nothing of it is kept but the count, by [`Refusal::reason`]; the platform is told no more than
/// that, since what it cannot mend would help only those who try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The signature is none that a valid secret makes of this request.
    #[error("the signature is not of this account: the platform and the account must hold the same secret")]
    BadSignature,
    /// A part that the signature needs is missing or doubled.
    #[error("the request lacks a part that is signed, or has it twice")]
    Unsigned,
    /// The time that was signed lies too far from now.
    #[error("the request is too old, or of a clock that is wrong")]
    Stale,
    /// The platform's own test, whether signatures are verified at all.
    #[error("the signature is the platform's test of whether signatures are verified")]
    Probe,
    /// What was signed is for another account.
    #[error("the message is for another account of the platform")]
    WrongReceiver,
    /// The body has too many bytes.
    #[error("the body is longer than a message of a platform may be")]
    TooLarge,
    /// The signature is right and the body cannot be read.
    #[error("the body is not what the protocol says")]
    Unreadable,
    /// The body has a document type or entities of its own.
    #[error("the XML declares a document type or an entity")]
    DocumentType,
    /// The method or the mode is none that the account allows.
    #[error("the request is of a method or a mode that the account does not allow")]
    NotAllowed,
}

impl Refusal {
    /// Its name in metrics.
    pub fn reason(self) -> &'static str {
        match self {
            Self::BadSignature => "bad_signature",
            Self::Unsigned => "unsigned",
            Self::Stale => "stale",
            Self::Probe => "probe",
            Self::WrongReceiver => "wrong_receiver",
            Self::TooLarge => "too_large",
            Self::Unreadable => "unreadable",
            Self::DocumentType => "document_type",
            Self::NotAllowed => "not_allowed",
        }
    }

    /// The HTTP status that tells the platform so.
    pub fn status(self) -> u16 {
        match self {
            Self::BadSignature | Self::Unsigned | Self::Stale | Self::Probe | Self::WrongReceiver => 401,
            Self::TooLarge => 413,
            Self::Unreadable | Self::DocumentType => 400,
            Self::NotAllowed => 405,
        }
    }
}
