use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use fault::{Fault, Trouble, TroubleKind};
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::sqlx::{self, ConnectOptions, Connection, SqliteConnection};
use sea_orm::{DatabaseConnection, DbErr, RuntimeErr, SqlxPostgresConnector, SqlxSqliteConnector};
use serde::{Deserialize, Serialize};

use crate::liveness::{self, AwayFlag, Liveness};
use crate::place::Place;
use crate::{greeting, migrate, privileges};

/// How long to wait for a connection of the pool that others work with: as long as a call without a deadline may take, so
/// that it is the caller's own deadline that ends the wait. Where the database is away, [`Liveness`] ends it.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a session of PostgreSQL may rest before it is asked whether it is still there.
const IDLE_UNCHECKED_MAX: Duration = Duration::from_secs(5);
/// How long SQLite waits for another process that writes to the same file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Pages of SQLite's log before the writer itself folds it into the file: larger is faster, and holds readers up for longer.
const WAL_PAGES: &str = "20000";
/// What the writer keeps of a SQLite file in memory, in KiB, as SQLite wants it: a transaction that changes more than that
/// writes pages out and reads them back.
const WRITER_CACHE: &str = "-32000";
/// Readers of a SQLite file: more than the cores of a small machine gain nothing.
const SQLITE_READERS: u32 = 3;
/// Rows that SQLite's thread may be ahead of who reads them: with fewer, the two wait for each other row by row.
const ROWS_AHEAD_MAX: usize = 4_096;
/// Statements that each connection keeps prepared.
const STATEMENTS: usize = 256;

/// Where a service keeps its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DbConfig {
    /// `sqlite:/var/lib/quanyu/points.db` or `postgres://user:password@host:5432/quanyu`.
    pub url: String,
    /// For PostgreSQL: how many connections this service opens at the most.
    #[serde(default = "connections_default")]
    pub connections_max: u32,
    /// For SQLite: that the file is deleted in the end, so that no commit need wait for the disk. It still survives a crash
    /// of the process.
    #[serde(default)]
    pub is_disposable: bool,
}

fn connections_default() -> u32 {
    16
}

impl DbConfig {
    /// A database at an address, with the defaults.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connections_max: connections_default(),
            is_disposable: false,
        }
    }

    /// What is wrong with it; nothing is opened.
    pub fn check(&self) -> Result<(), String> {
        if self.is_sqlite() {
            SqliteConnectOptions::from_str(&self.url)
                .map_err(|error| format!("is no address of a SQLite file: {error}"))?;
        } else if self.url.starts_with("postgres://") || self.url.starts_with("postgresql://") {
            PgConnectOptions::from_str(&self.url)
                .map_err(|error| format!("is no address of a PostgreSQL database: {error}"))?;
        } else {
            return Err("must begin with \"sqlite:\" or \"postgres://\"".to_owned());
        }
        Ok(())
    }

    /// The file, for SQLite.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        let options = self
            .is_sqlite()
            .then(|| SqliteConnectOptions::from_str(&self.url).ok())??;
        Some(options.get_filename().to_path_buf())
    }

    fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }
}

/// The connections to a database. For PostgreSQL the writer's and the readers' are the same pool.
pub(crate) struct Connections {
    pub(crate) writer: DatabaseConnection,
    pub(crate) readers: DatabaseConnection,
    /// For SQLite: the one that folds its log into the file.
    pub(crate) checkpoints: Option<DatabaseConnection>,
    pub(crate) place: Place,
    /// For PostgreSQL: who looks whether it is there.
    pub(crate) liveness: Option<Arc<Liveness>>,
}

/// Whether a file or a schema that is missing is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Made,
    Refused,
}

/// Opens the database of a service, or says within seconds why that cannot be. What may pass by itself is unavailable; the
/// rest somebody has to mend.
pub(crate) async fn connect(config: &DbConfig, schema: &str, missing: Missing) -> Result<Connections, Fault> {
    if config.is_sqlite() {
        let options = SqliteConnectOptions::from_str(&config.url).map_err(Fault::internal)?;
        let place = Place::file(schema, &options);
        sqlite(config, options, missing, place.clone())
            .await
            .map_err(|error| unopened(&place, &error))
    } else {
        let options = PgConnectOptions::from_str(&config.url).map_err(Fault::internal)?;
        let place = Place::server(schema, &options);
        postgres(config, options, missing, place).await
    }
}

/// A file that cannot be opened: nobody but an operator makes room, mends it or gives leave.
pub(crate) fn unopened(place: &Place, error: &sqlx::Error) -> Fault {
    match Trouble::of_sqlx(error) {
        Some(trouble) if trouble.kind != TroubleKind::Away => trouble.at(place.name(), place).into(),
        Some(_) | None => Fault::internal(format!("{place} cannot be opened: {error}")),
    }
}

async fn sqlite(
    config: &DbConfig,
    options: SqliteConnectOptions,
    missing: Missing,
    place: Place,
) -> Result<Connections, sqlx::Error> {
    let synchronous = if config.is_disposable {
        SqliteSynchronous::Off
    } else {
        SqliteSynchronous::Full
    };
    let options = options
        .create_if_missing(missing == Missing::Made)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .row_buffer_size(ROWS_AHEAD_MAX)
        .statement_cache_capacity(STATEMENTS)
        .pragma("wal_autocheckpoint", WAL_PAGES)
        .disable_statement_logging();
    if let Some(folder) = Path::new(options.get_filename()).parent()
        && missing == Missing::Made
    {
        std::fs::create_dir_all(folder).map_err(sqlx::Error::Io)?;
    }
    let pool = |connections| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .min_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
    };
    let writer = pool(1)
        .before_acquire(|connection, _| Box::pin(std::future::ready(Ok(is_at_rest(connection)))))
        .connect_with(options.clone().pragma("cache_size", WRITER_CACHE))
        .await?;
    let checkpoints = pool(1).connect_with(options.clone()).await?;
    let readers = pool(SQLITE_READERS)
        .connect_with(options.pragma("query_only", "on"))
        .await?;
    Ok(Connections {
        writer: SqlxSqliteConnector::from_sqlx_sqlite_pool(writer),
        readers: SqlxSqliteConnector::from_sqlx_sqlite_pool(readers),
        checkpoints: Some(SqlxSqliteConnector::from_sqlx_sqlite_pool(checkpoints)),
        place,
        liveness: None,
    })
}

