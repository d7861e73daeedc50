//! What campaign does without being called.

mod runner;
mod strays;
mod tidy;

pub(crate) use runner::Runner;
pub(crate) use strays::{LOOK_AFTER, Strays};
pub(crate) use tidy::Tidy;
