//! Items of workers' queues that have failed: tried again after a growing pause, or parked until an operator says so.
//!
//! A queue leaves them out of its list ([`is_free`]), so that nobody waits behind one.

use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Value};

use crate::{Column, Db, Tx, statement, values};

/// How much of a reason is kept.
const REASON_CHARS_MAX: usize = 1_000;

/// An item of a queue that has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StuckItem {
    /// Whose queue: "`tagging.backfill_tags`".
    pub queue: String,
    /// Whose item.
    pub tenant: Tenant,
    /// What the queue calls it: a tag's code, a member's id.
    pub item: String,
    /// How often it has failed.
    pub tries: u32,
    /// Why it failed last.
    pub reason: String,
    /// When it is tried again; none where it is parked.
    pub retry_time: Option<Time>,
    /// When it failed last.
    pub fail_time: Time,
}

/// The condition by which a queue's list leaves out what is set aside. `tenant` and `item` are the columns that name an item,
/// `now` the placeholder of the present time. What failed later than now failed while the clock was ahead: it does not wait for
/// as long as the clock was.
pub fn is_free(queue: &'static str, tenant: &str, item: &str, now: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM stuck_item AS stuck WHERE stuck.queue = '{queue}' AND stuck.tenant_id = {tenant} \
         AND stuck.item = {item} \
         AND (stuck.retry_time IS NULL OR (stuck.retry_time > {now} AND stuck.fail_time <= {now})))"
    )
}

/// Why an item of a queue is parked; null where it is not. A column of a statement that reads the item's own row.
pub fn parked_reason(queue: &'static str, tenant: &str, item: &str) -> String {
    format!(
        "(SELECT stuck.reason FROM stuck_item AS stuck WHERE stuck.queue = '{queue}' AND stuck.tenant_id = {tenant} \
         AND stuck.item = {item} AND stuck.retry_time IS NULL)"
    )
}

/// A column of ids, as a queue calls an item that has one: 32 hexadecimal digits.
pub fn id_text(backend: DbBackend, column: &str) -> String {
    match backend {
        DbBackend::Sqlite => format!("LOWER(HEX({column}))"),
        _ => format!("REPLACE(CAST({column} AS TEXT), '-', '')"),
    }
}

/// A reason as both databases keep it: PostgreSQL has no U+0000 in a text, and what failed may be full of them.
pub fn storable(reason: &str) -> String {
    let chars = reason.chars().map(|char| if char == '\0' { '\u{FFFD}' } else { char });
    chars.take(REASON_CHARS_MAX).collect()
}

const COLUMNS: &str = "queue, tenant_id, item, tries, reason, retry_time, fail_time";

impl Db {
    /// Those items of this service that have failed, the parked ones first.
    pub async fn stuck_items(&self, items_max: i64) -> Result<Vec<StuckItem>, Fault> {
        let sql = format!(
            "SELECT {COLUMNS} FROM stuck_item ORDER BY CASE WHEN retry_time IS NULL THEN 0 ELSE 1 END, fail_time, queue, \
             tenant_id, item LIMIT $1"
        );
        let rows = self
            .read()
            .query_all_raw(statement(self.read(), &sql, [items_max.into()]))
            .await?;
        rows.iter().map(read).collect()
    }

    /// One of them.
    pub async fn stuck_item(&self, queue: &str, tenant: Tenant, item: &str) -> Result<Option<StuckItem>, Fault> {
        find(self.read(), queue, tenant, item).await
    }

    /// Which items of a queue have failed before and may have been tried again by now.
    pub async fn retried_items(&self, queue: &str, now: Time, items_max: i64) -> Result<Vec<(Tenant, String)>, Fault> {
        const RETRIED: &str = "SELECT tenant_id, item FROM stuck_item WHERE queue = $1 AND (retry_time <= $2 OR (retry_time IS NOT NULL \
             AND fail_time > $2)) ORDER BY retry_time LIMIT $3";
        let parameters: [Value; 3] = [queue.into(), now.micros().into(), items_max.into()];
        let rows = self
            .read()
            .query_all_raw(statement(self.read(), RETRIED, parameters))
            .await?;
        rows.iter()
            .map(|row| Ok((Tenant::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?)))
            .collect()
    }
}

