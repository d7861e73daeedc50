//! The generated messages, clients and servers of `quanyu.rights`. No logic.

contracts::package!(imports: [contracts::CONTRACT]);

pub use packages::quanyu::rights::*;
