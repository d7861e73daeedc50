//! The one way by which anything is posted: lock and read, decide each in memory, write all, tell the facts.

use std::collections::BTreeSet;

use fault::Fault;
use kernel::{Clock, Tenant};
use ledger::{AccountKey, Effects, MemberId, Posting, Refusal, decide};
use store::Tx;

use super::refusals::refused;
use super::{apply, facts, load};
use crate::account;

/// Posts many, in their order, in the caller's transaction. A refused posting refuses itself only.
pub(crate) async fn post_many(
    tx: &Tx,
    clock: &Clock,
    postings: &[Posting],
) -> Result<Vec<Result<Effects, Refusal>>, Fault> {
    if postings.is_empty() {
        return Ok(Vec::new());
    }
    let mut state = load::load(tx, clock, postings).await?;
    let decided: Vec<Result<Effects, Refusal>> = postings.iter().map(|posting| decide(&mut state, posting)).collect();
    let effects: Vec<&Effects> = decided.iter().flatten().collect();
    apply::apply(tx, &state, &effects).await?;
    let drafts = effects.iter().flat_map(|effects| facts::drafts(effects)).collect();
    tx.emit_all(clock, drafts).await?;
    Ok(decided)
}

/// Posts one, or refuses.
pub(crate) async fn post_one(tx: &Tx, clock: &Clock, posting: Posting) -> Result<Effects, Fault> {
    let decided = post_many(tx, clock, &[posting]).await?.pop();
    decided
        .ok_or_else(|| Fault::internal("a posting without an outcome"))?
        .map_err(refused)
}

/// The account of a member, or of whom the member was merged into.
pub(crate) async fn account_of(tx: &Tx, tenant: Tenant, member: MemberId, asset: &str) -> Result<AccountKey, Fault> {
    let led = lineage::follow(&**tx, tenant, member).await?;
    let account = AccountKey {
        tenant,
        member: led,
        asset: asset.into(),
    };
    if led != member {
        // The undo of a merge closes no account: a transaction that was led here looks again once nothing can change any more.
        account::rows::lock_existing(tx, &BTreeSet::from([account.clone()])).await?;
        if lineage::follow(&**tx, tenant, member).await? != led {
            return Err(Fault::Contended);
        }
    }
    Ok(account)
}
