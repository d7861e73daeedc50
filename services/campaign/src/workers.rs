//! What campaign does without being called.

/// The queue of merges that are looked at once more, by the absorbed members' ids.
pub(crate) const STRAYS: &str = "campaign.bring_strays_home";
/// The queue of runs that are due, by their ids.
pub(crate) const RUNS: &str = "campaign.run_journeys";
