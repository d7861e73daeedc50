//! Whether an account agrees with itself, and what is done about one that does not: it is frozen, loudly, and never
//! repaired.

use fault::Fault;
use kernel::Clock;
use ledger::{AccountKey, Proven, prove};
use store::{Db, Tx};

use crate::account::freezes::{FreezeRow, freeze, note_discrepancy, open_freeze};
use crate::account::rows::lock;
use crate::proof::rows::{Accounts, BooksRow, Since, read_books};

/// How many entries of one account are read by one statement where it is read whole.
const LINES_MAX: usize = 5_000;
/// Who freezes what was found to disagree.
const RECONCILIATION: &str = "points.reconcile";

/// Whether a locked account agrees with itself, from its first entry to its last; and if not, in what. Its cost grows
/// with the account's history: for what an operator does by hand.
pub(crate) async fn discrepancy_of(tx: &Tx, key: &AccountKey) -> Result<Option<String>, Fault> {
    let mut proven = Proven::default();
    loop {
        let accounts = Accounts::One(key.member.uuid(), &key.asset);
        let rows = read_books(&**tx, key.tenant, accounts, Since::Line(proven), LINES_MAX).await?;
        let Some(BooksRow { books, .. }) = rows.first() else {
            return Ok(None);
        };
        let verdict = prove(books, LINES_MAX);
        if verdict.is_complete || verdict.discrepancy.is_some() {
            return Ok(verdict.discrepancy.map(|found| found.to_string()));
        }
        proven = verdict.proven;
    }
}

/// Freezes an account that was found to disagree with itself, if it still does while it is locked. Where it was frozen before,
/// the disagreement is noted, and said each time.
pub(crate) async fn freeze_disagreeing(db: &Db, clock: &Clock, key: &AccountKey) -> Result<(), Fault> {
    let tx = db.begin().await?;
    lock(&tx, &[key.clone()].into()).await?;
    let Some(discrepancy) = discrepancy_of(&tx, key).await? else {
        return Ok(());
    };
    tracing::error!(tenant = %key.tenant, member = %key.member, asset = %key.asset, discrepancy,
        "an account does not agree with itself; nothing is posted to it until an operator unfreezes it");
    match open_freeze(&*tx, key).await? {
        Some(open) if open.discrepancy.as_ref() == Some(&discrepancy) => return Ok(()),
        Some(_) => note_discrepancy(&tx, key, &discrepancy).await?,
        None => {
            let row = FreezeRow {
                key: key.clone(),
                reason: "it does not agree with itself".to_owned(),
                discrepancy: Some(discrepancy),
                freeze_time: clock.now(),
                frozen_by: RECONCILIATION.to_owned(),
            };
            freeze(&tx, clock.uuid(), &row).await?;
        }
    }
    tx.commit().await
}
