//! The one error type, its reasons, and its way to google.rpc.Status.
