//! The database in PostgreSQL into which rows go.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::{Duration, Instant};

use fault::{Fault, Trouble, TroubleKind};
use sea_orm::sqlx::postgres::{PgConnectOptions, PgDatabaseError, PgRow};
use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use uuid::Uuid;

use super::cell::Cell;
use super::mark;
use super::table::{self, MIGRATIONS, Table, Unreadable, quoted};
use crate::greeting::greet;
use crate::place::Place;

/// How long what a move that was killed has left on the server may go on: its last statement.
const TURN_MAX: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
const TAKE: &str = "SELECT pg_try_advisory_lock(hashtextextended('quanyu.move', 0))";

/// One session, in which all is written, and which has the database to itself among moves as long as it lasts.
#[derive(Debug)]
pub struct Target {
    options: PgConnectOptions,
    pub(super) session: PgConnection,
}

impl Target {
    /// Opens a database, and waits for its turn.
    pub async fn open(url: &str) -> Result<Self, Fault> {
        let options = PgConnectOptions::from_str(url)
            .map_err(Fault::internal)?
            .application_name("quanyu-move")
            .options([
                ("statement_timeout", "0"),
                ("lock_timeout", "30s"),
                ("idle_in_transaction_session_timeout", "0"),
                // A batch that a crash of the server takes back is copied again. What ends a move waits for the disk, and so for
                // all that was written before it.
                ("synchronous_commit", "off"),
            ])
            .disable_statement_logging();
        let place = Place::server("the move", &options);
        let unopened = |cause: String| Fault::internal(format!("{} cannot be used: {cause}", place.address()));
        greet(&options).await.map_err(|closed| unopened(closed.cause))?;
        let session = options.connect().await.map_err(|error| unopened(error.to_string()))?;
        let mut target = Self { options, session };
        let began = Instant::now();
        while !target.takes_turn().await? {
            if began.elapsed() > TURN_MAX {
                return Err(Fault::unavailable(format!(
                    "another `quanyu move` fills {}: wait for its end",
                    place.address()
                )));
            }
            kernel::pause(LOOK_AGAIN).await;
        }
        Ok(target)
    }

    async fn takes_turn(&mut self) -> Result<bool, Fault> {
        let taken = sqlx::query_scalar(TAKE).fetch_one(&mut self.session).await;
        taken.map_err(|error| self.failed("", &error))
    }

    /// Where it is: "PostgreSQL at 10.0.0.5:5432, database quanyu".
    pub fn address(&self) -> String {
        Place::server("", &self.options).address()
    }

    /// What has been done to the tables of a schema, without the mark of a move; none where there are no tables.
    pub async fn migrations(&mut self, schema: &str) -> Result<Option<BTreeSet<String>>, Fault> {
        let all = self.versions(schema).await?;
        Ok(all.map(|all| all.into_iter().filter(|version| !mark::is_mark(version)).collect()))
    }

    /// Which move has begun to fill a schema and has not ended.
    pub async fn begun(&mut self, schema: &str) -> Result<Option<Uuid>, Fault> {
        let all = self.versions(schema).await?;
        Ok(all.into_iter().flatten().find_map(|version| mark::read(&version)))
    }

    async fn versions(&mut self, schema: &str) -> Result<Option<Vec<String>>, Fault> {
        const IS_THERE: &str = "SELECT to_regclass($1) IS NOT NULL";
        let name = format!("{}.{MIGRATIONS}", quoted(schema));
        let is_there = sqlx::query_scalar(IS_THERE)
            .bind(&name)
            .fetch_one(&mut self.session)
            .await;
        if !is_there.map_err(|error| self.failed(schema, &error))? {
            return Ok(None);
        }
        let read = AssertSqlSafe(format!("SELECT version FROM {name}"));
        let versions = sqlx::query_scalar(read).fetch_all(&mut self.session).await;
        versions.map(Some).map_err(|error| self.failed(schema, &error))
    }

    /// The tables of a schema, each after those that it refers to.
    pub async fn tables(&mut self, schema: &str) -> Result<Vec<Table>, Fault> {
        match table::of_schema(&mut self.session, schema).await {
            Ok(tables) => Ok(tables),
            Err(Unreadable::Bug(fault)) => Err(fault),
            Err(Unreadable::Sqlx(error)) => Err(self.failed(schema, &error)),
        }
    }

