//! Pure types and rules of journeys: no I/O, no clock, no wire.

pub(crate) mod advance;
pub(crate) mod definition;
pub(crate) mod entry;
pub(crate) mod expression;
pub(crate) mod fact;
pub(crate) mod graph;
pub(crate) mod journey;
pub(crate) mod run;
