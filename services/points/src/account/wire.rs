use contracts_points::v1 as wire;
use kernel::{Exact, Time};
use ledger::{AccountKey, EarnedBy, Entry, Lot, LotAmount, LotId, MemberId};

use super::balances::BalanceRow;
use crate::pool::wire::holder_to_wire;

/// An entry with its lots. What came back in a new lot, because its own had expired, is shown as that one lot.
pub(crate) fn entry_to_wire(entry: &Entry) -> wire::Entry {
    let (regranted, kept): (Vec<&LotAmount>, Vec<&LotAmount>) = entry.lots.iter().partition(|part| part.regranted);
    let mut lots: Vec<wire::LotAmount> = kept.into_iter().map(part_to_wire).collect();
    if let Some(expire_time) = entry.lot_expire_time.filter(|_| !regranted.is_empty()) {
        let amount = regranted.iter().fold(0_i64, |sum, part| sum.exact_add(part.amount));
        let lot = LotId::from_uuid(entry.id.uuid());
        lots.push(part_to_wire(&LotAmount {
            lot,
            expire_time,
            amount,
            regranted: true,
        }));
    }
    wire::Entry {
        entry_id: entry.id.to_string(),
        member_id: holder_to_wire(entry.account.member),
        asset_code: entry.account.asset.to_string(),
        sequence: entry.sequence,
        kind: entry.kind.number(),
        amount: entry.amount,
        balance: entry.balance,
        post_time: Some(entry.post_time.to_wire()),
        lots,
        reference: entry.reference.clone(),
        reversed_entry_id: entry.reverses.map(|id| id.to_string()).unwrap_or_default(),
        earned_by: entry.earned_by.as_ref().map(earned_by_to_wire),
        counterpart_member_id: entry.counterpart.map(holder_to_wire).unwrap_or_default(),
        cost_centre: entry.cost_centre.as_deref().unwrap_or_default().to_owned(),
        hold_id: entry.hold.map(|id| id.to_string()).unwrap_or_default(),
        debt_amount: entry.debt,
        acting_member_id: entry.acting.map(|id| id.to_string()).unwrap_or_default(),
        adjustment_id: entry.adjustment.map(|id| id.to_string()).unwrap_or_default(),
    }
}

fn part_to_wire(part: &LotAmount) -> wire::LotAmount {
    wire::LotAmount {
        lot_id: part.lot.to_string(),
        amount: part.amount,
        expire_time: expiry_to_wire(part.expire_time),
    }
}

fn earned_by_to_wire(by: &EarnedBy) -> wire::EarnedBy {
    wire::EarnedBy {
        activity_id: by.activity.to_string(),
        rule_code: by.rule_code.clone(),
        rule_version: by.rule_version,
        inputs_digest: hex::encode(&by.inputs_digest),
    }
}

pub(crate) fn lot_to_wire(key: &AccountKey, lot: &Lot) -> wire::Lot {
    wire::Lot {
        lot_id: lot.id.to_string(),
        member_id: holder_to_wire(key.member),
        asset_code: key.asset.to_string(),
        granted: lot.granted,
        remaining: lot.remaining,
        grant_time: Some(lot.grant_time.to_wire()),
        expire_time: expiry_to_wire(lot.expire_time),
        cost_centre: lot.cost_centre.as_deref().unwrap_or_default().to_owned(),
        entry_id: lot.entry.to_string(),
        held: lot.held,
    }
}

pub(crate) fn balance_to_wire(member: MemberId, row: &BalanceRow, now: Time, horizon: Time) -> wire::Balance {
    let aside = row.due.exact_add(row.held).exact_add(row.pending);
    let open = row.balance.exact_sub(aside);
    let (available, expiring, next) = match row.idle_time {
        // Expired, though nobody has posted it.
        Some(idle_time) if idle_time <= now => (0, 0, None),
        Some(idle_time) if idle_time <= horizon && open > 0 => {
            let next = row.next_expire_time.map_or(idle_time, |next| next.min(idle_time));
            (open, open, Some(next))
        }
        Some(_) | None => (open, row.expiring, row.next_expire_time),
    };
    wire::Balance {
        member_id: holder_to_wire(member),
        asset_code: row.asset.to_string(),
        available,
        expiring_soon: expiring,
        next_expire_time: next.and_then(expiry_to_wire),
        sequence: row.sequence,
        held: row.held,
        debt: row.debt,
        pending: row.pending,
    }
}

/// The balance of a member without entries.
pub(crate) fn zero_balance(member: MemberId, asset: &str) -> wire::Balance {
    wire::Balance {
        member_id: holder_to_wire(member),
        asset_code: asset.to_owned(),
        available: 0,
        expiring_soon: 0,
        next_expire_time: None,
        sequence: 0,
        held: 0,
        debt: 0,
        pending: 0,
    }
}

/// A moment as the contract carries it; nothing for what never comes.
pub(crate) fn expiry_to_wire(time: Time) -> Option<prost_types::Timestamp> {
    (time < Time::MAX).then(|| time.to_wire())
}

#[cfg(test)]
mod tests {
    use contracts_points::v1 as wire;
    use ledger::EntryKind;

    #[test]
    fn our_numbers_of_entry_kinds_are_the_contract_s() {
        for number in 1..=11 {
            let name = EntryKind::from_number(number).unwrap().name();
            let wire = wire::EntryKind::try_from(number).unwrap();
            assert_eq!(wire.as_str_name(), format!("ENTRY_KIND_{name}"));
        }
        assert!(EntryKind::from_number(12).is_none() && wire::EntryKind::try_from(12).is_err());
    }
}
