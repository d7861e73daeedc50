use std::collections::BTreeSet;

use fault::{Fault, Trouble};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTraitSelf, SchemaManager};

use crate::place::Place;
use crate::{collation, statement};

/// A step of a schema, in SQL that both databases read. Never changed once it has landed.
///
/// `{uuid}` and `{bytes}` become the database's type; `{clustered}` makes SQLite keep the rows within the primary key.
/// Only for tables without a second index: given `WHERE tenant_id = $1 AND member_id = $2`, SQLite prefers the first column
/// of a clustered key to an index on both, unless the index covers all that is asked for, and reads all of the tenant's rows.
///
/// `{refuse entry UPDATE}` becomes a trigger, called `entry_refuses_update`, by which the database refuses to change any row
/// of `entry`, for any statement; `{refuse entry DELETE}` the same for taking rows away; `{refuse lot UPDATE OF granted,
/// grant_time}` for certain columns. Each costs only the statements that it refuses. A migration that makes such a table
/// anew makes its triggers anew.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its name, in the order of which migrations run: "`points_0001_ledger`".
    pub name: &'static str,
    /// The statements.
    pub sql: &'static str,
}

/// What every service has: request ids, outbox, positions of its consumers, parked facts, redirects.
const BASE: Migration = Migration {
    name: "base_0001",
    sql: "
CREATE TABLE request (
    tenant_id {uuid} NOT NULL,
    method TEXT NOT NULL,
    request_id TEXT NOT NULL,
    digest {bytes} NOT NULL,
    answer {bytes} NOT NULL,
    PRIMARY KEY (tenant_id, method, request_id)
) {clustered};
CREATE TABLE outbox (
    fact_id {uuid} NOT NULL PRIMARY KEY,
    position BIGINT,
    tenant_id {uuid} NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload {bytes} NOT NULL,
    occur_time BIGINT NOT NULL,
    traceparent TEXT NOT NULL
);
CREATE UNIQUE INDEX outbox_position ON outbox (position);
CREATE INDEX outbox_waiting ON outbox (fact_id) WHERE position IS NULL;
CREATE TABLE outbox_head (lock INT NOT NULL PRIMARY KEY CHECK (lock = 0), last_position BIGINT NOT NULL);
INSERT INTO outbox_head (lock, last_position) VALUES (0, 0);
CREATE TABLE consumer (
    name TEXT NOT NULL PRIMARY KEY,
    stream TEXT NOT NULL,
    position BIGINT NOT NULL CHECK (position >= 0)
);
CREATE TABLE parked_fact (
    consumer TEXT NOT NULL,
    position BIGINT NOT NULL,
    fact_id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload {bytes} NOT NULL,
    occur_time BIGINT NOT NULL,
    reason TEXT NOT NULL,
    park_time BIGINT NOT NULL,
    PRIMARY KEY (consumer, position)
);
CREATE TABLE redirect (
    tenant_id {uuid} NOT NULL,
    from_id {uuid} NOT NULL,
    to_id {uuid} NOT NULL,
    PRIMARY KEY (tenant_id, from_id),
    CHECK (from_id <> to_id)
);
CREATE INDEX redirect_to ON redirect (tenant_id, to_id);
",
};

/// Redirects that have ended, each by what ended it, so that a fact that is told again neither makes nor ends one anew.
const ENDED_REDIRECTS: Migration = Migration {
    name: "base_0002_ended_redirects",
    sql: "
CREATE TABLE ended_redirect (
    tenant_id {uuid} NOT NULL,
    cause_id {uuid} NOT NULL,
    PRIMARY KEY (tenant_id, cause_id)
) {clustered};
",
};

/// Items of workers' queues that have failed. Without a time at which it is tried again, an item waits for an operator.
const STUCK_ITEMS: Migration = Migration {
    name: "base_0003_stuck_items",
    sql: "
CREATE TABLE stuck_item (
    queue TEXT NOT NULL,
    tenant_id {uuid} NOT NULL,
    item TEXT NOT NULL,
    tries BIGINT NOT NULL,
    reason TEXT NOT NULL,
    retry_time BIGINT,
    fail_time BIGINT NOT NULL,
    PRIMARY KEY (queue, tenant_id, item)
) {clustered};
",
};

/// When the service was last seen at work: one row, which is there from the beginning. Where the service has been at work
/// before there was this table, its last fact tells when.
const HEARTBEAT: Migration = Migration {
    name: "base_0004_heartbeat",
    sql: "
CREATE TABLE heartbeat (
    lock INT NOT NULL PRIMARY KEY CHECK (lock = 0),
    seen_time BIGINT,
    accept_time BIGINT,
    doubt TEXT
);
INSERT INTO heartbeat (lock, seen_time) SELECT 0, (SELECT occur_time FROM outbox ORDER BY fact_id DESC LIMIT 1);
",
};

/// What one of the service's replicas has for a while. Rows are never taken away: the tokens go on from them.
const LEASE: Migration = Migration {
    name: "base_0005_lease",
    sql: "
CREATE TABLE lease (
    name TEXT NOT NULL PRIMARY KEY,
    holder {uuid} NOT NULL,
    token BIGINT NOT NULL CHECK (token > 0),
    expire_time BIGINT NOT NULL
);
",
};

struct Migrations(Vec<Migration>);

struct Step {
    migration: Migration,
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.migration.name
    }
}

#[sea_orm_migration::async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let conn = manager.get_connection();
        let (uuid, bytes, clustered) = match conn.get_database_backend() {
            DbBackend::Sqlite => ("BLOB", "BLOB", "WITHOUT ROWID"),
            _ => ("UUID", "BYTEA", ""),
        };
        let sql = self
            .migration
            .sql
            .replace("{uuid}", uuid)
            .replace("{bytes}", bytes)
            .replace("{clustered}", clustered);
        let sql = with_guards(&sql, conn.get_database_backend())?;
        conn.execute_unprepared(&sql).await.map(drop)
    }
}

