//! The facts about pools: those of their accounts' entries, and those of the places in them.

use contracts_points::v1::{
    PoolCreated, PoolDissolved, PoolMemberInvited, PoolMemberJoined, PoolMemberLeft, PoolPointsContributed,
    PoolPointsExpired, PoolPointsHeld, PoolPointsHoldEnded, PoolPointsRedeemed, PoolPointsRestored, PoolPointsReturned,
    PoolPointsReversed, PoolReopened,
};
use kernel::{Exact, Fact, Time};
use ledger::{Effects, Entry, EntryKind, Hold, MemberId, Pool, PoolId, pool_of};
use prost::Message;
use store::Draft;

/// The pool that an entry is about: that of the account, or that which a member gave to or got from.
pub(crate) fn pool_in(entry: &Entry) -> Option<PoolId> {
    pool_of(entry.account.member).or_else(|| entry.counterpart.and_then(pool_of))
}

/// The fact of an entry that is about a pool. Some have none of their own: the other side's tells of them.
pub(crate) fn of_entry(entry: &Entry, effects: &Effects, pool: PoolId) -> Option<Draft> {
    if pool_of(entry.account.member).is_some() {
        return of_pool(entry, effects, pool);
    }
    // The pool's side tells of a contribution.
    (entry.kind == EntryKind::MoveIn).then(|| draft(entry, pool, &returned(entry, pool)))
}

/// The fact of a hold on a pool's account.
pub(crate) fn of_hold(hold: &Hold, pool: PoolId) -> Draft {
    let (tenant, key) = (hold.account.tenant, pool.to_string());
    match hold.end_time {
        None => Draft::new(tenant, key, &held(hold, pool)),
        Some(_) => Draft::new(tenant, key, &hold_ended(hold, pool)),
    }
}

fn held(hold: &Hold, pool: PoolId) -> PoolPointsHeld {
    PoolPointsHeld {
        hold_id: hold.id.to_string(),
        pool_id: pool.to_string(),
        member_id: hold.acting.map(|id| id.to_string()).unwrap_or_default(),
        asset_code: hold.account.asset.to_string(),
        amount: hold.amount,
        reference: hold.reference.clone(),
        create_time: Some(hold.create_time.to_wire()),
        expire_time: Some(hold.expire_time.to_wire()),
    }
}

fn hold_ended(hold: &Hold, pool: PoolId) -> PoolPointsHoldEnded {
    PoolPointsHoldEnded {
        hold_id: hold.id.to_string(),
        pool_id: pool.to_string(),
        member_id: hold.acting.map(|id| id.to_string()).unwrap_or_default(),
        asset_code: hold.account.asset.to_string(),
        state: hold.state.number(),
        captured_amount: hold.captured,
        released_amount: hold.amount.exact_sub(hold.captured),
        entry_id: hold.entry.map(|id| id.to_string()).unwrap_or_default(),
        end_time: hold.end_time.map(Time::to_wire),
    }
}

fn of_pool(entry: &Entry, effects: &Effects, pool: PoolId) -> Option<Draft> {
    match entry.kind {
        EntryKind::TransferIn => Some(draft(entry, pool, &contributed(effects.entry()?, entry, pool))),
        EntryKind::Redeem => Some(draft(entry, pool, &redeemed(entry, pool))),
        EntryKind::RedeemReversal => Some(draft(entry, pool, &reversed(entry, pool))),
        EntryKind::Expire => Some(draft(entry, pool, &expired(entry, pool))),
        EntryKind::MoveIn => Some(draft(entry, pool, &points_restored(entry, pool))),
        // The owner's side tells of what was returned; the others do not happen to pools.
        EntryKind::MoveOut
        | EntryKind::TransferOut
        | EntryKind::Earn
        | EntryKind::EarnReversal
        | EntryKind::DebtRepayment
        | EntryKind::Adjustment => None,
    }
}

fn draft<F: Fact + Message>(entry: &Entry, pool: PoolId, fact: &F) -> Draft {
    Draft::new(entry.account.tenant, pool.to_string(), fact)
}

fn contributed(out: &Entry, into: &Entry, pool: PoolId) -> PoolPointsContributed {
    PoolPointsContributed {
        out_entry_id: out.id.to_string(),
        in_entry_id: into.id.to_string(),
        pool_id: pool.to_string(),
        member_id: out.account.member.to_string(),
        asset_code: into.account.asset.to_string(),
        amount: into.amount,
        member_balance: out.balance,
        pool_balance: into.balance,
        reference: into.reference.clone(),
        post_time: Some(into.post_time.to_wire()),
    }
}

