//! From the contract's words to the domain's and back.

use std::str::FromStr;

use contracts::points::v1::ErrorReason;
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

/// A moment as the contract carries it; nothing for what never comes.
pub(crate) fn expiry_to_wire(time: Time) -> Option<prost_types::Timestamp> {
    (time < Time::MAX).then(|| time.to_wire())
}

#[cfg(test)]
mod tests {
    use contracts::points::v1 as wire;

    use ledger::{AdjustmentState, AssetKind, EntryKind, HoldState, RuleState};

    #[test]
    fn our_numbers_are_the_contract_s() {
        for number in 1..=11 {
            let name = EntryKind::from_number(number).unwrap().name();
            assert_eq!(
                wire::EntryKind::try_from(number).unwrap().as_str_name(),
                format!("ENTRY_KIND_{name}")
            );
        }
        assert!(EntryKind::from_number(12).is_none() && wire::EntryKind::try_from(12).is_err());
        for number in 1..=3 {
            let name = RuleState::from_number(number).unwrap().name();
            let wire = wire::EarningRuleState::try_from(number).unwrap();
            assert_eq!(wire.as_str_name(), format!("EARNING_RULE_STATE_{name}"));
        }
        for number in 1..=4 {
            let name = HoldState::from_number(number).unwrap().name();
            let wire = wire::HoldState::try_from(number).unwrap();
            assert_eq!(wire.as_str_name(), format!("HOLD_STATE_{name}"));
        }
        for number in 1..=3 {
            let name = AdjustmentState::from_number(number).unwrap().name();
            let wire = wire::AdjustmentState::try_from(number).unwrap();
            assert_eq!(wire.as_str_name(), format!("ADJUSTMENT_STATE_{name}"));
        }
        assert!(AdjustmentState::from_number(4).is_none() && wire::AdjustmentState::try_from(4).is_err());
        assert!(HoldState::from_number(5).is_none() && wire::HoldState::try_from(5).is_err());
        assert_eq!(AssetKind::Growth.number(), i32::from(wire::AssetKind::Growth));
        assert_eq!(AssetKind::Custom.number(), i32::from(wire::AssetKind::Custom));
        assert!(AssetKind::from_number(6).is_none() && wire::AssetKind::try_from(6).is_err());
    }
}
