pub(crate) mod rows;

use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use kernel::{Clock, Tenant, Time};
use ledger::{AccountKey, Proven, prove};
use runtime::{Deps, Queue, Worker};
use store::Db;
use telemetry::Red;

use super::audit::freeze_disagreeing;
use super::pace::{Pace, is_recent};
use super::reconciliations::{
    ReconciliationRow, begin_reconciliation, oldest_pass_end, reconciliation, save_reconciliation,
};
use super::rows::{Accounts, BooksRow, Since, read_books, save_proofs};
use crate::account::freezes::count_frozen;
use crate::asset::rows::tenants;

/// Its queue, of brands: each has one item.
const QUEUE: &str = "points.reconcile";
const ALL: &str = "all";
/// How many accounts of a tenant are checked by one statement.
const ACCOUNTS_MAX: i64 = 100;
/// How many new entries of one account are read by it. The pass waits for an account that has more: it is read on where the
/// page left off, so that one account with a hundred thousand entries bounds nobody's tick.
const LINES_MAX: usize = 500;
/// The next pass over all accounts does not begin earlier after the beginning of the one before.
const PASS_MIN: Duration = Duration::from_mins(10);
/// How long the proof of an entry holds, before it is read again from the disk.
const SCRATCH_EVERY: Duration = Duration::from_hours(30 * 24);
/// How long it rests where there is nothing to check.
const IDLE: Duration = Duration::from_secs(5);

/// Proves account after account, for ever, that entries, lots and balance agree and that no entry is missing.
///
/// What has been proven is remembered by account, so that a pass over all accounts reads only what was posted since the one
/// before; every thirty days, and whenever somebody asks for it, it reads everything from the first entry. How far it has
/// come is in a table: a restart goes on there, and of two replicas that check the same page one remembers it. An account
/// that disagrees is frozen.
pub(crate) struct Reconcile {
    clock: Clock,
    db: Db,
    red: Red,
    pace: Pace,
    queue: Queue,
}

/// What a page of accounts came to.
struct Outcome {
    proofs: Vec<(AccountKey, Proven)>,
    disagreeing: Vec<AccountKey>,
    /// The accounts, in their order, that need no further look in this pass.
    done: Vec<AccountKey>,
    is_last: bool,
}

impl Reconcile {
    pub(crate) fn new(deps: &Deps) -> Self {
        Self {
            pace: Pace::new(deps.clock.clone(), IDLE),
            clock: deps.clock.clone(),
            db: deps.db.clone(),
            red: deps.red.clone(),
            queue: Queue::new(QUEUE, deps),
        }
    }

    /// Checks the next page of a tenant's accounts, and answers how many they were.
    async fn check_page(&self, tenant: Tenant) -> Result<usize, Fault> {
        let now = self.clock.now();
        let mut row = match reconciliation(self.db.read(), tenant).await? {
            Some(row) => row,
            None => self.begin(tenant, now).await?,
        };
        if !row.running {
            if is_recent(row.start_time, PASS_MIN, now) {
                return Ok(0);
            }
            row.begin(now, is_stale(&row, now));
        }
        let since = Since::Proofs {
            scratch_pass: row.scratch_pass,
        };
        let (member, asset) = (row.cursor.0, row.cursor.1.clone());
        let accounts = Accounts::After(member, &asset, ACCOUNTS_MAX);
        let page = read_books(self.db.read(), tenant, accounts, since, LINES_MAX).await?;
        let outcome = judge(&page);
        for key in &outcome.disagreeing {
            freeze_disagreeing(&self.db, &self.clock, key).await?;
        }
        self.remember(tenant, row, &outcome).await?;
        Ok(page.len())
    }

    async fn begin(&self, tenant: Tenant, now: Time) -> Result<ReconciliationRow, Fault> {
        let tx = self.db.begin().await?;
        let row = begin_reconciliation(&tx, tenant, now).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Moves on behind the page, with what it has proven; or does nothing, where another replica has moved on meanwhile.
    async fn remember(&self, tenant: Tenant, mut row: ReconciliationRow, outcome: &Outcome) -> Result<(), Fault> {
        let checked = i64::try_from(outcome.done.len()).map_err(Fault::internal)?;
        row.checked_count = row.checked_count.saturating_add(checked);
        if let Some(last) = outcome.done.last() {
            row.cursor = (last.member.uuid(), last.asset.clone());
        }
        if outcome.is_last {
            row.end(self.clock.now());
        }
        let tx = self.db.begin().await?;
        if !save_reconciliation(&tx, tenant, &row).await? {
            return Ok(());
        }
        save_proofs(&tx, &outcome.proofs, row.scratch_pass).await?;
        tx.commit().await
    }

    /// Tells how it stands, over all tenants.
    async fn tell(&self, checked: usize) -> Result<(), Fault> {
        let (frozen, disagreeing) = count_frozen(self.db.read(), None).await?;
        let last_end = oldest_pass_end(self.db.read()).await?;
        let seconds = last_end.map_or(0, |time| time.millis().div_euclid(1_000));
        self.red.add(
            "points_reconciliation_accounts_checked_total",
            "Accounts that this process has checked.",
            u64::try_from(checked).map_err(Fault::internal)?,
        );
        self.red.level(
            "points_reconciliation_disagreements",
            "Accounts that do not agree with themselves; more than 0 needs an operator.",
            disagreeing,
        );
        self.red.level(
            "points_frozen_accounts",
            "Accounts to which nothing is posted, frozen by a person or by the proof.",
            frozen,
        );
        self.red.level(
            "points_reconciliation_last_pass_end_seconds",
            "When every account had been checked once more, in seconds since 1970, of the tenant for whom it is the longest ago.",
            seconds,
        );
        Ok(())
    }
}

/// Whether what was proven has to be read again.
fn is_stale(row: &ReconciliationRow, now: Time) -> bool {
    let began = row.scratch.map(|(start_time, _)| start_time);
    began.is_none_or(|began| !is_recent(began, SCRATCH_EVERY, now))
}

/// Judges a page. The pass goes on behind the accounts up to the first that has more entries than were read.
fn judge(page: &[BooksRow]) -> Outcome {
    let mut outcome = Outcome {
        proofs: Vec::new(),
        disagreeing: Vec::new(),
        done: Vec::new(),
        is_last: i64::try_from(page.len()).is_ok_and(|read| read < ACCOUNTS_MAX),
    };
    let mut waits = false;
    for BooksRow { key, books } in page {
        let verdict = prove(books, LINES_MAX);
        if verdict.proven != books.proven {
            outcome.proofs.push((key.clone(), verdict.proven));
        }
        if verdict.discrepancy.is_some() {
            outcome.disagreeing.push(key.clone());
        }
        waits |= !verdict.is_complete && verdict.discrepancy.is_none();
        if !waits {
            outcome.done.push(key.clone());
        }
    }
    outcome.is_last &= !waits;
    outcome
}

#[async_trait]
impl Worker for Reconcile {
    fn name(&self) -> &'static str {
        QUEUE
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let Some(began) = self.pace.begin() else {
            return Ok(0);
        };
        let mut checked: usize = 0;
        for tenant in tenants(self.db.read()).await? {
            // A brand that cannot be proven keeps nobody else from it.
            if self.queue.has_free(tenant, ALL).await? {
                let done = self.queue.attempt(tenant, ALL, || self.check_page(tenant)).await?;
                checked = checked.saturating_add(done.unwrap_or(1));
            }
        }
        self.tell(checked).await?;
        self.pace.rest_after(&began, checked > 0);
        Ok(checked)
    }

    async fn rest(&mut self) {
        self.pace.resume().await;
    }
}
