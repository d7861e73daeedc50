use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use fault::Fault;
use kernel::{Clock, Tenant, Time};
use ledger::{SumPage, WrongSum, miscount, wrong_sums};
use runtime::{Deps, Queue, Worker};
use store::Db;
use telemetry::Red;
use uuid::Uuid;

use super::miscounts::{count_miscounted, count_wrong_sums, save_wrong_sums};
use super::pace::{Pace, is_recent};
use super::sum_pages::{NextPage, add_proven, next_pages, page_sums, sums_between};
use super::sum_walk::{WalkRow, begin_walk, forget_sums, save_walk, walk};
use crate::asset::rows::tenants;
use crate::posting::tallies::{add_sums, next_sums, tallies};

/// Its queue, of brands: each has one item.
const QUEUE: &str = "points.prove_counters";
const ALL: &str = "all";
/// How many entries of a tenant are added up in one tick.
const ENTRIES_MAX: i64 = 2_000;
/// Entries are walked over once they are so old. They are numbered by the clock before they are committed: by then all that
/// have an earlier number have been, since no transaction runs as long, and no clock is that wrong.
const AGE_MIN: Duration = Duration::from_mins(3);
/// How many entries that are younger are added up for a comparison. A ledger that posts more meanwhile is compared when it
/// has a quieter hour.
const REST_MAX: i64 = 200_000;
/// How many months are compared by the first statement of a tick, and by any. Each compares twice as many as the one before
/// while they hold few sums, and half as many otherwise: a month holds one for each pair of cost centres.
const PAGES_FIRST: usize = 8;
const PAGES_MAX: usize = 128;
const SUMS_FEW: usize = 5_000;
/// For how long a tick compares.
const COMPARE_MAX: Duration = Duration::from_secs(2);
/// How many disagreements of one month are logged; all of them are kept.
const LOGGED_MAX: usize = 20;
/// A comparison does not begin sooner after the last one ended: each time all running sums are read.
const COMPARE_MIN: Duration = Duration::from_hours(1);
/// How long it rests where there is nothing to do.
const IDLE: Duration = Duration::from_mins(1);

/// Proves, for ever, that the running sums are what all entries sum up to, by everything that they are kept by: asset, kind of
/// entry, month and cost centres.
///
/// Entries are only ever added: each is walked over once, in the order of their numbers, and what they and their lots sum up to
/// is kept. Whenever the walk has come near the present, the running sums are compared with that and with the few entries
/// since, some months of assets and views at a time; a comparison that does not end in one tick goes on in the next one. At the
/// end the sums over all months are compared, with the number of entries. A disagreement is told, loudly and each time, until
/// there is none any more; nothing is repaired. After one, everything is added up anew from the first entry.
///
/// A month is not taken for proven for ever once it is over: what was harmed afterwards would not be found, and reading its
/// sums costs little, however many entries they are of.
pub(crate) struct ProveCounters {
    clock: Clock,
    db: Db,
    red: Red,
    pace: Pace,
    queue: Queue,
}

impl ProveCounters {
    pub(crate) fn new(deps: &Deps) -> Self {
        Self {
            pace: Pace::new(deps.clock.clone(), IDLE),
            clock: deps.clock.clone(),
            db: deps.db.clone(),
            red: deps.red.clone(),
            queue: Queue::new(QUEUE, deps),
        }
    }

    /// Walks on, and compares at the end; answers how many entries and months there were.
    async fn walk_on(&self, tenant: Tenant) -> Result<usize, Fault> {
        let mut row = match walk(self.db.read(), tenant).await? {
            Some(row) => row,
            None => self.begin(tenant).await?,
        };
        let before = first_id_of(self.clock.now().minus(AGE_MIN));
        let (sums, last, found) = next_sums(self.db.read(), tenant, (row.entry, before), ENTRIES_MAX).await?;
        if let Some(last) = last {
            let by_month = sums_between(self.db.read(), tenant, (row.entry, last)).await?;
            let tx = self.db.begin().await?;
            row.entry = last;
            if !save_walk(&tx, tenant, &mut row).await? {
                return Ok(found);
            }
            add_sums(&tx, tenant, &sums).await?;
            add_proven(&tx, &by_month).await?;
            tx.commit().await?;
        }
        if i64::try_from(found).is_ok_and(|found| found < ENTRIES_MAX) {
            let compared = self.compare(tenant, row).await?;
            return Ok(found.saturating_add(compared));
        }
        Ok(found)
    }

    async fn begin(&self, tenant: Tenant) -> Result<WalkRow, Fault> {
        let tx = self.db.begin().await?;
        begin_walk(&tx, tenant).await?;
        let row = walk(&*tx, tenant).await?;
        tx.commit().await?;
        row.ok_or_else(|| Fault::internal("a walk that was begun is not there"))
    }