/// Whether no transaction is under way on a connection.
///
/// SQLite ends a transaction by itself that meets a full disk, and the driver, whose own ROLLBACK then fails, counts on: the next
/// transaction would be a savepoint, which may stay within one that is never committed. Such a connection is replaced.
fn is_at_rest(connection: &SqliteConnection) -> bool {
    !connection.is_in_transaction()
}

async fn postgres(
    config: &DbConfig,
    options: PgConnectOptions,
    missing: Missing,
    place: Place,
) -> Result<Connections, Fault> {
    let schema = place.service().to_owned();
    let options = options
        .application_name(&format!("quanyu-{schema}/{}", migrate::LEVEL))
        .statement_cache_capacity(STATEMENTS)
        .options([
            ("search_path", &*schema),
            ("statement_timeout", "30s"),
            ("lock_timeout", "5s"),
            // A process that stands still within a transaction keeps its rows from all others. Less than they wait for a lock, so
            // that they get it.
            ("idle_in_transaction_session_timeout", "4s"),
            // Statements are planned once, as a rule, while their table may still be empty: such a plan would read the whole
            // table for ever. Every statement has an index that it is to use.
            ("enable_seqscan", "off"),
            ("jit", "off"),
        ])
        .disable_statement_logging();
    // Asked once by hand: the pool would knock again and again, for all its time, and not say in the end what it met.
    greeting::greet(&options).await.map_err(|closed| {
        let trouble = Trouble::new(TroubleKind::Away, closed.cause).at(place.name(), &place);
        match closed.passes {
            true => trouble.into(),
            false => Fault::internal(trouble),
        }
    })?;
    let flag = AwayFlag::default();
    let pool = postgres_pool(config, options.clone(), &flag);
    if missing == Missing::Made {
        let made = make_schema(&pool, &schema).await.map_err(|error| {
            let error = DbErr::Exec(RuntimeErr::SqlxError(error.into()));
            match Trouble::of(&error) {
                Some(trouble) => trouble.at(place.name(), &place).into(),
                None => Fault::internal(match privileges::to_make_a_schema(&place, &error) {
                    Some(cure) => format!("{place}: the schema {schema} cannot be made: {cure}"),
                    None => format!("{place}: the schema {schema} cannot be made: {error}"),
                }),
            }
        })?;
        if let (Made::Closed, Some(cure)) = (made, privileges::to_use_a_schema(&place)) {
            return Err(Fault::internal(format!(
                "{place}: the schema {schema} cannot be used: {cure}"
            )));
        }
    }
    let liveness = Liveness::start(place.clone(), options, pool.clone(), flag);
    let pool = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    Ok(Connections {
        writer: pool.clone(),
        readers: pool,
        checkpoints: None,
        place,
        liveness: Some(liveness),
    })
}

fn postgres_pool(config: &DbConfig, options: PgConnectOptions, flag: &AwayFlag) -> PgPool {
    let flag = flag.clone();
    PgPoolOptions::new()
        .max_connections(config.connections_max)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|session, seen| {
            Box::pin(async move {
                // What has rested for long may have been cut off meanwhile, by a restart or a firewall.
                let is_fresh = seen.idle_for < IDLE_UNCHECKED_MAX;
                Ok(is_fresh || liveness::answers(session).await)
            })
        })
        .after_release(move |_, _| {
            // To ask a session whether it still answers could take for ever.
            let outcome = match flag.is_set() {
                true => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
                false => Ok(true),
            };
            Box::pin(std::future::ready(outcome))
        })
        .connect_lazy_with(options)
}

/// A schema that is there.
enum Made {
    Open,
    /// We may not use it: to the search path it is not there.
    Closed,
}

/// Makes the schema where there is none. It is looked for first: PostgreSQL lets only those ask for one "if not exists" who
/// may make schemas, and a service whose schema was made for it need not be one of them.
async fn make_schema(pool: &PgPool, schema: &str) -> Result<Made, sqlx::Error> {
    const FIND: &str =
        "SELECT pg_catalog.has_schema_privilege(oid, 'USAGE') FROM pg_catalog.pg_namespace WHERE nspname = $1";
    let found: Option<bool> = sqlx::query_scalar(FIND).bind(schema).fetch_optional(pool).await?;
    match found {
        Some(true) => return Ok(Made::Open),
        Some(false) => return Ok(Made::Closed),
        None => {}
    }
    let make = format!("CREATE SCHEMA IF NOT EXISTS \"{}\"", schema.replace('"', ""));
    let made = sqlx::raw_sql(sqlx::AssertSqlSafe(make)).execute(pool).await;
    // Two replicas that start at once may both find it missing.
    let is_there = |error: &sqlx::Error| {
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        code.is_some_and(|code| code == "23505" || code == "42P06")
    };
    match made {
        Err(error) if !is_there(&error) => Err(error),
        Ok(_) | Err(_) => Ok(Made::Open),
    }
}
