use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{DbErr, RuntimeErr, sqlx};

use crate::{Fault, Trouble};

/// What PostgreSQL answers a transaction that has to be repeated: serialization failure, deadlock, lock timeout.
const POSTGRES_RETRY: [&str; 3] = ["40001", "40P01", "55P03"];
/// What SQLite answers while somebody else writes: busy, busy snapshot, busy recovery, locked.
const SQLITE_RETRY: [&str; 4] = ["5", "517", "261", "6"];

impl From<DbErr> for Fault {
    fn from(error: DbErr) -> Self {
        if let DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) = &error
            && let sqlx::Error::Database(answer) = &**cause
            && is_contention(&**answer)
        {
            return Self::Contended;
        }
        match Trouble::of(&error) {
            Some(trouble) => trouble.into(),
            None => Self::internal(error),
        }
    }
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        Self::Unavailable {
            reason: trouble.reason(),
            message: trouble.to_caller(),
            inside: Some(trouble.to_string()),
            retry_after: trouble.retry_after(),
        }
    }
}

/// A unique key that nobody foresaw counts as a lost race: the repeated request will see the row and refuse by name.
fn is_contention(answer: &dyn DatabaseError) -> bool {
    let code = answer.code().unwrap_or_default();
    answer.is_unique_violation() || POSTGRES_RETRY.contains(&&*code) || SQLITE_RETRY.contains(&&*code)
}
