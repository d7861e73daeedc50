//! Positions are moved from the rows of the outbox to rows of their own: the last step of an upgrade, once no process of the
//! release before is left. Others read and write meanwhile; but for a moment in the end, when they wait.

use std::time::{Duration, Instant};

use fault::Fault;
use sea_orm::sqlx::{self, Connection, PgConnection};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, RuntimeErr};

use super::beside::LEAVE;
use crate::statement;

/// What is told while positions are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveNews {
    /// An index is made, which waits for all transactions that are under way.
    Indexes,
    /// So many have been copied by now.
    Copied(i64),
    /// A transaction is under way that has written facts, and is waited for.
    Waits,
    /// All are moved, and writers waited for so long in the end.
    Moved(Duration),
}

/// How many positions are copied by one statement.
const COPIED_MAX: i64 = 50_000;
/// How long the outbox may be waited for, while others who write to it wait behind us.
const TAKE_MAX: &str = "SET LOCAL lock_timeout = '500ms'";
/// How long after that they go first.
const PAUSE: Duration = Duration::from_secs(1);
/// How long it is tried to find no transaction under way.
const TRY_MAX: Duration = Duration::from_mins(15);
/// What PostgreSQL says when a lock was waited for too long.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Tables may be read for long, and an index waits for the transactions that were there before it.
const TAKE_TIME: &str = "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0";
/// Sessions of releases that know nothing of positions beside the outbox are called by the schema alone.
const OLDER_SESSIONS: &str = "SELECT COUNT(*), COALESCE(string_agg(DISTINCT COALESCE(host(client_addr), 'a socket'), ', '), '') \
     FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'quanyu-' || current_schema()";
const INDEX_IS_WHOLE: &str =
    "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(quote_ident(current_schema()) || '.outbox_xact')";
const DROP_INDEX: &str = "DROP INDEX CONCURRENTLY outbox_xact";
const CREATE_INDEX: &str = "CREATE INDEX CONCURRENTLY outbox_xact ON outbox (xact_id) WHERE xact_id IS NOT NULL";
/// Goes on where the last one ended, whoever did it.
const COPY: &str = "INSERT INTO fact_position (position, fact_id, kind) SELECT position, fact_id, kind FROM outbox \
     WHERE position > (SELECT MAX(position) FROM fact_position) ORDER BY position LIMIT $1";

/// In the order of the sequencers, who lock the head before they touch a fact.
const LOCK_HEAD: &str = "SELECT last_position, positions_beside FROM outbox_head WHERE lock = 0 FOR UPDATE";
/// No fact is under way then, and none is read.
const LOCK_OUTBOX: &str = "LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE";
const COPY_REST: &str = "INSERT INTO fact_position (position, fact_id, kind) SELECT position, fact_id, kind FROM outbox \
     WHERE position > (SELECT MAX(position) FROM fact_position)";
const LAST: &str = "SELECT MAX(position) FROM fact_position";
const NUMBER_REST: &str = "INSERT INTO fact_position (position, fact_id, kind) \
     SELECT $1 + row_number() OVER (ORDER BY fact_id), fact_id, kind FROM outbox WHERE position IS NULL";
const SNAPSHOT: &str = "SELECT pg_current_snapshot()::text";
/// Its indexes go with it. What the release before does about positions is refused from here on.
const DROP_POSITION: &str = "ALTER TABLE outbox DROP COLUMN position";
const ARE_BESIDE: &str = "UPDATE outbox_head SET positions_beside = TRUE WHERE lock = 0";

/// Whether positions still stand in the rows of the outbox. The migration that makes the place beside it has been done.
pub(crate) async fn is_within(conn: &DatabaseConnection) -> Result<bool, DbErr> {
    const ARE_BESIDE: &str = "SELECT positions_beside FROM outbox_head WHERE lock = 0";
    let head = conn.query_one_raw(statement(conn, ARE_BESIDE, [])).await?;
    let are_beside: Option<bool> = head.map(|head| head.try_get_by_index(0)).transpose()?;
    Ok(are_beside == Some(false))
}