    /// Compares, if it is time to, as many months as there is time for; answers how many.
    ///
    /// What agrees changes nothing but how far it has come, and that is written once, in the end.
    async fn compare(&self, tenant: Tenant, mut row: WalkRow) -> Result<usize, Fault> {
        let began = Instant::now();
        let now = self.clock.now();
        let has_compared = |time| is_recent(time, COMPARE_MIN, now);
        if row.page.is_none() && row.compare_time.is_some_and(has_compared) {
            return Ok(0);
        }
        // What was found wrong in a month may be right by now.
        let mut has_wrong = count_wrong_sums(self.db.read(), Some(tenant)).await? > 0;
        let (mut compared, mut at_once) = (0_usize, PAGES_FIRST);
        while began.elapsed() <= COMPARE_MAX {
            let pages = next_pages(self.db.read(), tenant, row.page.as_ref(), at_once).await?;
            let Some(last) = pages.last() else {
                if self.compare_totals(tenant, &row).await? {
                    return Ok(compared);
                }
                break;
            };
            let Some((sums, wrong)) = self.compare_pages(tenant, &pages).await? else {
                break;
            };
            has_wrong |= !wrong.is_empty();
            row.page = Some(last.page.clone());
            if has_wrong {
                let tx = self.db.begin().await?;
                if !save_walk(&tx, tenant, &mut row).await? {
                    return Ok(compared);
                }
                let pages: Vec<&SumPage> = pages.iter().map(|it| &it.page).collect();
                save_wrong_sums(&tx, tenant, &pages, &wrong).await?;
                tx.commit().await?;
            }
            compared = compared.saturating_add(pages.len());
            at_once = match sums <= SUMS_FEW {
                true => at_once.saturating_mul(2).min(PAGES_MAX),
                false => at_once.div_euclid(2).max(1),
            };
        }
        let tx = self.db.begin().await?;
        if save_walk(&tx, tenant, &mut row).await? {
            tx.commit().await?;
        }
        Ok(compared)
    }

    /// Compares the sums of some months; answers how many they were, and those that are wrong; none where it was not possible.
    async fn compare_pages(&self, tenant: Tenant, pages: &[NextPage]) -> Result<Option<(usize, Vec<WrongSum>)>, Fault> {
        let Some(sums) = page_sums(self.db.read(), tenant, pages, REST_MAX).await? else {
            return Ok(None);
        };
        let count = sums.iter().map(BTreeMap::len).sum();
        let mut all_wrong = Vec::new();
        for (it, sums) in pages.iter().zip(sums) {
            let wrong = wrong_sums(&it.page, sums);
            for sum in wrong.iter().take(LOGGED_MAX) {
                let disagreement = sum.to_string();
                tracing::error!(%tenant, disagreement, of = wrong.len(), "a running sum does not agree with the entries");
            }
            all_wrong.extend(wrong);
        }
        Ok(Some((count, all_wrong)))
    }

    /// Compares the sums over all months, and so ends the comparison; answers whether that was possible.
    async fn compare_totals(&self, tenant: Tenant, row: &WalkRow) -> Result<bool, Fault> {
        let Some(tallies) = tallies(self.db.read(), tenant, REST_MAX).await? else {
            return Ok(false);
        };
        let miscount = miscount(&tallies).map(|found| found.to_string());
        if let Some(miscount) = &miscount {
            tracing::error!(%tenant, miscount, "the running sums do not agree with the entries");
        }
        let tx = self.db.begin().await?;
        let is_wrong = miscount.is_some() || count_wrong_sums(&*tx, Some(tenant)).await? > 0;
        let mut compared = WalkRow {
            miscount,
            ..row.clone()
        };
        if is_wrong {
            compared.restart();
        }
        compared.compare_time = Some(self.clock.now());
        compared.page = None;
        if save_walk(&tx, tenant, &mut compared).await? {
            if is_wrong {
                forget_sums(&tx, tenant).await?;
            }
            tx.commit().await?;
        }
        Ok(true)
    }

    async fn tell(&self) -> Result<(), Fault> {
        self.red.level(
            "points_reconciliation_miscounts",
            "Tenants whose running sums do not agree with their entries; more than 0 needs an operator.",
            count_miscounted(self.db.read()).await?,
        );
        self.red.level(
            "points_reconciliation_wrong_sums",
            "Running sums of a month and cost centre that do not agree with the entries; more than 0 needs an operator.",
            count_wrong_sums(self.db.read(), None).await?,
        );
        Ok(())
    }
}

/// The id before all that are made from a time on.
fn first_id_of(time: Time) -> Uuid {
    let millis = u128::try_from(time.millis()).unwrap_or(0);
    // The first 48 of 128 bits of a UUIDv7 are the milliseconds since 1970 (RFC 9562, 5.7).
    Uuid::from_u128(millis.saturating_mul(1 << 80))
}

#[async_trait]
impl Worker for ProveCounters {
    fn name(&self) -> &'static str {
        QUEUE
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let Some(began) = self.pace.begin() else {
            return Ok(0);
        };
        let mut walked: usize = 0;
        for tenant in tenants(self.db.read()).await? {
            // A brand that cannot be proven keeps nobody else from it.
            if self.queue.has_free(tenant, ALL).await? {
                let done = self.queue.attempt(tenant, ALL, || self.walk_on(tenant)).await?;
                walked = walked.saturating_add(done.unwrap_or(1));
            }
        }
        self.tell().await?;
        self.pace.rest_after(&began, walked > 0);
        Ok(walked)
    }

    async fn rest(&mut self) {
        self.pace.resume().await;
    }
}
