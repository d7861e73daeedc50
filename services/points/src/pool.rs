//! What members do together.

mod contribute_points;
mod create_pool;
mod dissolve_pool;
pub(crate) mod facts;
mod get_pool;
pub(crate) mod handed_places;
mod hold_pool_points;
mod invite_pool_member;
mod join_pool;
mod list_pool_entries;
mod list_pool_holds;
mod list_pools;
mod redeem_pool_points;
pub(crate) mod refusals;
mod remove_pool_member;
mod reverse_pool_points;
pub(crate) mod rows;
mod service;
mod update_pool;
pub(crate) mod wire;

use std::collections::BTreeSet;

use contracts_points::v1;
use fault::Fault;
use kernel::{Tenant, Time};
use ledger::{AccountKey, MemberId, Pool};
use sea_orm::ConnectionTrait;
use store::Tx;

use crate::account;
use crate::account::wire::{balance_to_wire, zero_balance};
use wire::pool_to_wire;

/// Keeps a pool that has changed, and answers it with its balance.
pub(crate) async fn save(tx: &Tx, pool: &mut Pool, now: Time) -> Result<v1::Pool, Fault> {
    pool.version = pool.version.saturating_add(1);
    rows::save_pool(tx, pool).await?;
    with_balance(&**tx, pool, now).await
}

/// A pool with what its account holds. What expires within the next days is not told.
pub(crate) async fn with_balance(conn: &impl ConnectionTrait, pool: &Pool, now: Time) -> Result<v1::Pool, Fault> {
    let wanted = (pool.account(), now);
    let found = account::balances::balances_of(conn, BTreeSet::from([wanted.clone()]), now).await?;
    let holder = wanted.0.member;
    let balance = found.get(&wanted).map_or_else(
        || zero_balance(holder, &pool.asset),
        |row| balance_to_wire(holder, row, now, now),
    );
    Ok(pool_to_wire(pool, Some(balance)))
}

/// A member, or whom the member was merged into.
pub(crate) async fn member_in(tx: &Tx, tenant: Tenant, member: MemberId) -> Result<MemberId, Fault> {
    lineage::follow(&**tx, tenant, member).await
}

/// The same of a member who gets a place, and with it until the end of the transaction: its account is locked, which every
/// merge and undo locks, too, before it looks whether there are places that it has not seen. Pools are locked before.
pub(crate) async fn settled_member_in(tx: &Tx, pool: &Pool, member: MemberId) -> Result<MemberId, Fault> {
    let led = member_in(tx, pool.tenant, member).await?;
    let account = AccountKey {
        member: led,
        ..pool.account()
    };
    account::rows::lock(tx, &BTreeSet::from([account])).await?;
    if member_in(tx, pool.tenant, member).await? == led {
        Ok(led)
    } else {
        Err(Fault::Contended)
    }
}
