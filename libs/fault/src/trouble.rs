//! Trouble with a database, told from its answers: who mends it, and whether repeating helps.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{DbErr, RuntimeErr, sqlx};

use crate::Common;

/// What keeps a database from working. No request is to blame, and each can be repeated once somebody has mended the cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What kind of trouble.
    pub kind: TroubleKind,
    /// What the database or the way to it said.
    pub cause: String,
    /// Which database, where that is known.
    pub place: Option<TroubledPlace>,
}

/// Which database has trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TroubledPlace {
    /// What callers may know it by: "the database of ledger".
    pub name: String,
    /// Where it is, for operators: "the database of ledger (the file /data/ledger.db)".
    pub address: String,
}

/// The kinds of trouble that somebody mends in different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// It cannot be reached, or does not answer.
    Away,
    /// Its disk has no room, or takes no writes.
    Full,
    /// What is on its disk is not what was written.
    Damaged,
}

/// What PostgreSQL says where it has no room for tables or for temporary files, or takes no writes: `disk_full`, the limit that
/// its operator has set, and a database or a replica that only reads.
const POSTGRES_FULL: [&str; 3] = ["53100", "53400", "25006"];
/// Where its files are damaged or gone: `data_corrupted`, `index_corrupted`, `undefined_file`.
const POSTGRES_DAMAGED: [&str; 3] = ["XX001", "XX002", "58P01"];
/// Where it starts, stops, has no room for another session or is not ours to use: insufficient resources, out of memory, too
/// many connections; shutdown, crash, starting up, database dropped; a session that was idle in its transaction; a statement
/// that took too long; failing disk; wrong password, no such role, no such database.
const POSTGRES_AWAY: [&str; 14] = [
    "53000", "53200", "53300", "57P01", "57P02", "57P03", "57P04", "57P05", "25P03", "57014", "58030", "28P01",
    "28000", "3D000",
];
/// What PostgreSQL's class of connection exceptions begins with.
const POSTGRES_CONNECTION: &str = "08";

// SQLite's result codes: the low byte is the kind, what stands above it the case. <https://sqlite.org/rescode.html>
const SQLITE_NOMEM: u32 = 7;
const SQLITE_READONLY: u32 = 8;
const SQLITE_READONLY_DBMOVED: u32 = 1032;
const SQLITE_IOERR: u32 = 10;
const SQLITE_CORRUPT: u32 = 11;
const SQLITE_FULL: u32 = 13;
const SQLITE_CANTOPEN: u32 = 14;
const SQLITE_NOTADB: u32 = 26;
/// Failures of writing: the disk is full in a way that SQLite does not call full (a quota, a limit of the process), or it
/// fails. Write, fsync, fsync of the folder, truncate, size of the shared memory.
const SQLITE_IOERR_WRITES: [u32; 5] = [778, 1034, 1290, 1546, 4874];
/// Less was read than has to be there, a checksum is wrong, or the file system is corrupt.
const SQLITE_IOERR_DAMAGE: [u32; 3] = [522, 8202, 8458];

