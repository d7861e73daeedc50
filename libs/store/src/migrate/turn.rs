//! Whose turn it is to bring the tables of a service up to date: one process's at a time.

use std::time::{Duration, Instant};

use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::{self, PgConnection, Postgres};
use sea_orm::{DatabaseConnection, DbBackend, DbErr, RuntimeErr};

/// What is told while tables are brought up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationNews<'n> {
    /// Another process does it, and is waited for.
    Waits,
    /// A migration is begun.
    Begins(&'n str),
    /// It is done, and took so long.
    Done(&'n str, Duration),
}

/// How often it is looked whether the other process is done.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How often that is told.
const TELL_AGAIN: Duration = Duration::from_secs(10);
/// How long another process may take: longer than any migration of ours does.
const WAIT_MAX: Duration = Duration::from_hours(12);

/// The turn, as long as this is held. It ends with its session, however that ends.
#[derive(Debug)]
pub(super) struct Turn(Option<PoolConnection<Postgres>>);

impl Turn {
    /// The session that has it; none in SQLite.
    pub(super) fn session(&mut self) -> Option<&mut PgConnection> {
        self.0.as_deref_mut()
    }
}

/// Waits for the turn. Nothing is waited for in SQLite: a folder is one process's, or one process's for each role.
pub(super) async fn take(
    writer: &DatabaseConnection,
    news: &(dyn Fn(MigrationNews<'_>) + Send + Sync),
) -> Result<Turn, DbErr> {
    const TAKE: &str = "SELECT pg_try_advisory_lock(hashtextextended('quanyu.migrate.' || current_schema(), 0))";
    if writer.get_database_backend() != DbBackend::Postgres {
        return Ok(Turn(None));
    }
    let fail = |error: sqlx::Error| DbErr::Exec(RuntimeErr::SqlxError(error.into()));
    let mut session = writer.get_postgres_connection_pool().acquire().await.map_err(fail)?;
    // Given back to the pool it would keep the lock.
    session.close_on_drop();
    let started = Instant::now();
    let mut told: Option<Instant> = None;
    loop {
        let is_ours: bool = sqlx::query_scalar(TAKE).fetch_one(&mut *session).await.map_err(fail)?;
        if is_ours {
            return Ok(Turn(Some(session)));
        }
        if started.elapsed() > WAIT_MAX {
            return Err(DbErr::Custom(
                "another process has been bringing them up to date for twelve hours: end its session, and look at why"
                    .to_owned(),
            ));
        }
        if told.is_none_or(|told| told.elapsed() > TELL_AGAIN) {
            told = Some(Instant::now());
            news(MigrationNews::Waits);
        }
        kernel::pause(LOOK_AGAIN).await;
    }
}
