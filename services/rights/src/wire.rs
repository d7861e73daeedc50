//! Between the contract's messages and the domain's values.

use fault::Violations;
use kernel::{TIME_RANGE, Time};

pub(crate) fn parse_time(
    violations: &mut Violations,
    path: &str,
    time: Option<&prost_types::Timestamp>,
) -> Option<Time> {
    let parsed = time.and_then(Time::from_wire);
    violations.check(parsed.is_some(), path, TIME_RANGE);
    parsed
}
