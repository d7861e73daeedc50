//! The generated messages, clients and servers of `quanyu.campaign`. No logic.

contracts::package!(imports: [contracts::CONTRACT, contracts_tagging::CONTRACT]);

pub use packages::quanyu::campaign::*;
