//! What tagging decides, without a clock, a database or a wire: every function takes values and returns values.

pub mod activity;
pub mod catalog;
pub mod computation;
pub mod condition;
pub mod member;
pub mod segment;
pub mod subject;
pub mod tag;
pub mod value;
