//! What happens with time, without being asked.

mod expire_coupons;
mod lapse_locks;
mod place_members;

use std::time::Duration;

pub(crate) use expire_coupons::ExpireCoupons;
pub(crate) use lapse_locks::LapseLocks;
pub(crate) use place_members::PlaceMembers;

/// The queue of members whose tier was decided by an older ladder, by their ids.
pub(crate) const PLACEMENTS: &str = "rights.place_members";

/// The locks of coupons that lapse.
pub(crate) const LOCKS: &str = "rights.lapse_locks";

/// How long a worker rests when there is nothing to do. Nobody waits for it: whoever reads sees what is due already.
const REST: Duration = Duration::from_secs(1);
