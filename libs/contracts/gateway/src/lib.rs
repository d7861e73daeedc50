//! The generated messages, clients and servers of `quanyu.gateway`. No logic.

contracts::package!(imports: [contracts::CONTRACT]);

pub use packages::quanyu::gateway::*;
