mod base;
mod standing;
mod turn;

use std::time::Instant;

use fault::{Fault, Trouble};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTraitSelf, SchemaManager};

use crate::place::Place;
use crate::{MoveNews, collation, outbox, privileges};

pub use standing::Standing;
pub(crate) use standing::{Stranger, look, nothing};
pub use turn::MigrationNews;

/// A step of a schema, in SQL that both databases read. Never changed once it has landed.
///
/// `{uuid}` and `{bytes}` become the database's type; `{clustered}` makes SQLite keep the rows within the primary key.
/// Only for tables without a second index: given `WHERE tenant_id = $1 AND member_id = $2`, SQLite prefers the first column
/// of a clustered key to an index on both, unless the index covers all that is asked for, and reads all of the tenant's rows.
///
/// What follows `{postgres}` is for PostgreSQL alone.
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
        if conn.get_database_backend() == DbBackend::Postgres {
            // Large tables take their time, once.
            conn.execute_unprepared(
                "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0",
            )
            .await?;
        }
        let (uuid, bytes, clustered) = match conn.get_database_backend() {
            DbBackend::Sqlite => ("BLOB", "BLOB", "WITHOUT ROWID"),
            _ => ("UUID", "BYTEA", ""),
        };
        let sql = match (self.migration.sql.split_once("{postgres}"), conn.get_database_backend()) {
            (Some((of_both, _)), DbBackend::Sqlite) => of_both,
            _ => self.migration.sql,
        };
        let sql = sql
            .replace("{postgres}", "")
            .replace("{uuid}", uuid)
            .replace("{bytes}", bytes)
            .replace("{clustered}", clustered);
        let sql = with_guards(&sql, conn.get_database_backend())?;
        conn.execute_unprepared(&sql).await.map(drop)
    }

    /// In SQLite too: one that is cut off leaves nothing behind, and is done from its beginning.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
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

