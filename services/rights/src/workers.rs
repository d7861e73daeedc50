//! What happens with time, without being asked.

use std::time::Duration;

/// The queue of members whose tier was decided by an older ladder, by their ids.
pub(crate) const PLACEMENTS: &str = "rights.place_members";

/// The locks of coupons that lapse.
pub(crate) const LOCKS: &str = "rights.lapse_locks";

/// How long a worker rests when there is nothing to do. Nobody waits for it: whoever reads sees what is due already.
pub(crate) const REST: Duration = Duration::from_secs(1);
