//! Who is who: pure rules over values. No database, no transport, no clock.
//!
//! A [`Graph`] holds the members that one request touches. [`recognition`] decides to whom an arrival leads, and the
//! graph carries the decision out and remembers what has changed.

pub(crate) mod blocked_value;
pub(crate) mod channel;
pub(crate) mod graph;
pub(crate) mod identity;
pub(crate) mod key;
pub(crate) mod member;
pub(crate) mod profile;
pub(crate) mod recognition;
pub(crate) mod value;

pub(crate) use channel::{Channel, Channels};
pub(crate) use graph::{Graph, Moment};
pub(crate) use identity::{Evidence, Identity, IdentityId, Proof};
pub(crate) use key::{Key, Kind};
pub(crate) use member::{Member, MemberId};
pub(crate) use profile::{Field, Profile, Source};