/// Brings the tables up to date, one migration after the other, each in a transaction of its own. Processes that begin at once
/// take turns. Tables that a newer release has brought further are left as they are: a migration is survived by the version
/// before.
pub(crate) async fn up(
    writer: &DatabaseConnection,
    place: &Place,
    migrations: Vec<Migration>,
    news: &(dyn Fn(MigrationNews<'_>) + Send + Sync),
) -> Result<(), Fault> {
    let all = all(migrations);
    let fail = |error: DbErr| match Trouble::of(&error) {
        Some(trouble) => trouble.at(place.name(), place).into(),
        None => Fault::internal(match privileges::to_make_tables(place, &error) {
            Some(cure) => format!("the tables of {place} cannot be brought up to date: {cure}"),
            None => format!("the tables of {place} cannot be brought up to date: {error}"),
        }),
    };
    let mut attempts: u32 = 0;
    loop {
        match outstanding_done(writer, place, &all, news).await {
            Ok(done) => return done,
            // A server without locks that are asked for lets another replica be faster with the same step.
            Err(error) if attempts < TURNS_MAX && Trouble::of(&error).is_none() => {
                attempts = attempts.saturating_add(1);
                kernel::pause(TURN).await;
            }
            Err(error) => return Err(fail(error)),
        }
    }
}

/// Does what is outstanding; the inner outcome is about whose tables they are.
async fn outstanding_done(
    writer: &DatabaseConnection,
    place: &Place,
    all: &[Migration],
    news: &(dyn Fn(MigrationNews<'_>) + Send + Sync),
) -> Result<Result<(), Fault>, DbErr> {
    let judge = |stranger: Stranger| Fault::internal(format!("{place} {stranger}"));
    let mut standing = match look(writer, all).await? {
        Ok(standing) => standing,
        Err(stranger) => return Ok(Err(judge(stranger))),
    };
    let is_new = !standing.has_tables;
    let mut turn = match standing.outstanding.is_empty() {
        true => None,
        false => Some(turn::take(writer, news).await?),
    };
    while !standing.outstanding.is_empty() {
        // What stood outstanding before the turn came, or before the last one was done, may be done by now.
        standing = match look(writer, all).await? {
            Ok(standing) => standing,
            Err(stranger) => return Ok(Err(judge(stranger))),
        };
        let Some(next) = standing.outstanding.first() else {
            break;
        };
        news(MigrationNews::Begins(next));
        let started = Instant::now();
        Migrations(all.to_vec()).up(writer, Some(1)).await?;
        news(MigrationNews::Done(next, started.elapsed()));
    }
    // Of a release before there is no process where there were no tables.
    if let (true, Some(session)) = (is_new, turn.as_mut().and_then(turn::Turn::session)) {
        outbox::begin_beside(session).await?;
    }
    if standing.newer.is_empty() {
        collation::by_bytes(writer).await?;
    } else {
        tracing::warn!("{}", ahead(place, &standing.newer));
    }
    Ok(Ok(()))
}

/// What is left to do once no process of the release before is: tables on which migrations are outstanding are refused.
pub(crate) async fn finish(
    writer: &DatabaseConnection,
    place: &Place,
    migrations: Vec<Migration>,
    news: &(dyn Fn(MoveNews) + Send + Sync),
) -> Result<(), Fault> {
    check(writer, place, migrations.clone()).await?;
    let mut turn = turn::take(writer, &|_| news(MoveNews::Waits)).await?;
    let Some(session) = turn.session() else {
        return Ok(());
    };
    if !outbox::is_within(writer).await? {
        return Ok(());
    }
    match outbox::move_positions(session, news).await {
        Ok(outcome) => outcome,
        Err(error) => {
            let error = DbErr::Exec(RuntimeErr::SqlxError(error.into()));
            Err(match (Trouble::of(&error), privileges::to_make_tables(place, &error)) {
                (Some(trouble), _) => trouble.at(place.name(), place).into(),
                (None, Some(cure)) => Fault::internal(format!("the positions of {place} cannot be moved: {cure}")),
                (None, None) => Fault::internal(format!("the positions of {place} cannot be moved: {error}")),
            })
        }
    }
}

/// Refuses a database whose tables are older than these migrations, or another service's. Changes nothing.
pub(crate) async fn check(conn: &DatabaseConnection, place: &Place, migrations: Vec<Migration>) -> Result<(), Fault> {
    let refuse = |what: String| Err(Fault::unavailable(format!("{place} {what}")));
    let standing = match look(conn, &all(migrations)).await? {
        Ok(standing) => standing,
        Err(stranger) => return refuse(stranger.to_string()),
    };
    match standing.behind() {
        None => Ok(()),
        Some(behind) => refuse(format!(
            "{behind}: `quanyu migrate {}` does it, or the service of this release when it starts",
            place.service()
        )),
    }
}

/// The same for a service that is to start and to do no migration: nobody but an operator mends it.
pub(crate) async fn check_at_start(
    conn: &DatabaseConnection,
    place: &Place,
    migrations: Vec<Migration>,
) -> Result<(), Fault> {
    let refuse = |what: String| Err(Fault::internal(format!("{place} {what}")));
    let standing = match look(conn, &all(migrations)).await? {
        Ok(standing) => standing,
        Err(stranger) => return refuse(stranger.to_string()),
    };
    if !standing.newer.is_empty() {
        tracing::warn!("{}", ahead(place, &standing.newer));
    }
    match standing.behind() {
        None => Ok(()),
        Some(behind) => refuse(format!(
            "{behind}, and migrate_at_start is false: run `quanyu migrate {}` first",
            place.service()
        )),
    }
}

fn ahead(place: &Place, newer: &[String]) -> String {
    format!(
        "{place} has been used by a newer version of this program, which did {}: this one goes on with it, as the version before \
         may; start no older one",
        newer.join(", ")
    )
}

/// The names of what is done to the tables of a service that has these migrations, in their order.
pub fn migration_names(migrations: Vec<Migration>) -> Vec<&'static str> {
    all(migrations).iter().map(|migration| migration.name).collect()
}

pub(crate) fn all(migrations: Vec<Migration>) -> Vec<Migration> {
    let mut all = base::ALL.to_vec();
    all.extend(migrations);
    all
}

/// How far a program is that knows these migrations, by those that all services have. Its sessions are called by it, so that
/// what an older one would not survive is not done while there is one.
pub(crate) const LEVEL: usize = base::ALL.len();

const TURNS_MAX: u32 = 5;
const TURN: std::time::Duration = std::time::Duration::from_millis(200);
