//! Between the messages of the contract and the values of the domain. Nothing else knows both.

pub(crate) mod activity;
pub(crate) mod condition;
pub(crate) mod segment;
pub(crate) mod tag;
pub(crate) mod value;