/// The statements with every `{refuse table event}` spelt out.
fn with_guards(sql: &str, backend: DbBackend) -> Result<String, DbErr> {
    const OPENING: &str = "{refuse ";
    let mut pieces = sql.split(OPENING);
    let mut spelt = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let guard = piece.split_once('}').and_then(|(what, rest)| {
            let (table, event) = what.split_once(' ')?;
            Some((table, event, rest))
        });
        let (table, event, rest) = guard.ok_or_else(|| DbErr::Migration(format!("{OPENING}{piece} has no end")))?;
        spelt.push_str(&refusing(table, event, backend));
        spelt.push_str(rest);
    }
    Ok(spelt)
}

/// The trigger that refuses an event of a table. In PostgreSQL a table may also be emptied without deleting a row.
fn refusing(table: &str, event: &str, backend: DbBackend) -> String {
    let word = event.split(' ').next().unwrap_or_default();
    let name = format!("{table}_refuses_{}", word.to_lowercase());
    if backend == DbBackend::Sqlite {
        return format!(
            "CREATE TRIGGER {name} BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, '{table} refuses {word}'); END;"
        );
    }
    let whole = if word == "DELETE" {
        format!(
            "CREATE TRIGGER {table}_refuses_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse();"
        )
    } else {
        String::new()
    };
    format!(
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $refuse$ BEGIN \
         RAISE EXCEPTION '% refuses %', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation'; END $refuse$; \
         CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse(); {whole}"
    )
}

impl MigratorTraitSelf for Migrations {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        let step = |&migration: &Migration| -> Box<dyn MigrationTrait> { Box::new(Step { migration }) };
        self.0.iter().map(step).collect()
    }
}

/// Brings the tables up to date. Replicas that start at once take turns.
pub(crate) async fn up(writer: &DatabaseConnection, place: &Place, migrations: Vec<Migration>) -> Result<(), Fault> {
    let all = all(migrations);
    let fail = |error: DbErr| match Trouble::of(&error) {
        Some(trouble) => trouble.at(place.name(), place).into(),
        None => Fault::internal(format!("the tables of {place} cannot be brought up to date: {error}")),
    };
    let done = done(writer).await.map_err(fail)?;
    if let Some(stranger) = done.and_then(|done| stranger(&done, &all)) {
        return Err(Fault::internal(format!("{place} {stranger}")));
    }
    let mut attempts: u32 = 0;
    loop {
        let done = match Migrations(all.clone()).up(writer, None).await {
            Ok(()) => collation::by_bytes(writer).await,
            failed => failed,
        };
        match done {
            Ok(()) => return Ok(()),
            // Another replica was faster with the same step; what it did is there now.
            Err(error) if attempts < TURNS_MAX && Trouble::of(&error).is_none() => {
                attempts = attempts.saturating_add(1);
                kernel::pause(TURN).await;
            }
            Err(error) => return Err(fail(error)),
        }
    }
}

/// Refuses a database whose tables are not, or not only, those of these migrations. Changes nothing.
pub(crate) async fn check(conn: &DatabaseConnection, place: &Place, migrations: Vec<Migration>) -> Result<(), Fault> {
    let refuse = |what: &str| Err(Fault::unavailable(format!("{place} {what}")));
    let ours = all(migrations);
    let Some(done) = done(conn).await? else {
        return refuse("has no tables yet: start the service on it once");
    };
    if let Some(stranger) = stranger(&done, &ours) {
        return refuse(&stranger);
    }
    let outstanding = ours.iter().map(|step| step.name).filter(|name| !done.contains(*name));
    match outstanding.collect::<Vec<_>>().as_slice() {
        [] => Ok(()),
        names => refuse(&format!(
            "has the tables of an older release, on which {} outstanding: start the service of this release on it first",
            match names {
                [one] => format!("the migration {one} is"),
                several => format!("the migrations {} are", several.join(", ")),
            }
        )),
    }
}

fn all(migrations: Vec<Migration>) -> Vec<Migration> {
    let mut all = vec![BASE, ENDED_REDIRECTS, STUCK_ITEMS, HEARTBEAT, LEASE];
    all.extend(migrations);
    all
}

/// The names of what has been done to the tables, in their order; none where there are no tables yet.
async fn done(conn: &DatabaseConnection) -> Result<Option<BTreeSet<String>>, DbErr> {
    const DONE: &str = "SELECT version FROM seaql_migrations";
    if !SchemaManager::new(conn).has_table("seaql_migrations").await? {
        return Ok(None);
    }
    let rows = conn.query_all_raw(statement(conn, DONE, [])).await?;
    rows.iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<_, _>>()
        .map(Some)
}

/// Whose tables these are, if they are not ours: what has been done to them is more than what we know to do.
fn stranger(done: &BTreeSet<String>, ours: &[Migration]) -> Option<String> {
    let maker = |name: &str| name.split('_').next().unwrap_or_default().to_owned();
    let done = done
        .iter()
        .find(|done| ours.iter().all(|migration| migration.name != **done))?;
    let is_newer = ours.iter().any(|migration| maker(migration.name) == maker(done));
    Some(match is_newer {
        true => format!("has been used by a newer version of this program, which did {done}: start that one again"),
        false => format!(
            "has the tables of the service {}: it stands in the wrong place, put the right one back",
            maker(done)
        ),
    })
}

const TURNS_MAX: u32 = 5;
const TURN: std::time::Duration = std::time::Duration::from_millis(200);