impl StuckItem {
    /// Whether its queue takes it again, as [`is_free`] says it of the database.
    pub fn may_be_tried(&self, now: Time) -> bool {
        self.retry_time
            .is_some_and(|retry_time| retry_time <= now || self.fail_time > now)
    }

    /// Whether it waits for an operator.
    pub fn is_parked(&self) -> bool {
        self.retry_time.is_none()
    }

    /// Notes the failure, over what was noted of the item before.
    pub async fn save(&self, tx: &Tx) -> Result<(), Fault> {
        let sql = format!(
            "INSERT INTO stuck_item ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (queue, tenant_id, item) DO UPDATE SET tries = excluded.tries, reason = excluded.reason, \
             retry_time = excluded.retry_time, fail_time = excluded.fail_time"
        );
        let parameters: [Value; 7] = [
            self.queue.clone().into(),
            self.tenant.uuid().into(),
            self.item.clone().into(),
            i64::from(self.tries).into(),
            storable(&self.reason).into(),
            self.retry_time.map(Time::micros).into(),
            self.fail_time.micros().into(),
        ];
        tx.execute_raw(statement(&**tx, &sql, parameters)).await?;
        Ok(())
    }
}

/// What is noted of an item.
pub async fn find(
    conn: &impl ConnectionTrait,
    queue: &str,
    tenant: Tenant,
    item: &str,
) -> Result<Option<StuckItem>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM stuck_item WHERE queue = $1 AND tenant_id = $2 AND item = $3");
    let parameters: [Value; 3] = [queue.into(), tenant.uuid().into(), item.into()];
    let row = conn.query_one_raw(statement(conn, &sql, parameters)).await?;
    row.as_ref().map(read).transpose()
}

/// Those of the items that are parked. The caller keeps their number bounded.
pub async fn find_parked(
    conn: &impl ConnectionTrait,
    queue: &str,
    tenant: Tenant,
    items: Vec<String>,
) -> Result<Vec<StuckItem>, Fault> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let rows = items.into_iter().map(|item| vec![item.into()]).collect();
    let (list, own) = values(conn.get_database_backend(), 3, &[Column::Text], rows);
    let sql = format!(
        "SELECT {COLUMNS} FROM stuck_item WHERE queue = $1 AND tenant_id = $2 AND retry_time IS NULL AND item IN {list}"
    );
    let parameters = [queue.into(), tenant.uuid().into()].into_iter().chain(own);
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    rows.iter().map(read).collect()
}

/// Forgets that an item has failed: its queue takes it again. Answers whether it had.
pub async fn release(tx: &Tx, queue: &str, tenant: Tenant, item: &str) -> Result<bool, Fault> {
    const RELEASE: &str = "DELETE FROM stuck_item WHERE queue = $1 AND tenant_id = $2 AND item = $3";
    let parameters: [Value; 3] = [queue.into(), tenant.uuid().into(), item.into()];
    let released = tx.execute_raw(statement(&**tx, RELEASE, parameters)).await?;
    Ok(released.rows_affected() > 0)
}

fn read(row: &QueryResult) -> Result<StuckItem, Fault> {
    let tries: i64 = row.try_get_by_index(3)?;
    let retry_time: Option<i64> = row.try_get_by_index(5)?;
    Ok(StuckItem {
        queue: row.try_get_by_index(0)?,
        tenant: Tenant::from_uuid(row.try_get_by_index(1)?),
        item: row.try_get_by_index(2)?,
        tries: u32::try_from(tries).map_err(Fault::internal)?,
        reason: row.try_get_by_index(4)?,
        retry_time: retry_time.map(Time::from_micros),
        fail_time: Time::from_micros(row.try_get_by_index(6)?),
    })
}
