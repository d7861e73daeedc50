use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{DbErr, RuntimeErr, sqlx};

use crate::Fault;

/// What PostgreSQL answers a transaction that has to be repeated: serialization failure, deadlock, lock timeout.
const POSTGRES_RETRY: [&str; 3] = ["40001", "40P01", "55P03"];
/// What PostgreSQL answers while it starts, stops or has no room: shutting down, cannot connect now, too many clients.
const POSTGRES_AWAY: [&str; 5] = ["57P01", "57P02", "57P03", "53300", "25006"];
/// What SQLite answers while somebody else writes: busy, busy snapshot, busy recovery, locked.
const SQLITE_RETRY: [&str; 4] = ["5", "517", "261", "6"];

impl From<DbErr> for Fault {
    fn from(error: DbErr) -> Self {
        if matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) {
            return Self::unavailable(format!("the database is away: {error}"));
        }
        if let DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) = &error {
            match &**cause {
                sqlx::Error::Database(answer) if is_contention(&**answer) => return Self::Contended,
                sqlx::Error::Database(answer) if is_away(&**answer) => {
                    return Self::unavailable(format!("the database is away: {answer}"));
                }
                sqlx::Error::Io(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed => {
                    return Self::unavailable(format!("the database is away: {cause}"));
                }
                _ => {}
            }
        }
        Self::internal(error)
    }
}

/// A unique key that nobody foresaw counts as a lost race: the repeated request will see the row and refuse by name.
fn is_contention(answer: &dyn DatabaseError) -> bool {
    let code = answer.code().unwrap_or_default();
    answer.is_unique_violation() || POSTGRES_RETRY.contains(&&*code) || SQLITE_RETRY.contains(&&*code)
}

fn is_away(answer: &dyn DatabaseError) -> bool {
    POSTGRES_AWAY.contains(&&*answer.code().unwrap_or_default())
}
