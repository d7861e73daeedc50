//! Postings: the one way in which a balance changes.

pub(crate) mod apply;
pub(crate) mod due;
mod earn_points;
pub(crate) mod engine;
pub(crate) mod entries;
pub(crate) mod facts;
pub(crate) mod load;
pub(crate) mod post;
mod post_batch;
pub(crate) mod post_stream;
mod postings;
mod redeem_points;
pub(crate) mod request;
mod reverse_points;
mod reversible;
pub(crate) mod tallies;
pub(crate) mod whereabouts;
