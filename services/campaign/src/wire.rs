//! Between the contracts and the domain: the one place that speaks both languages.

pub(crate) mod definition;
pub(crate) mod facts;
pub(crate) mod journey;
pub(crate) mod run;
