//! The generated messages, clients and servers of `quanyu.tagging`. No logic.

contracts::package!(imports: [contracts::CONTRACT]);

pub use packages::quanyu::tagging::*;
