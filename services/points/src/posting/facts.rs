//! The facts that the ledger tells: one for each entry, but one for both entries of a move or a transfer; and one when a hold is made or
//! ends. What happens to a pool's account is told in words of its own ([`pools`]).

use contracts_points::v1::{
    PointsAdjusted, PointsConfirmed, PointsDebtRepaid, PointsEarned, PointsExpired, PointsHeld, PointsHoldEnded,
    PointsMoved, PointsRedeemed, PointsReversed, PointsTransferred,
};
use kernel::Exact;
use ledger::{Confirmed, Effects, Entry, EntryKind, Hold, pool_of};
use store::Draft;

pub(crate) use crate::pool::facts::{
    pool_created, pool_dissolved, pool_member_invited, pool_member_joined, pool_member_left, pool_reopened,
};

/// The facts of a posting, in their order.
pub(crate) fn drafts(effects: &Effects) -> impl Iterator<Item = Draft> {
    effects
        .entries
        .iter()
        .filter_map(|entry| of_entry(entry, effects))
        .chain(effects.hold.iter().map(of_hold))
        .chain(effects.confirmed.iter().map(of_confirmed))
}

fn of_confirmed(confirmed: &Confirmed) -> Draft {
    let fact = PointsConfirmed {
        entry_id: confirmed.entry.to_string(),
        member_id: confirmed.account.member.to_string(),
        asset_code: confirmed.account.asset.to_string(),
        amount: confirmed.amount,
        confirm_time: Some(confirmed.time.to_wire()),
    };
    Draft::new(confirmed.account.tenant, confirmed.account.member.to_string(), &fact)
}

fn of_hold(hold: &Hold) -> Draft {
    if let Some(pool) = pool_of(hold.account.member) {
        return crate::pool::facts::of_hold(hold, pool);
    }
    let member = hold.account.member.to_string();
    match hold.end_time {
        None => Draft::new(hold.account.tenant, member, &held(hold)),
        Some(_) => Draft::new(hold.account.tenant, member, &hold_ended(hold)),
    }
}

fn held(hold: &Hold) -> PointsHeld {
    PointsHeld {
        hold_id: hold.id.to_string(),
        member_id: hold.account.member.to_string(),
        asset_code: hold.account.asset.to_string(),
        amount: hold.amount,
        reference: hold.reference.clone(),
        create_time: Some(hold.create_time.to_wire()),
        expire_time: Some(hold.expire_time.to_wire()),
    }
}

fn hold_ended(hold: &Hold) -> PointsHoldEnded {
    PointsHoldEnded {
        hold_id: hold.id.to_string(),
        member_id: hold.account.member.to_string(),
        asset_code: hold.account.asset.to_string(),
        state: hold.state.number(),
        captured_amount: hold.captured,
        released_amount: hold.amount.exact_sub(hold.captured),
        entry_id: hold.entry.map(|id| id.to_string()).unwrap_or_default(),
        end_time: hold.end_time.map(kernel::Time::to_wire),
    }
}

fn of_entry(entry: &Entry, effects: &Effects) -> Option<Draft> {
    let member = entry.account.member.to_string();
    let tenant = entry.account.tenant;
    if let Some(pool) = crate::pool::facts::pool_in(entry) {
        return crate::pool::facts::of_entry(entry, effects, pool);
    }
    match entry.kind {
        EntryKind::Earn => Some(Draft::new(tenant, member, &earned(entry, effects.pending))),
        EntryKind::Redeem => Some(Draft::new(tenant, member, &redeemed(entry))),
        EntryKind::RedeemReversal | EntryKind::EarnReversal => Some(Draft::new(tenant, member, &reversed(entry))),
        EntryKind::Expire => Some(Draft::new(tenant, member, &expired(entry))),
        EntryKind::DebtRepayment => Some(Draft::new(tenant, member, &debt_repaid(entry))),
        EntryKind::Adjustment => Some(Draft::new(tenant, member, &adjusted(entry))),
        EntryKind::TransferIn => {
            let out = effects.entry()?;
            Some(Draft::new(tenant, member, &transferred(out, entry)))
        }
        EntryKind::MoveOut | EntryKind::TransferOut => None,
        EntryKind::MoveIn => Some(Draft::new(tenant, member, &moved(entry))),
    }
}

