//! The generated messages, clients and servers of `quanyu.channels`. No logic.

contracts::package!(imports: [contracts::CONTRACT]);

pub use packages::quanyu::channels::*;