impl Trouble {
    /// What an error of the database says about its state; none where the statement or a race is to blame.
    pub fn of(error: &DbErr) -> Option<Self> {
        match error {
            DbErr::ConnectionAcquire(cause) => Some(Self::new(TroubleKind::Away, cause)),
            DbErr::Conn(RuntimeErr::SqlxError(cause)) => {
                Self::of_sqlx(cause).or_else(|| Some(Self::new(TroubleKind::Away, cause)))
            }
            DbErr::Conn(cause) => Some(Self::new(TroubleKind::Away, cause)),
            DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
                Self::of_sqlx(cause)
            }
            _ => None,
        }
    }

    /// The same of an error below.
    pub fn of_sqlx(error: &sqlx::Error) -> Option<Self> {
        match error {
            sqlx::Error::Configuration(cause) => cause.downcast_ref::<Self>().cloned(),
            sqlx::Error::Database(answer) => {
                kind(&**answer).map(|kind| Self::new(kind, format_args!("{}", answer.message())))
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Some(Self::new(TroubleKind::Away, error)),
            _ => None,
        }
    }

    /// Trouble of a database that is not known yet.
    pub fn new(kind: TroubleKind, cause: impl fmt::Display) -> Self {
        Self {
            kind,
            cause: cause.to_string(),
            place: None,
        }
    }

    /// The same, of the database of a name at an address.
    #[must_use]
    pub fn at(self, name: impl fmt::Display, address: impl fmt::Display) -> Self {
        let (name, address) = (name.to_string(), address.to_string());
        Self {
            place: Some(TroubledPlace { name, address }),
            ..self
        }
    }

    /// What a caller is told: which database it is, and what to do. Where it is, and what it said, is for operators.
    pub(crate) fn to_caller(&self) -> String {
        let name = self.place.as_ref().map_or("the database", |place| &place.name);
        match self.kind {
            TroubleKind::Away => {
                format!("{name} cannot be reached: repeat later, a write with the same request id to learn its outcome")
            }
            TroubleKind::Full => format!(
                "{name} has no room or takes no writes, until its operators make room: repeat later with the same request \
                 id; nothing that was acknowledged is lost"
            ),
            TroubleKind::Damaged => format!(
                "{name} is damaged, until its operators restore it from a backup: repeat later with the same request id; \
                 the databases of other services are not touched"
            ),
        }
    }

    /// As an error of the database, which becomes this trouble again wherever it is read.
    pub fn into_error(self) -> DbErr {
        DbErr::Conn(RuntimeErr::SqlxError(sqlx::Error::Configuration(Box::new(self)).into()))
    }

    /// The reason's name in the contract.
    pub(crate) fn reason(&self) -> Common {
        match self.kind {
            TroubleKind::Away => Common::Unavailable,
            TroubleKind::Full => Common::StorageFull,
            TroubleKind::Damaged => Common::StorageDamaged,
        }
    }

    /// When it may have been mended. A database comes back by itself; room is made, and backups are restored, by people.
    pub(crate) fn retry_after(&self) -> Duration {
        match self.kind {
            TroubleKind::Away => Duration::from_secs(1),
            TroubleKind::Full => Duration::from_secs(5),
            TroubleKind::Damaged => Duration::from_secs(30),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place.as_ref().map_or("the database", |place| &place.address);
        let cause = &self.cause;
        match self.kind {
            TroubleKind::Away => write!(f, "{place} cannot be reached: {cause}"),
            TroubleKind::Full => write!(
                f,
                "{place} has no room or takes no writes: {cause}; free or add disk space, then repeat with the same request \
                 id: nothing that was acknowledged is lost"
            ),
            TroubleKind::Damaged => write!(
                f,
                "{place} is damaged: {cause}; stop what works with it, keep it aside and restore it from a backup; the \
                 databases of other services are not touched"
            ),
        }
    }
}

impl Error for Trouble {}

fn kind(answer: &dyn DatabaseError) -> Option<TroubleKind> {
    let code = answer.code()?;
    // SQLSTATE has five characters, as no code of SQLite has.
    match code.len() {
        5 => of_postgres(&code),
        _ => of_sqlite(code.parse().ok()?),
    }
}

fn of_postgres(code: &str) -> Option<TroubleKind> {
    if POSTGRES_FULL.contains(&code) {
        Some(TroubleKind::Full)
    } else if POSTGRES_DAMAGED.contains(&code) {
        Some(TroubleKind::Damaged)
    } else if POSTGRES_AWAY.contains(&code) || code.starts_with(POSTGRES_CONNECTION) {
        Some(TroubleKind::Away)
    } else {
        None
    }
}

fn of_sqlite(code: u32) -> Option<TroubleKind> {
    match code & 0xff {
        SQLITE_READONLY if code == SQLITE_READONLY_DBMOVED => Some(TroubleKind::Damaged),
        SQLITE_FULL | SQLITE_READONLY => Some(TroubleKind::Full),
        SQLITE_CORRUPT | SQLITE_NOTADB => Some(TroubleKind::Damaged),
        SQLITE_IOERR if SQLITE_IOERR_WRITES.contains(&code) => Some(TroubleKind::Full),
        SQLITE_IOERR if SQLITE_IOERR_DAMAGE.contains(&code) => Some(TroubleKind::Damaged),
        SQLITE_IOERR | SQLITE_CANTOPEN | SQLITE_NOMEM => Some(TroubleKind::Away),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tonic::{Code, Status};
    use tonic_types::StatusExt;

    use super::*;
    use crate::Fault;

    #[test]
    fn what_postgresql_says_is_told_by_who_mends_it() {
        for (code, kind) in [
            ("53100", Some(TroubleKind::Full)),
            ("53200", Some(TroubleKind::Away)),
            ("53300", Some(TroubleKind::Away)),
            ("57P03", Some(TroubleKind::Away)),
            ("57014", Some(TroubleKind::Away)),
            ("08006", Some(TroubleKind::Away)),
            ("25006", Some(TroubleKind::Full)),
            ("XX001", Some(TroubleKind::Damaged)),
            ("XX002", Some(TroubleKind::Damaged)),
            ("40001", None),
            ("23505", None),
            ("42601", None),
        ] {
            assert_eq!(of_postgres(code), kind, "{code}");
        }
    }

    #[test]
    fn what_sqlite_says_is_told_by_who_mends_it() {
        for (code, kind) in [
            (13, Some(TroubleKind::Full)),
            (778, Some(TroubleKind::Full)),
            (4874, Some(TroubleKind::Full)),
            (8, Some(TroubleKind::Full)),
            (11, Some(TroubleKind::Damaged)),
            (779, Some(TroubleKind::Damaged)),
            (26, Some(TroubleKind::Damaged)),
            (522, Some(TroubleKind::Damaged)),
            (1032, Some(TroubleKind::Damaged)),
            (266, Some(TroubleKind::Away)),
            (14, Some(TroubleKind::Away)),
            (5, None),
            (1555, None),
            (1, None),
        ] {
            assert_eq!(of_sqlite(code), kind, "{code}");
        }
    }

    #[test]
    fn trouble_reaches_the_caller_labelled_and_with_a_delay() {
        for (kind, reason) in [
            (TroubleKind::Away, "UNAVAILABLE"),
            (TroubleKind::Full, "STORAGE_FULL"),
            (TroubleKind::Damaged, "STORAGE_DAMAGED"),
        ] {
            let trouble = Trouble::new(kind, "it said so").at("the database of ledger", "the file ledger.db");
            let fault = Fault::from(trouble.into_error());
            let told = fault.to_string();
            assert!(
                told.starts_with("the file ledger.db") && told.contains("it said so"),
                "operators are told where and why: {told}"
            );
            let status = Status::from(fault);
            assert_eq!(status.code(), Code::Unavailable);
            let details = status.get_error_details();
            assert_eq!(details.error_info().unwrap().reason, reason);
            assert!(details.retry_info().unwrap().retry_delay.is_some());
            let told = status.message();
            assert!(
                told.starts_with("the database of ledger ") && told.contains("repeat later"),
                "{told}"
            );
            assert!(!told.contains("ledger.db") && !told.contains("it said so"), "{told}");
            let again = Fault::from_peer(status);
            assert!(
                again.to_string().contains("it said so"),
                "within the process it is kept"
            );
            let again = Status::from(again);
            assert_eq!(again.get_error_details().error_info().unwrap().reason, reason);
        }
    }
}
