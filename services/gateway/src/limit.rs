//! How many requests a caller may make: a rate with a burst, and a quota of a day, over all replicas of the gateway together.
//!
//! The budget of a caller is a row of the gateway's database. A replica takes requests out of it a tenth of a second's worth at
//! a time, and answers from these, so that not every request touches the database; what it has not used it gives back with
//! the next one. What is taken is gone for the others, so a quota is never exceeded, and in any T seconds no more than
//! `burst + rate * T` requests are made, and a tenth of a second's worth more for each replica, which it had taken before.

pub(crate) mod budget;
pub(crate) mod meter;
mod rows;

use kernel::{Tenant, Time};

use crate::tenant::time_zone::TimeZone;

/// How many requests a caller may make; what is 0 has no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestLimits {
    /// How many a second in the long run.
    pub per_second: u32,
    /// How many at once after a pause; 0 for one second's worth.
    pub burst: u32,
    /// How many a day, which begins at midnight in the tenant's time zone.
    pub per_day: u64,
}

impl RequestLimits {
    /// These, and where they say nothing, the others.
    pub(crate) fn or(self, default: Self) -> Self {
        // A burst belongs to its rate.
        let (per_second, burst) = match (self.per_second, self.burst) {
            (0, 0) => (default.per_second, default.burst),
            (0, burst) => (default.per_second, burst),
            (per_second, burst) => (per_second, burst),
        };
        Self {
            per_second,
            burst,
            per_day: if self.per_day == 0 {
                default.per_day
            } else {
                self.per_day
            },
        }
    }

    /// Whether nothing is limited.
    pub(crate) fn are_none(self) -> bool {
        self.per_second == 0 && self.per_day == 0
    }
}

/// Whose requests are counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted<'c> {
    pub(crate) tenant: Tenant,
    pub(crate) subject: &'c str,
}

/// The days of a tenant: which one a moment lies in, counted from 1970, and when the next one begins.
pub(crate) fn day(zone: &TimeZone, now: Time) -> (i64, Time) {
    zone.day(now)
}
