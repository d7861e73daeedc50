//! What the rooms share on the way between the contract's messages and values.

use std::str::FromStr;

use contracts_points::v1::ErrorReason;
use fault::{Fault, Violations};
use kernel::{BEFORE_RECORDS, Id, Kind, PageTokenError, Time};
use ledger::{CostCentre, PoolTag, is_pool};

/// An id of the given field, or the refusal of the request. A pool's account is reached by the pool alone, not by calling the
/// pool a member.
pub(crate) fn parse_id<K: Kind>(path: &'static str, text: &str) -> Result<Id<K>, Fault> {
    let id: Result<Id<K>, kernel::IdError> = text.parse();
    match id {
        Ok(id) if K::PREFIX != PoolTag::PREFIX && is_pool(id.uuid()) => Err(Fault::invalid(
            path,
            format!("names a pool: it must be a {} id", K::NOUN),
        )),
        Ok(id) => Ok(id),
        Err(error) => Err(Fault::invalid(path, error.to_string())),
    }
}

/// A cost centre, where one was named.
pub(crate) fn parse_cost_centre(text: &str) -> Option<CostCentre> {
    (!text.is_empty()).then(|| text.into())
}

/// A sum of many entries as the contract carries it, which is in 64 bits. One that exceeds them is told by name and in
/// full rather than cut: every equation that it is part of would be wrong.
pub(crate) fn sum_to_wire(field: &'static str, sum: i128) -> Result<i64, Fault> {
    i64::try_from(sum).map_err(|_| {
        let message = format!("{field} is {sum}, which is more than the contract carries: ask for a part of it");
        Fault::refused(ErrorReason::SumTooLarge, message)
            .with("field", field)
            .with("sum", sum)
    })
}

/// A time of the given field, where there is one.
pub(crate) fn parse_time(path: &'static str, wire: Option<&prost_types::Timestamp>) -> Result<Option<Time>, Fault> {
    let mut violations = Violations::new();
    let time = violations.optional_time(path, wire);
    violations.finish()?;
    Ok(time)
}

/// Notes that a time which is kept lies in an impossible past: before anything was recorded.
pub(crate) fn check_recorded(violations: &mut Violations, path: &'static str, time: Option<Time>) {
    let possible = time.is_none_or(|time| time >= Time::RECORDS_BEGIN);
    violations.check(possible, path, BEFORE_RECORDS);
}

/// A part of a page's cursor, of which each list has made its own.
pub(crate) fn parse_cursor<T: FromStr>(part: Option<&str>) -> Result<T, Fault> {
    let parsed = part.and_then(|part| part.parse().ok());
    Ok(parsed.ok_or(PageTokenError::Malformed)?)
}
