//! Between the contract's messages and the domain's values.

pub(crate) mod coupon;
pub(crate) mod coupon_template;
pub(crate) mod tier;

use contracts::r#type::v1 as types;
use fault::Violations;
use kernel::{Money, TIME_RANGE, Time};

pub(crate) fn money(money: Money) -> types::Money {
    types::Money {
        currency_code: money.currency_code().to_owned(),
        minor_units: money.minor_units(),
    }
}

pub(crate) fn parse_money(violations: &mut Violations, path: &str, money: &types::Money) -> Option<Money> {
    violations.parse(path, Money::new(&money.currency_code, money.minor_units))
}

pub(crate) fn parse_time(
    violations: &mut Violations,
    path: &str,
    time: Option<&prost_types::Timestamp>,
) -> Option<Time> {
    let parsed = time.and_then(Time::from_wire);
    violations.check(parsed.is_some(), path, TIME_RANGE);
    parsed
}
