use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::{Common, Fault};

impl Fault {
    /// What a server of gRPC says by itself about what a caller sent, in the contract's words. None where the status names
    /// its reason already, or is no error.
    pub fn of_server(status: &Status) -> Option<Self> {
        if status.code() == Code::Ok || names_its_reason(status) {
            return None;
        }
        let message = status.message();
        Some(match status.code() {
            // Where there is no answer yet, the transport fails at nothing but the caller's bytes.
            Code::Internal => Self::invalid("", format!("the bytes are no messages of gRPC: {message}")),
            Code::OutOfRange => Self::invalid("", too_large(message)),
            // The connection of the caller broke, or the caller gave up, before all of the request was read.
            Code::Unknown | Code::Cancelled => {
                tracing::debug!(cause = message, "a request broke off on the side of its caller");
                Self::broke_off()
            }
            Code::Unimplemented if message.is_empty() => {
                Self::refused(Common::MethodUnknown, "the service does not have this method")
            }
            Code::Unimplemented => Self::refused(Common::EncodingUnsupported, message),
            code => Self::of_transport(code, message),
        })
    }

    /// Of a request that did not come to its end. As a rule nobody hears it, and nobody but the caller can mend it.
    pub fn broke_off() -> Self {
        Self::invalid("", "the request broke off before its end: send it again")
    }

    /// What became of reading a message of a stream: what the decoder refuses stays what it is.
    pub fn of_caller(status: Status) -> Self {
        Self::of_server(&status).unwrap_or_else(|| Self::from_peer(status))
    }

    /// What a client of gRPC says by itself about the way to a peer, or about its answer. None where the status names its
    /// reason already.
    pub fn of_client(status: &Status) -> Option<Self> {
        match status.code() {
            Code::Ok => None,
            _ if names_its_reason(status) => None,
            Code::OutOfRange => Some(Self::invalid("", "the answer is larger than one may be: ask for less")),
            code => Some(Self::of_transport(code, status.message())),
        }
    }

    fn of_transport(code: Code, message: &str) -> Self {
        match code {
            Code::Unavailable | Code::Cancelled => Self::unavailable("the call broke off under way: repeat it"),
            Code::DeadlineExceeded => Self::refused(Common::DeadlineExceeded, message),
            Code::NotFound => Self::refused(Common::NotFound, message),
            Code::InvalidArgument => Self::invalid("", message),
            Code::Unauthenticated => Self::refused(Common::Unauthenticated, message),
            Code::PermissionDenied => Self::refused(Common::ScopeMissing, message),
            Code::ResourceExhausted => Self::overloaded(message, crate::RETRY_AFTER),
            Code::Unimplemented => Self::refused(Common::MethodUnknown, message),
            Code::Aborted => Self::Contended,
            Code::Ok
            | Code::Unknown
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::Internal
            | Code::DataLoss => Self::internal(format!("the transport failed: {code}: {message}")),
        }
    }
}

fn names_its_reason(status: &Status) -> bool {
    status.get_details_error_info().is_some()
}

/// The limit without the transport's preamble, which speaks of errors and decoding.
fn too_large(message: &str) -> String {
    let numbers = message.split_once(": ").map_or(message, |(_, numbers)| numbers);
    format!("a message is too large: {numbers}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODES: [Code; 16] = [
        Code::Cancelled,
        Code::Unknown,
        Code::InvalidArgument,
        Code::DeadlineExceeded,
        Code::NotFound,
        Code::AlreadyExists,
        Code::PermissionDenied,
        Code::ResourceExhausted,
        Code::FailedPrecondition,
        Code::Aborted,
        Code::OutOfRange,
        Code::Unimplemented,
        Code::Internal,
        Code::Unavailable,
        Code::DataLoss,
        Code::Unauthenticated,
    ];

    #[test]
    fn whatever_the_transport_says_has_a_reason() {
        for code in CODES {
            let bare = Status::new(code, "h2 protocol error at 10.0.0.7");
            for fault in [Fault::of_server(&bare), Fault::of_client(&bare)] {
                let status = Status::from(fault.unwrap());
                assert!(!status.get_details_error_info().unwrap().reason.is_empty(), "{code:?}");
                assert_eq!(status.get_details_error_info().unwrap().domain, "quanyu");
            }
        }
    }

    #[test]
    fn a_request_that_broke_off_is_no_fault_of_ours() {
        for code in [Code::Unknown, Code::Cancelled] {
            let fault = Fault::of_server(&Status::new(code, "error reading a body from connection")).unwrap();
            assert_eq!((fault.code(), fault.reason()), (Code::InvalidArgument, "INVALID_FIELD"));
            assert!(!fault.to_string().contains("connection"), "{fault}");
        }
    }

    #[test]
    fn what_has_a_reason_is_left_as_it_is() {
        let refused = Status::from(Fault::not_found("member", "mbr_1"));
        assert!(Fault::of_server(&refused).is_none() && Fault::of_client(&refused).is_none());
        assert_eq!(Fault::of_caller(refused).reason(), "NOT_FOUND");
        assert!(Fault::of_server(&Status::ok("")).is_none());
    }

    #[test]
    fn the_workings_of_a_transport_that_fails_are_not_shown() {
        for code in [Code::Unavailable, Code::Unknown, Code::Internal, Code::DataLoss] {
            let status = Status::from(Fault::of_client(&Status::new(code, "h2: 10.0.0.7")).unwrap());
            assert!(!status.message().contains("10.0.0.7"), "{status}");
        }
    }
}
