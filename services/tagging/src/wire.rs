//! Between the messages of the contract and the values of the domain. Nothing else knows both.

pub(crate) mod activity;
pub(crate) mod condition;
pub(crate) mod segment;
pub(crate) mod tag;
pub(crate) mod value;

use kernel::Time;

/// A moment that is stored, hence within the range of the wire.
pub(crate) fn some_time(time: Time) -> Option<prost_types::Timestamp> {
    Some(time.to_wire())
}
