//! Texts are ordered by their bytes, whatever locale a PostgreSQL database was made with.
//!
//! The order of a list, where its next page begins and in which order rows are locked must not depend on an installation:
//! a locale of ICU puts `a_b` before `ab`, SQLite and Rust do not, and an update of the operating system may turn an order
//! around under an index. Nothing here is for people's eyes.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, TransactionTrait};

use crate::statement;

/// The texts of this schema that follow the database's locale, where that is another order than that of the bytes.
/// PostgreSQL before 15 does not tell a provider, for it has one.
const LOCAL: &str = "
SELECT c.relname::TEXT, a.attname::TEXT, format_type(a.atttypid, a.atttypmod)
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_collation k ON k.oid = a.attcollation
JOIN pg_database d ON d.datname = current_database()
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
  AND a.attnum > 0 AND NOT a.attisdropped AND k.collname = 'default'
  AND NOT (COALESCE(to_jsonb(d) ->> 'datlocprovider', 'c') = 'c'
           AND d.datcollate IN ('C', 'POSIX', 'C.UTF-8', 'C.utf8'))
ORDER BY c.relname, a.attnum";

/// The triggers that name columns, of the tables of this schema: such a column cannot change its type under them.
const TRIGGERS: &str = "
SELECT c.relname::TEXT, g.tgname::TEXT, pg_get_triggerdef(g.oid)
FROM pg_trigger g
JOIN pg_class c ON c.oid = g.tgrelid
WHERE c.relnamespace = current_schema()::regnamespace AND NOT g.tgisinternal AND g.tgattr::TEXT <> ''
ORDER BY c.relname, g.tgname";

/// Gives the texts of all tables the order of their bytes. Does nothing where they have it, as they do from the second
/// start on; a table is only indexed anew, not written.
pub(crate) async fn by_bytes(writer: &DatabaseConnection) -> Result<(), DbErr> {
    if writer.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let tx = writer.begin().await?;
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in tx.query_all_raw(statement(&tx, LOCAL, [])).await? {
        let (table, column, kind): (String, String, String) = (
            row.try_get_by_index(0)?,
            row.try_get_by_index(1)?,
            row.try_get_by_index(2)?,
        );
        let change = format!("ALTER COLUMN \"{column}\" TYPE {kind} COLLATE \"C\"");
        tables.entry(table).or_default().push(change);
    }
    if tables.is_empty() {
        return Ok(());
    }
    tracing::info!(tables = tables.len(), "texts are ordered by their bytes from now on");
    // Large tables take their time, once.
    tx.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
    tx.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0")
        .await?;
    // Other transactions that write to these tables wait, so that nothing passes while a trigger is away.
    let triggers = tx.query_all_raw(statement(&tx, TRIGGERS, [])).await?;
    let mut again = Vec::with_capacity(triggers.len());
    for row in triggers {
        let (table, trigger): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        tx.execute_unprepared(&format!("DROP TRIGGER \"{trigger}\" ON \"{table}\""))
            .await?;
        again.push(row.try_get_by_index::<String>(2)?);
    }
    for (table, changes) in tables {
        let sql = format!("ALTER TABLE \"{table}\" {}", changes.join(", "));
        tx.execute_unprepared(&sql).await?;
    }
    for trigger in again {
        tx.execute_unprepared(&trigger).await?;
    }
    tx.commit().await
}
