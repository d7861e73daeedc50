//! How many rows PostgreSQL reads for a call: what a call costs must not grow with the rows that are there.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbBackend};
use store::{Db, statement};

use crate::Harness;
use crate::database::CONNECTIONS_MAX;

/// How often a statement runs before PostgreSQL may keep its plan: five times, on each connection.
const RUNS: usize = 6;

impl Harness {
    /// Keeps PostgreSQL from looking at the tables by itself: their plans are then those of a table that nobody has analysed
    /// yet. Says whether there is a PostgreSQL at all.
    pub async fn leave_unanalysed(&self) -> bool {
        const TABLES: &str = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()";
        if self.db.backend() != DbBackend::Postgres {
            return false;
        }
        let rows = self
            .db
            .read()
            .query_all_raw(statement(self.db.read(), TABLES, []))
            .await;
        for row in rows.expect("the tables can be listed") {
            let table: String = row.try_get_by_index(0).expect("a table has a name");
            let sql = format!("ALTER TABLE \"{table}\" SET (autovacuum_enabled = off)");
            self.db
                .read()
                .execute_unprepared(&sql)
                .await
                .expect("a table can be left alone");
        }
        true
    }

    /// Runs a call often enough that every connection may keep the plans of its statements.
    pub async fn warm(&self, call: impl AsyncFn()) {
        for _ in 0..RUNS.saturating_mul(CONNECTIONS_MAX) {
            call().await;
        }
    }

    /// How many rows a call reads, by table, over the indexes or without.
    pub async fn rows_read(&self, call: impl AsyncFnOnce()) -> BTreeMap<String, i64> {
        let before = counters(&self.db).await;
        call().await;
        let after = counters(&self.db).await;
        let read = |(table, count): (String, i64)| {
            let read = count.saturating_sub(before.get(&table).copied().unwrap_or(0));
            (read > 0).then_some((table, read))
        };
        after.into_iter().filter_map(read).collect()
    }
}

/// What every connection has counted so far. Each is held once, so that all of them tell.
async fn counters(db: &Db) -> BTreeMap<String, i64> {
    const COUNTERS: &str = "SELECT t.relname::text, (t.seq_tup_read + COALESCE(t.idx_tup_fetch, 0) + COALESCE( \
         (SELECT SUM(i.idx_tup_read) FROM pg_stat_user_indexes AS i WHERE i.relid = t.relid), 0))::bigint \
         FROM pg_stat_user_tables AS t WHERE t.schemaname = current_schema()";
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        let tx = db.begin().await.expect("a connection");
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
