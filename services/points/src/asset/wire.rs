use contracts_points::v1 as wire;
use contracts_points::v1::expiry_policy::Rule;
use fault::Fault;
use kernel::{BEFORE_RECORDS, Time};
use ledger::{CalendarPeriod, ClawbackPolicy, ExpiryPolicy, parse_date};

use super::rows::AssetRow;

pub(crate) fn asset_to_wire(row: &AssetRow) -> wire::Asset {
    wire::Asset {
        code: row.asset.code.to_string(),
        kind: row.asset.kind.number(),
        display_name: row.display_name.clone(),
        expiry_policy: Some(expiry_to_wire(&row.asset.expiry)),
        utc_offset_minutes: row.asset.utc_offset_minutes,
        reversal_grace_days: row.asset.reversal_grace_days,
        create_time: Some(row.create_time.to_wire()),
        update_time: Some(row.update_time.to_wire()),
        etag: row.version.to_string(),
        clawback_policy: row.asset.clawback.number(),
        transfer_forbidden: row.asset.transfer_forbidden,
        adjustment_alone_max: row.asset.adjustment_alone_max,
    }
}

/// The policy of a request; none is within the balance.
pub(crate) fn clawback_from_wire(policy: wire::ClawbackPolicy) -> ClawbackPolicy {
    match policy {
        wire::ClawbackPolicy::None => ClawbackPolicy::None,
        wire::ClawbackPolicy::Unspecified | wire::ClawbackPolicy::WithinBalance => ClawbackPolicy::WithinBalance,
        wire::ClawbackPolicy::Debt => ClawbackPolicy::Debt,
    }
}

/// Refuses a policy of a day before anything was recorded, and one by which what is granted now would expire after the year
/// 9999.
pub(crate) fn check_days(expiry: &ExpiryPolicy, utc_offset_minutes: i32, now: Time) -> Result<(), Fault> {
    if expiry.is_before_records() {
        return Err(Fault::invalid("asset.expiry_policy.on_date.date", BEFORE_RECORDS));
    }
    let path = match expiry {
        _ if expiry.expire_time(now, utc_offset_minutes).is_some() => return Ok(()),
        ExpiryPolicy::OnDate(_) => "asset.expiry_policy.on_date.date",
        ExpiryPolicy::AfterDays(_) => "asset.expiry_policy.after_days.days",
        ExpiryPolicy::PeriodEnd { .. } | ExpiryPolicy::Never | ExpiryPolicy::AfterInactivity(_) => {
            "asset.expiry_policy"
        }
    };
    let message = "ends after 9999-12-31T23:59:59Z, where the calendar ends: \
         give an earlier day, or let it never expire by the policy \"never\"";
    Err(Fault::invalid(path, message))
}

/// The policy of a request; none is never.
pub(crate) fn expiry_from_wire(policy: Option<&wire::ExpiryPolicy>) -> Result<ExpiryPolicy, Fault> {
    match policy.and_then(|policy| policy.rule.as_ref()) {
        None | Some(Rule::Never(_)) => Ok(ExpiryPolicy::Never),
        Some(Rule::AfterDays(after)) => Ok(ExpiryPolicy::AfterDays(after.days)),
        Some(Rule::AfterInactivity(after)) => Ok(ExpiryPolicy::AfterInactivity(after.days)),
        Some(Rule::PeriodEnd(end)) => Ok(ExpiryPolicy::PeriodEnd {
            period: period(end.period())?,
            after_months: end.after_months,
            after_days: end.after_days,
        }),
        Some(Rule::OnDate(on)) => parse_date(&on.date)
            .map(ExpiryPolicy::OnDate)
            .ok_or_else(|| Fault::invalid("asset.expiry_policy.on_date.date", "must be a day of the calendar")),
    }
}

fn period(period: wire::CalendarPeriod) -> Result<CalendarPeriod, Fault> {
    match period {
        wire::CalendarPeriod::Month => Ok(CalendarPeriod::Month),
        wire::CalendarPeriod::Quarter => Ok(CalendarPeriod::Quarter),
        wire::CalendarPeriod::Year => Ok(CalendarPeriod::Year),
        wire::CalendarPeriod::Unspecified => Err(Fault::invalid(
            "asset.expiry_policy.period_end.period",
            "must be a month, a quarter or a year",
        )),
    }
}

fn expiry_to_wire(policy: &ExpiryPolicy) -> wire::ExpiryPolicy {
    let rule = match policy {
        ExpiryPolicy::Never => Rule::Never(wire::ExpireNever {}),
        ExpiryPolicy::AfterDays(days) => Rule::AfterDays(wire::ExpireAfterDays { days: *days }),
        ExpiryPolicy::AfterInactivity(days) => Rule::AfterInactivity(wire::ExpireAfterInactivity { days: *days }),
        ExpiryPolicy::PeriodEnd {
            period,
            after_months,
            after_days,
        } => {
            let period = match period {
                CalendarPeriod::Month => wire::CalendarPeriod::Month,
                CalendarPeriod::Quarter => wire::CalendarPeriod::Quarter,
                CalendarPeriod::Year => wire::CalendarPeriod::Year,
            };
            Rule::PeriodEnd(wire::ExpireAtPeriodEnd {
                period: period.into(),
                after_months: *after_months,
                after_days: *after_days,
            })
        }
        ExpiryPolicy::OnDate(day) => Rule::OnDate(wire::ExpireOnDate { date: day.to_string() }),
    };
    wire::ExpiryPolicy { rule: Some(rule) }
}

#[cfg(test)]
mod tests {
    use contracts_points::v1 as wire;
    use ledger::AssetKind;

    #[test]
    fn our_numbers_of_the_kinds_of_assets_are_the_contract_s() {
        assert_eq!(AssetKind::Growth.number(), i32::from(wire::AssetKind::Growth));
        assert_eq!(AssetKind::Custom.number(), i32::from(wire::AssetKind::Custom));
        assert!(AssetKind::from_number(6).is_none() && wire::AssetKind::try_from(6).is_err());
    }
}
