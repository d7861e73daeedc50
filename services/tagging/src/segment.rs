//! Segments as the brand defines them.

mod check_segment_membership;
pub mod condition;
mod count_segment_members;
mod create_segment;
pub(crate) mod evaluate;
pub(crate) mod figures;
mod get_segment;
mod list_member_segments;
mod list_segment_members;
mod list_segments;
pub(crate) mod memberships;
mod refusals;
pub(crate) mod rows;
mod service;
mod update_segment;
mod wire;

use kernel::Time;

use condition::Condition;

/// How many segments a brand may have.
pub const SEGMENTS_MAX: u64 = 200;

/// A segment's definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Its code.
    pub code: String,
    /// The name that people read.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// Who belongs to it.
    pub condition: Condition,
    /// Counts the condition's changes.
    pub condition_version: i64,
    /// Whether members are still being evaluated by the present condition.
    pub is_evaluating: bool,
    /// Why the evaluation was given up, where it was; the present members may not be those of the condition.
    pub failure: Option<String>,
    /// How many members that evaluation has looked at.
    pub evaluated_count: i64,
    /// Counts the definition's changes.
    pub version: i64,
    /// When it was created.
    pub create_time: Time,
    /// When it was last changed.
    pub update_time: Time,
}
