//! The generated messages, clients and servers of `quanyu.points`. No logic.

contracts::package!(imports: [contracts::CONTRACT, contracts_tagging::CONTRACT]);

pub use packages::quanyu::points::*;
