//! The one way by which anything is posted: lock and read, decide each in memory, write all, tell the facts.

use fault::Fault;
use kernel::Clock;
use store::Tx;

use crate::domain::{Effects, Posting, Refusal, decide};
use crate::{facts, store as ledger};

/// Posts many, in their order, in the caller's transaction. A refused posting refuses itself only.
pub(crate) async fn post_many(
    tx: &Tx,
    clock: &Clock,
    postings: &[Posting],
) -> Result<Vec<Result<Effects, Refusal>>, Fault> {
    if postings.is_empty() {
        return Ok(Vec::new());
    }
    let mut state = ledger::load(tx, clock, postings).await?;
    let decided: Vec<Result<Effects, Refusal>> = postings.iter().map(|posting| decide(&mut state, posting)).collect();
    let effects: Vec<&Effects> = decided.iter().flatten().collect();
    ledger::apply(tx, &state, &effects).await?;
    let drafts = effects.iter().flat_map(|effects| facts::drafts(effects)).collect();
    tx.emit_all(clock, drafts).await?;
    Ok(decided)
}
