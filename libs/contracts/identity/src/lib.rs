//! The generated messages, clients and servers of `quanyu.identity`. No logic.

contracts::package!(imports: [contracts::CONTRACT]);

pub use packages::quanyu::identity::*;
