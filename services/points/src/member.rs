//! Members that are merged and restored: their accounts move, and come back.

mod merge;
pub(crate) mod owners;
mod pools;
pub(crate) mod returns;
mod undo;

pub(crate) use crate::earning::activities::EarnByRules;
pub(crate) use crate::earning::tiers::KeepTiers;
pub(crate) use merge::MoveOnMerge;
pub(crate) use undo::return_waiting;