fn earned(entry: &Entry, pending: bool) -> PointsEarned {
    let by = entry.earned_by.as_ref();
    PointsEarned {
        entry_id: entry.id.to_string(),
        member_id: entry.account.member.to_string(),
        asset_code: entry.account.asset.to_string(),
        amount: entry.amount,
        balance: entry.balance,
        activity_id: by.map(|by| by.activity.to_string()).unwrap_or_default(),
        rule_code: by.map(|by| by.rule_code.clone()).unwrap_or_default(),
        post_time: Some(entry.post_time.to_wire()),
        pending,
    }
}

fn redeemed(entry: &Entry) -> PointsRedeemed {
    PointsRedeemed {
        entry_id: entry.id.to_string(),
        member_id: entry.account.member.to_string(),
        asset_code: entry.account.asset.to_string(),
        amount: entry.amount.saturating_abs(),
        balance: entry.balance,
        post_time: Some(entry.post_time.to_wire()),
        hold_id: entry.hold.map(|id| id.to_string()).unwrap_or_default(),
    }
}

fn reversed(entry: &Entry) -> PointsReversed {
    PointsReversed {
        entry_id: entry.id.to_string(),
        reversed_entry_id: entry.reverses.map(|id| id.to_string()).unwrap_or_default(),
        member_id: entry.account.member.to_string(),
        asset_code: entry.account.asset.to_string(),
        amount: entry.amount,
        balance: entry.balance,
        post_time: Some(entry.post_time.to_wire()),
        debt_amount: entry.debt,
    }
}

fn debt_repaid(entry: &Entry) -> PointsDebtRepaid {
    PointsDebtRepaid {
        entry_id: entry.id.to_string(),
        member_id: entry.account.member.to_string(),
        asset_code: entry.account.asset.to_string(),
        amount: entry.amount.saturating_abs(),
        balance: entry.balance,
        post_time: Some(entry.post_time.to_wire()),
    }
}

fn transferred(out: &Entry, into: &Entry) -> PointsTransferred {
    PointsTransferred {
        out_entry_id: out.id.to_string(),
        in_entry_id: into.id.to_string(),
        from_member_id: out.account.member.to_string(),
        to_member_id: into.account.member.to_string(),
        asset_code: into.account.asset.to_string(),
        amount: into.amount,
        from_balance: out.balance,
        to_balance: into.balance,
        reference: into.reference.clone(),
        post_time: Some(into.post_time.to_wire()),
    }
}

fn adjusted(entry: &Entry) -> PointsAdjusted {
    PointsAdjusted {
        entry_id: entry.id.to_string(),
        adjustment_id: entry.adjustment.map(|id| id.to_string()).unwrap_or_default(),
        member_id: entry.account.member.to_string(),
        asset_code: entry.account.asset.to_string(),
        amount: entry.amount,
        balance: entry.balance,
        reason_code: entry.reference.clone(),
        post_time: Some(entry.post_time.to_wire()),
    }
}

fn expired(entry: &Entry) -> PointsExpired {
    PointsExpired {
        entry_id: entry.id.to_string(),
        member_id: entry.account.member.to_string(),
        asset_code: entry.account.asset.to_string(),
        amount: entry.amount.saturating_abs(),
        balance: entry.balance,
        post_time: Some(entry.post_time.to_wire()),
    }
}

fn moved(entry: &Entry) -> PointsMoved {
    PointsMoved {
        from_member_id: entry.counterpart.map(|id| id.to_string()).unwrap_or_default(),
        to_member_id: entry.account.member.to_string(),
        asset_code: entry.account.asset.to_string(),
        amount: entry.amount,
        balance: entry.balance,
        post_time: Some(entry.post_time.to_wire()),
    }
}
