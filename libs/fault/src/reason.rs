use tonic::Code;

/// A word of a contract for why a request is refused. The build implements it for the `ErrorReason` of each package,
/// with the code that the contract declares.
pub trait Reason {
    /// The value's name without the enum's prefix: "`INSUFFICIENT_POINTS`".
    fn name(&self) -> &'static str;
    /// The package without its version: "quanyu.points".
    fn domain(&self) -> &'static str;
    /// The status code.
    fn code(&self) -> Code;
}

/// The reasons that every method may refuse with: those of `quanyu.type.v1.ErrorReason`, which a test compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Common {
    /// Fields are wrong.
    InvalidField,
    /// The request id came before with another content.
    RequestIdReused,
    /// The page token is not this list's.
    PageTokenInvalid,
    /// Somebody else changed the thing.
    EtagMismatch,
    /// It does not exist.
    NotFound,
    /// A race was lost.
    Contended,
    /// No valid credential.
    Unauthenticated,
    /// The credential lacks the scope.
    ScopeMissing,
    /// Too much work.
    Overloaded,
    /// A peer or the database is away.
    Unavailable,
    /// The caller's deadline passed.
    DeadlineExceeded,
    /// A bug.
    Internal,
    /// No such method.
    MethodUnknown,
    /// The database has no room, or takes no writes.
    StorageFull,
    /// The database is damaged.
    StorageDamaged,
    /// A compression that is not read.
    EncodingUnsupported,
}

impl Common {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::InvalidField,
        Self::RequestIdReused,
        Self::PageTokenInvalid,
        Self::EtagMismatch,
        Self::NotFound,
        Self::Contended,
        Self::Unauthenticated,
        Self::ScopeMissing,
        Self::Overloaded,
        Self::Unavailable,
        Self::DeadlineExceeded,
        Self::Internal,
        Self::MethodUnknown,
        Self::StorageFull,
        Self::StorageDamaged,
        Self::EncodingUnsupported,
    ];
}

impl Reason for Common {
    fn name(&self) -> &'static str {
        match self {
            Self::InvalidField => "INVALID_FIELD",
            Self::RequestIdReused => "REQUEST_ID_REUSED",
            Self::PageTokenInvalid => "PAGE_TOKEN_INVALID",
            Self::EtagMismatch => "ETAG_MISMATCH",
            Self::NotFound => "NOT_FOUND",
            Self::Contended => "CONTENDED",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::ScopeMissing => "SCOPE_MISSING",
            Self::Overloaded => "OVERLOADED",
            Self::Unavailable => "UNAVAILABLE",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::Internal => "INTERNAL",
            Self::MethodUnknown => "METHOD_UNKNOWN",
            Self::StorageFull => "STORAGE_FULL",
            Self::StorageDamaged => "STORAGE_DAMAGED",
            Self::EncodingUnsupported => "ENCODING_UNSUPPORTED",
        }
    }

    fn domain(&self) -> &'static str {
        "quanyu"
    }

    fn code(&self) -> Code {
        match self {
            Self::InvalidField | Self::RequestIdReused | Self::PageTokenInvalid => Code::InvalidArgument,
            Self::EtagMismatch | Self::Contended => Code::Aborted,
            Self::NotFound => Code::NotFound,
            Self::Unauthenticated => Code::Unauthenticated,
            Self::ScopeMissing => Code::PermissionDenied,
            Self::Overloaded => Code::ResourceExhausted,
            Self::Unavailable | Self::StorageFull | Self::StorageDamaged => Code::Unavailable,
            Self::DeadlineExceeded => Code::DeadlineExceeded,
            Self::Internal => Code::Internal,
            Self::MethodUnknown | Self::EncodingUnsupported => Code::Unimplemented,
        }
    }
}
