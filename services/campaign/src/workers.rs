//! What campaign does without being called.

mod runner;
mod tidy;

pub(crate) use runner::Runner;
pub(crate) use tidy::Tidy;
