//! One address for gRPC and REST, and the keys that open it.