fn redeemed(entry: &Entry, pool: PoolId) -> PoolPointsRedeemed {
    PoolPointsRedeemed {
        entry_id: entry.id.to_string(),
        pool_id: pool.to_string(),
        member_id: entry.acting.map(|id| id.to_string()).unwrap_or_default(),
        asset_code: entry.account.asset.to_string(),
        amount: entry.amount.saturating_abs(),
        balance: entry.balance,
        hold_id: entry.hold.map(|id| id.to_string()).unwrap_or_default(),
        reference: entry.reference.clone(),
        post_time: Some(entry.post_time.to_wire()),
    }
}

fn reversed(entry: &Entry, pool: PoolId) -> PoolPointsReversed {
    PoolPointsReversed {
        entry_id: entry.id.to_string(),
        reversed_entry_id: entry.reverses.map(|id| id.to_string()).unwrap_or_default(),
        pool_id: pool.to_string(),
        asset_code: entry.account.asset.to_string(),
        amount: entry.amount,
        balance: entry.balance,
        post_time: Some(entry.post_time.to_wire()),
    }
}

fn expired(entry: &Entry, pool: PoolId) -> PoolPointsExpired {
    PoolPointsExpired {
        entry_id: entry.id.to_string(),
        pool_id: pool.to_string(),
        asset_code: entry.account.asset.to_string(),
        amount: entry.amount.saturating_abs(),
        balance: entry.balance,
        post_time: Some(entry.post_time.to_wire()),
    }
}

fn returned(entry: &Entry, pool: PoolId) -> PoolPointsReturned {
    PoolPointsReturned {
        entry_id: entry.id.to_string(),
        pool_id: pool.to_string(),
        member_id: entry.account.member.to_string(),
        asset_code: entry.account.asset.to_string(),
        amount: entry.amount,
        balance: entry.balance,
        post_time: Some(entry.post_time.to_wire()),
    }
}

fn points_restored(entry: &Entry, pool: PoolId) -> PoolPointsRestored {
    PoolPointsRestored {
        entry_id: entry.id.to_string(),
        pool_id: pool.to_string(),
        member_id: entry.counterpart.map(|id| id.to_string()).unwrap_or_default(),
        asset_code: entry.account.asset.to_string(),
        amount: entry.amount,
        balance: entry.balance,
        post_time: Some(entry.post_time.to_wire()),
    }
}

fn of<F: Fact + Message>(pool: &Pool, fact: &F) -> Draft {
    Draft::new(pool.tenant, pool.id.to_string(), fact)
}

pub(crate) fn pool_created(pool: &Pool) -> Draft {
    let fact = PoolCreated {
        pool_id: pool.id.to_string(),
        asset_code: pool.asset.to_string(),
        owner_member_id: pool.owner.to_string(),
        redeem_policy: pool.policy.number(),
        create_time: Some(pool.create_time.to_wire()),
    };
    of(pool, &fact)
}

pub(crate) fn pool_member_invited(pool: &Pool, member: MemberId, now: Time) -> Draft {
    let fact = PoolMemberInvited {
        pool_id: pool.id.to_string(),
        asset_code: pool.asset.to_string(),
        member_id: member.to_string(),
        invite_time: Some(now.to_wire()),
    };
    of(pool, &fact)
}

pub(crate) fn pool_member_joined(pool: &Pool, member: MemberId, now: Time) -> Draft {
    let fact = PoolMemberJoined {
        pool_id: pool.id.to_string(),
        asset_code: pool.asset.to_string(),
        member_id: member.to_string(),
        join_time: Some(now.to_wire()),
    };
    of(pool, &fact)
}

pub(crate) fn pool_member_left(pool: &Pool, member: MemberId, now: Time) -> Draft {
    let fact = PoolMemberLeft {
        pool_id: pool.id.to_string(),
        asset_code: pool.asset.to_string(),
        member_id: member.to_string(),
        leave_time: Some(now.to_wire()),
    };
    of(pool, &fact)
}

pub(crate) fn pool_dissolved(pool: &Pool, now: Time) -> Draft {
    let fact = PoolDissolved {
        pool_id: pool.id.to_string(),
        asset_code: pool.asset.to_string(),
        owner_member_id: pool.owner.to_string(),
        dissolve_time: Some(now.to_wire()),
    };
    of(pool, &fact)
}

pub(crate) fn pool_reopened(pool: &Pool, now: Time) -> Draft {
    let fact = PoolReopened {
        pool_id: pool.id.to_string(),
        asset_code: pool.asset.to_string(),
        owner_member_id: pool.owner.to_string(),
        reopen_time: Some(now.to_wire()),
    };
    of(pool, &fact)
}
