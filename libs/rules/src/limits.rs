//! The bounds of every rule. They hold for the worst facts that an environment admits, so that no rule can slow a
//! service down.

/// The longest source, in bytes.
pub const SOURCE_BYTES_MAX: usize = 8 * 1024;
/// The deepest tree. An evaluation needs stack in proportion.
pub const DEPTH_MAX: usize = 48;
/// The most parts of a rule.
pub const NODES_MAX: usize = 1_000;
/// The highest cost of a rule: its parts, each times the bounds of the lists that it is evaluated for.
pub const COST_MAX: u64 = 100_000;
/// The most steps of one evaluation. Above the highest cost, so that it is met only by facts beyond their bounds.
pub const STEPS_MAX: u64 = 2 * COST_MAX;
/// The longest string that an evaluation makes, in bytes.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;
/// The most steps that an explanation shows.
pub const EXPLAINED_STEPS_MAX: usize = 1_000;
