//! Members who turn out to be one, and their runs.

pub(crate) mod merge;
pub(crate) mod merges;
pub(crate) mod strays;
pub(crate) mod undo;
