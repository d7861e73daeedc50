use std::time::{Duration, Instant};

use async_trait::async_trait;
use fault::Fault;
use kernel::{Clock, Tenant, Time};
use runtime::Worker;
use store::Db;
use telemetry::Red;
use uuid::Uuid;

use super::pace::Pace;
use crate::domain::miscount;
use crate::store::{
    WalkRow, add_sums, begin_walk, count_miscounted, forget_sums, next_sums, save_walk, tallies, tenants, walk,
};

/// How many entries of a tenant are added up in one tick.
const ENTRIES_MAX: i64 = 2_000;
/// Entries are walked over once they are so old. They are numbered by the clock before they are committed: by then all that
/// have an earlier number have been, since no transaction runs as long, and no clock is that wrong.
const AGE_MIN: Duration = Duration::from_mins(3);
/// How many entries that are younger are added up for a comparison. A ledger that posts more meanwhile is compared when it
/// has a quieter hour.
const REST_MAX: i64 = 200_000;
/// The running sums are not compared more often: each time all of them are read.
const COMPARE_MIN: Duration = Duration::from_hours(1);
/// How long it rests where there is nothing to do.
const IDLE: Duration = Duration::from_mins(1);

/// Proves, for ever, that the running sums are what all entries sum up to, by asset and kind of entry.
///
/// Entries are only ever added: each is walked over once, in the order of their numbers, and what they sum up to is kept.
/// Whenever the walk has come near the present, the running sums are compared with that and with the few entries since. A
/// disagreement is told, loudly and each time, until there is none any more; nothing is repaired. After one, everything is
/// added up anew from the first entry.
///
/// It does not prove by which month and cost centre a sum is kept.
pub(crate) struct ProveCounters {
    clock: Clock,
    db: Db,
    red: Red,
    pace: Pace,
}

impl ProveCounters {
    pub(crate) fn new(clock: Clock, db: Db, red: Red) -> Self {
        Self {
            pace: Pace::new(clock.clone(), IDLE),
            clock,
            db,
            red,
        }
    }

    /// Walks on, and answers over how many entries; compares at the end.
    async fn walk_on(&self, tenant: Tenant) -> Result<usize, Fault> {
        let row = match walk(self.db.read(), tenant).await? {
            Some(row) => row,
            None => self.begin(tenant).await?,
        };
        let before = first_id_of(self.clock.now().minus(AGE_MIN));
        let (sums, last, found) = next_sums(self.db.read(), tenant, (row.entry, before), ENTRIES_MAX).await?;
        if let Some(last) = last {
            let tx = self.db.begin().await?;
            if !save_walk(&tx, tenant, &WalkRow { entry: last, ..row }).await? {
                return Ok(found);
            }
            add_sums(&tx, tenant, &sums).await?;
            tx.commit().await?;
        }
        if i64::try_from(found).is_ok_and(|found| found < ENTRIES_MAX) {
            self.compare(tenant).await?;
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

    async fn compare(&self, tenant: Tenant) -> Result<(), Fault> {
        let now = self.clock.now();
        let row = walk(self.db.read(), tenant).await?.unwrap_or_default();
        if row.compare_time.is_some_and(|time| now < time.plus(COMPARE_MIN)) {
            return Ok(());
        }
        let Some(tallies) = tallies(self.db.read(), tenant, REST_MAX).await? else {
            return Ok(());
        };
        let miscount = miscount(&tallies).map(|found| found.to_string());
        let tx = self.db.begin().await?;
        let entry = match &miscount {
            Some(miscount) => {
                tracing::error!(%tenant, miscount, "the running sums do not agree with the entries");
                forget_sums(&tx, tenant).await?;
                Uuid::nil()
            }
            None => row.entry,
        };
        let compared = WalkRow {
            entry,
            compare_time: Some(now),
            miscount,
            ..row
        };
        if save_walk(&tx, tenant, &compared).await? {
            tx.commit().await?;
        }
        Ok(())
    }

    async fn tell(&self) -> Result<(), Fault> {
        self.red.level(
            "points_reconciliation_miscounts",
            "Tenants whose running sums do not agree with their entries; more than 0 needs an operator.",
            count_miscounted(self.db.read()).await?,
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
        "points.prove_counters"
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        if self.pace.is_resting() {
            return Ok(0);
        }
        let began = Instant::now();
        let mut walked: usize = 0;
        for tenant in tenants(self.db.read()).await? {
            walked = walked.saturating_add(self.walk_on(tenant).await?);
        }
        self.tell().await?;
        self.pace.rest_after(began, walked > 0);
        Ok(walked)
    }

    async fn rest(&mut self) {
        self.pace.resume().await;
    }
}
