//! How many rows PostgreSQL reads for a call: what a call costs must not grow with the rows that are there.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend};
use store::{Db, statement};

use crate::Harness;
use crate::database::CONNECTIONS_MAX;

/// How often a statement runs before PostgreSQL may keep its plan: five times, on each connection.
const RUNS: usize = 6;
/// How many rows more a call may read of a table once it has grown: the earlier versions of a row that is changed again and
/// again are read until they are swept.
const MORE_MAX: i64 = 64;
/// What stands between a table and the index by which it is read.
const BY: &str = " by ";

/// How many rows a call has read, by table where it read all of one, and by table and index.
pub type RowsRead = BTreeMap<String, i64>;

impl Harness {
    /// Keeps PostgreSQL from looking at the tables by itself: their plans are then those of a table that nobody has analysed
    /// yet. Says whether there is a PostgreSQL at all.
    pub async fn leave_unanalysed(&self) -> bool {
        leave_unanalysed(&self.db).await
    }

    /// Runs a call often enough that every connection may keep the plans of its statements.
    pub async fn warm(&self, call: impl AsyncFn()) {
        for _ in 0..runs_to_warm() {
            call().await;
        }
    }

    /// How many rows a call reads.
    pub async fn rows_read(&self, call: impl AsyncFnOnce()) -> RowsRead {
        let before = rows_read(&self.db).await;
        call().await;
        more(&before, &rows_read(&self.db).await)
    }

    /// Makes rows like one that is there, as if there had been many.
    pub async fn multiply(&self, table: &str, like: &str, numbers: Range<u32>, with: &str) {
        multiply(&self.db, table, like, numbers, with).await;
    }
}

/// [`Harness::leave_unanalysed`], of any database.
pub async fn leave_unanalysed(db: &Db) -> bool {
    const TABLES: &str = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()";
    if db.backend() != DbBackend::Postgres {
        return false;
    }
    let rows = db.read().query_all_raw(statement(db.read(), TABLES, [])).await;
    for row in rows.expect("the tables can be listed") {
        let table: String = row.try_get_by_index(0).expect("a table has a name");
        let sql = format!("ALTER TABLE \"{table}\" SET (autovacuum_enabled = off)");
        db.read()
            .execute_unprepared(&sql)
            .await
            .expect("a table can be left alone");
    }
    true
}

/// How long until a connection that is not handed out counts as kept by the service.
const NONE_LEFT: Duration = Duration::from_secs(2);

/// How often a call runs until every connection may keep the plans of its statements.
pub const fn runs_to_warm() -> usize {
    RUNS.saturating_mul(CONNECTIONS_MAX)
}

/// Makes rows of a table, by one statement, like the first of those that the condition `like` finds, but with other values
/// in some columns: pairs of names and expressions of the number `n`, which is another one in each, `'member_id', md5(n::text)::uuid`.
pub async fn multiply(db: &Db, table: &str, like: &str, numbers: Range<u32>, with: &str) {
    let count = numbers.len();
    let sql = format!(
        "INSERT INTO {table} SELECT r.* FROM (SELECT t FROM {table} AS t WHERE {like} LIMIT 1) AS x \
         CROSS JOIN generate_series({}, {} - 1) AS n \
         CROSS JOIN LATERAL jsonb_populate_record(x.t, jsonb_build_object({with})) AS r",
        numbers.start, numbers.end
    );
    let made = db.read().execute_unprepared(&sql).await.expect("rows can be made");
    assert_eq!(
        usize::try_from(made.rows_affected()),
        Ok(count),
        "rows of {table} like {like}"
    );
}

/// What of the later counts was not yet in the earlier ones.
pub fn more(before: &RowsRead, after: &RowsRead) -> RowsRead {
    let read = |(table, count): (&String, &i64)| {
        let read = count.saturating_sub(before.get(table).copied().unwrap_or(0));
        (read > 0).then(|| (table.clone(), read))
    };
    after.iter().filter_map(read).collect()
}

/// Of calls by their names, what they read more of a table after the tables have grown than before, with the indexes by
/// which they did.
pub fn grown(before: &[(&str, RowsRead)], after: &[(&str, RowsRead)]) -> Vec<String> {
    let mut grown = Vec::new();
    for ((call, before), (_, after)) in before.iter().zip(after) {
        let few = of_tables(before);
        for (table, rows) in of_tables(after) {
            let few = few.get(table).copied().unwrap_or(0);
            if rows > few.saturating_add(MORE_MAX) {
                let by = after.iter().filter(|(index, _)| table_of(index) == table);
                let by: Vec<String> = by.map(|(index, rows)| format!("{rows} of {index}")).collect();
                grown.push(format!(
                    "{call} reads {rows} rows of {table}, and read {few} before: {}",
                    by.join(", ")
                ));
            }
        }
    }
    grown
}

fn of_tables(read: &RowsRead) -> BTreeMap<&str, i64> {
    let mut tables: BTreeMap<&str, i64> = BTreeMap::new();
    for (index, rows) in read {
        let sum = tables.entry(table_of(index)).or_default();
        *sum = sum.saturating_add(*rows);
    }
    tables
}

fn table_of(index: &str) -> &str {
    index.split_once(BY).map_or(index, |(table, _)| table)
}

/// How many rows were read so far. Every connection is held once, so that all of them tell, but for the one by which a service
/// may show that it lives: it stays with the service, and reads no table.
pub async fn rows_read(db: &Db) -> RowsRead {
    // What an index gives is read from the table, or need not be.
    const COUNTERS: &str = "SELECT t.relname::text, t.seq_tup_read FROM pg_stat_user_tables AS t \
         WHERE t.schemaname = current_schema() \
         UNION ALL SELECT i.relname::text || ' by ' || i.indexrelname::text, i.idx_tup_read \
         FROM pg_stat_user_indexes AS i WHERE i.schemaname = current_schema()";
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        let Ok(begun) = tokio::time::timeout(NONE_LEFT, db.begin()).await else {
            assert_eq!(
                held.len().saturating_add(1),
                CONNECTIONS_MAX,
                "only one connection is kept"
            );
            break;
        };
        let tx = begun.expect("a connection");
        tx.execute_unprepared("SELECT pg_stat_force_next_flush()")
            .await
            .expect("counters can be told");
        held.push(tx);
    }
    for tx in held {
        tx.commit().await.expect("nothing was changed");
    }
    let rows = db.read().query_all_raw(statement(db.read(), COUNTERS, [])).await;
    let read = |row: sea_orm::QueryResult| {
        let table = row.try_get_by_index(0).expect("a table has a name");
        (table, row.try_get_by_index(1).expect("a counter is a number"))
    };
    rows.expect("counters can be read").into_iter().map(read).collect()
}