    /// Whether a table holds rows that no migration has made.
    pub async fn holds_rows(&mut self, table: &Table) -> Result<bool, Fault> {
        let of_others = made_by_migrations(table).unwrap_or("TRUE");
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {} WHERE {of_others})", table.target());
        let holds = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut self.session)
            .await;
        holds.map_err(|error| self.failed(table.service(), &error))
    }

    /// How many rows it has.
    pub async fn count(&mut self, table: &Table) -> Result<u64, Fault> {
        let sql = format!("SELECT COUNT(*) FROM {}", table.target());
        let count: Result<i64, _> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut self.session)
            .await;
        u64::try_from(count.map_err(|error| self.failed(table.service(), &error))?).map_err(Fault::internal)
    }

    /// Marks the schemas of these tables as being filled by a move, and takes out what migrations have put into them: that
    /// comes from the files too.
    pub async fn begin(&mut self, tables: &[Table], id: Uuid) -> Result<(), Fault> {
        let seeded = tables.iter().filter(|table| made_by_migrations(table).is_some());
        let emptied = seeded.map(|table| format!("DELETE FROM {}", table.target()));
        let marked = schemas(tables).into_iter().map(|schema| {
            let (schema, mark) = (quoted(schema), mark::of(id));
            format!("INSERT INTO {schema}.{MIGRATIONS} (version, applied_at) VALUES ('{mark}', 0)")
        });
        let statements: Vec<String> = emptied.chain(marked).collect();
        self.in_one_transaction(&statements).await
    }

    /// Lets all schemas of these tables go: programs may work with them from now on. What was copied is on the disk then.
    pub async fn end(&mut self, tables: &[Table], id: Uuid) -> Result<(), Fault> {
        let unmarked = schemas(tables).into_iter().map(|schema| {
            let (schema, mark) = (quoted(schema), mark::of(id));
            format!("DELETE FROM {schema}.{MIGRATIONS} WHERE version = '{mark}'")
        });
        let statements: Vec<String> = unmarked.collect();
        self.in_one_transaction(&statements).await
    }

    /// Has the server look at what a table holds now, so that it plans statements for that.
    pub async fn analyze(&mut self, table: &Table) -> Result<(), Fault> {
        let sql = AssertSqlSafe(format!("ANALYZE {}", table.target()));
        let done = sqlx::raw_sql(sql).execute(&mut self.session).await;
        done.map(drop).map_err(|error| self.failed(table.service(), &error))
    }

    async fn in_one_transaction(&mut self, statements: &[String]) -> Result<(), Fault> {
        let done = async {
            let mut tx = self.session.begin().await?;
            sqlx::raw_sql("SET LOCAL synchronous_commit TO on")
                .execute(&mut *tx)
                .await?;
            for statement in statements {
                sqlx::raw_sql(AssertSqlSafe(statement.as_str()))
                    .execute(&mut *tx)
                    .await?;
            }
            tx.commit().await
        };
        let done: Result<(), sqlx::Error> = done.await;
        done.map_err(|error| self.failed("", &error))
    }

    /// Writes rows as `COPY` reads them: all of them, or none.
    pub(super) async fn write(&mut self, table: &Table, rows: &[u8]) -> Result<(), Fault> {
        let sql = format!("COPY {} ({}) FROM STDIN", table.target(), table.column_list());
        let done = async {
            let mut copy = self.session.copy_in_raw(&sql).await?;
            copy.send(rows).await?;
            copy.finish().await.map(drop)
        };
        let done: Result<(), sqlx::Error> = done.await;
        done.map_err(|error| self.failed(table.service(), &error))
    }

    pub(super) fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    pub(super) fn failed(&self, schema: &str, error: &sqlx::Error) -> Fault {
        failed(&self.options, schema, error)
    }
}

/// The server's word, with where it stood in what was sent.
pub(super) fn failed(options: &PgConnectOptions, schema: &str, error: &sqlx::Error) -> Fault {
    let place = Place::server(schema, options);
    match Trouble::of_sqlx(error) {
        Some(trouble) if trouble.kind == TroubleKind::Away => trouble.at(place.name(), &place).into(),
        Some(_) | None => {
            let answer = error.as_database_error().and_then(|answer| answer.try_downcast_ref());
            let context = answer.and_then(|answer: &PgDatabaseError| answer.r#where());
            let context = context.map_or_else(String::new, |context| format!(" ({context})"));
            Fault::internal(format!("{place}: {error}{context}"))
        }
    }
}

/// A row that was asked for with all columns.
pub(super) fn cells(table: &Table, row: &PgRow) -> Result<Vec<Cell>, Fault> {
    let columns = table.columns.iter().enumerate();
    let cells = columns.map(|(at, column)| Cell::of_postgres(row, at, column.kind));
    cells.collect::<Result<_, _>>().map_err(Fault::internal)
}

/// Of a table into which a migration puts a row: by what a row is known that was made or changed by somebody else.
fn made_by_migrations(table: &Table) -> Option<&'static str> {
    match table.name() {
        "heartbeat" => Some("seen_time IS NOT NULL OR accept_time IS NOT NULL OR doubt IS NOT NULL"),
        "fact_position" => Some("position <> 0"),
        _ => None,
    }
}

fn schemas(tables: &[Table]) -> BTreeSet<&str> {
    tables.iter().map(Table::service).collect()
}