/// Has positions stand beside the outbox of tables that have just been made.
pub(crate) async fn begin_beside(session: &mut PgConnection) -> Result<(), DbErr> {
    match switch(session).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(fault)) => Err(DbErr::Custom(fault.to_string())),
        Err(error) => Err(DbErr::Exec(RuntimeErr::SqlxError(error.into()))),
    }
}

/// Moves all positions. One that was cut off goes on where it was; the caller keeps others from doing the same at once.
pub(crate) async fn move_positions(
    session: &mut PgConnection,
    news: &(dyn Fn(MoveNews) + Send + Sync),
) -> Result<Result<(), Fault>, sqlx::Error> {
    sqlx::raw_sql(TAKE_TIME).execute(&mut *session).await?;
    if let Err(fault) = refuse_older(session).await? {
        return Ok(Err(fault));
    }
    match sqlx::query_scalar(INDEX_IS_WHOLE).fetch_optional(&mut *session).await? {
        Some(true) => {}
        unfinished => {
            if unfinished.is_some() {
                sqlx::raw_sql(DROP_INDEX).execute(&mut *session).await?;
            }
            news(MoveNews::Indexes);
            sqlx::raw_sql(CREATE_INDEX).execute(&mut *session).await?;
        }
    }
    copy(session, news).await?;
    let began = Instant::now();
    loop {
        let moved = Instant::now();
        match switch(session).await {
            Ok(outcome) => {
                news(MoveNews::Moved(moved.elapsed()));
                return Ok(outcome);
            }
            Err(error) if is_taken(&error) && began.elapsed() < TRY_MAX => {
                news(MoveNews::Waits);
                kernel::pause(PAUSE).await;
                copy(session, news).await?;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn refuse_older(session: &mut PgConnection) -> Result<Result<(), Fault>, sqlx::Error> {
    let (sessions, from): (i64, String) = sqlx::query_as(OLDER_SESSIONS).fetch_one(session).await?;
    Ok(match sessions {
        0 => Ok(()),
        _ => Err(Fault::unavailable(format!(
            "a process of the release before is still at work ({sessions} sessions, from {from}), and could give no positions \
             any more: stop it first"
        ))),
    })
}

async fn copy(session: &mut PgConnection, news: &(dyn Fn(MoveNews) + Send + Sync)) -> Result<(), sqlx::Error> {
    let mut all: i64 = 0;
    loop {
        let copied = sqlx::query(COPY).bind(COPIED_MAX).execute(&mut *session).await?;
        let copied = i64::try_from(copied.rows_affected()).unwrap_or(i64::MAX);
        all = all.saturating_add(copied);
        if copied > 0 {
            news(MoveNews::Copied(all));
        }
        if copied < COPIED_MAX {
            return Ok(());
        }
    }
}

/// The moment from which on positions stand beside the outbox, and nowhere else.
async fn switch(session: &mut PgConnection) -> Result<Result<(), Fault>, sqlx::Error> {
    let mut tx = session.begin().await?;
    sqlx::raw_sql(TAKE_MAX).execute(&mut *tx).await?;
    let (head, are_beside): (i64, bool) = sqlx::query_as(LOCK_HEAD).fetch_one(&mut *tx).await?;
    if are_beside {
        return Ok(Ok(()));
    }
    sqlx::raw_sql(LOCK_OUTBOX).execute(&mut *tx).await?;
    sqlx::query(COPY_REST).execute(&mut *tx).await?;
    let last: i64 = sqlx::query_scalar(LAST).fetch_one(&mut *tx).await?;
    if last != head {
        return Ok(Err(Fault::internal(format!(
            "facts are missing: positions were given up to {head}, and the last one that is there is {last}"
        ))));
    }
    sqlx::query(NUMBER_REST).bind(head).execute(&mut *tx).await?;
    let snapshot: String = sqlx::query_scalar(SNAPSHOT).fetch_one(&mut *tx).await?;
    sqlx::query(LEAVE).bind(snapshot).execute(&mut *tx).await?;
    sqlx::raw_sql(DROP_POSITION).execute(&mut *tx).await?;
    sqlx::raw_sql(ARE_BESIDE).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

fn is_taken(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == LOCK_NOT_AVAILABLE)
}
