//! What campaign does without being called.

/// The queue of merges that are looked at once more, by the absorbed members' ids.
pub(crate) const STRAYS: &str = "campaign.bring_strays_home";
/// The queue of runs that are due, by their ids.
pub(crate) const RUNS: &str = "campaign.run_journeys";

mod left_behind;
mod runner;
mod strays;
mod tidy;

pub(crate) use runner::Runner;
pub(crate) use strays::{LOOK_AFTER, Strays};
pub(crate) use tidy::Tidy;
