use contracts_points::v1 as wire;
use fault::Fault;
use kernel::Time;
use ledger::{AccountKey, MemberId, View, WrongSum};
use uuid::Uuid;

use super::miscounts::SumsStanding;
use super::reconciliations::ReconciliationRow;
use crate::account::freezes::FreezeRow;
use crate::pool::wire::holder_to_wire;
use crate::wire::parse_cursor;

/// How far the proof has come, of the accounts and of the running sums, with how many accounts are frozen and how many of
/// them disagree with themselves.
pub(crate) fn reconciliation_to_wire(
    row: Option<&ReconciliationRow>,
    sums: SumsStanding,
    counts: (i64, i64),
) -> wire::Reconciliation {
    let (frozen_count, disagreement_count) = counts;
    let first = sums.wrong.first().map(ToString::to_string);
    let standing = wire::Reconciliation {
        disagreement_count,
        frozen_count,
        sums_compare_time: sums.compare_time.map(Time::to_wire),
        sums_disagreement: sums.miscount.or(first).unwrap_or_default(),
        sum_disagreements: sums.wrong.iter().map(wrong_sum_to_wire).collect(),
        sum_disagreement_count: sums.wrong_count,
        ..wire::Reconciliation::default()
    };
    let Some(row) = row else { return standing };
    wire::Reconciliation {
        pass: row.pass,
        running: row.running,
        from_scratch: row.is_from_scratch(),
        start_time: Some(row.start_time.to_wire()),
        checked_count: row.checked_count,
        last_pass_start_time: row.last.map(|last| last.start_time.to_wire()),
        last_pass_end_time: row.last.map(|last| last.end_time.to_wire()),
        last_pass_checked_count: row.last.map_or(0, |last| last.checked_count),
        last_scratch_start_time: row.scratch.map(|(start, _)| Time::to_wire(start)),
        last_scratch_end_time: row.scratch.map(|(_, end)| Time::to_wire(end)),
        ..standing
    }
}

/// A sum for an operator who looks for the mistake. One that the contract cannot carry is cut, as the contract says, and the log
/// has it in full: the others must be seen all the same.
fn cut_to_wire(sum: i128) -> i64 {
    i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
}

fn wrong_sum_to_wire(sum: &WrongSum) -> wire::SumDisagreement {
    let axis = match sum.page.view {
        View::Expiry => wire::SumAxis::Expiry,
        View::Cohort => wire::SumAxis::Cohort,
        View::Settlement => wire::SumAxis::Settlement,
    };
    wire::SumDisagreement {
        asset_code: sum.page.asset.to_string(),
        axis: axis.into(),
        month: sum.page.month.to_string(),
        issued_by: sum.centre.to_string(),
        redeemed_at: sum.spent_at.to_string(),
        kind: sum.kind.number(),
        proven: cut_to_wire(sum.amounts.proven),
        counted: cut_to_wire(sum.amounts.counted),
    }
}

pub(crate) fn freeze_to_wire(row: &FreezeRow) -> wire::FrozenAccount {
    wire::FrozenAccount {
        member_id: holder_to_wire(row.key.member),
        asset_code: row.key.asset.to_string(),
        reason: row.reason.clone(),
        discrepancy: row.discrepancy.clone().unwrap_or_default(),
        freeze_time: Some(row.freeze_time.to_wire()),
        frozen_by: row.frozen_by.clone(),
    }
}

/// Where a list of accounts goes on.
pub(crate) fn format_account(key: &AccountKey) -> String {
    format!("{} {}", key.member, key.asset)
}

/// After which account a list goes on; before all of them without a cursor.
pub(crate) fn parse_account(cursor: Option<&str>) -> Result<(Uuid, String), Fault> {
    match cursor.and_then(|cursor| cursor.split_once(' ')) {
        Some((member, asset)) => Ok((parse_cursor::<MemberId>(Some(member))?.uuid(), asset.to_owned())),
        None => Ok((Uuid::nil(), String::new())),
    }
}
