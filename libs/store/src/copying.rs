//! Copies of the SQLite files of several services as all of them stood at one moment, while others go on writing to them.
//!
//! A consumer's position must not be ahead of the outbox that it reads, or it would pass over the facts that are told anew
//! under the same positions; nor may a service have noted the effect of a call that the service it called knows nothing of. No
//! order of copying one file after the other keeps that: points applies the facts of rights, and rights those of points. So
//! the one moment is made: all files are kept from being written, for some milliseconds, until each copy has begun to read.
//! What a copy reads then is what its file held at that moment, whatever is written later.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fault::Fault;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sea_orm::sqlx::{self, ConnectOptions, Connection};
use tokio::task::JoinHandle;

use crate::ConsumerPosition;
use crate::connect::unopened;
use crate::place::Place;

/// A file that is copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// Whose rows it has.
    pub service: String,
    /// Where it is.
    pub file: PathBuf,
    /// Where its copy is made; nothing is there yet.
    pub copy: PathBuf,
}

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Whose rows it has.
    pub service: String,
    /// What has been done to its tables.
    pub migrations: Vec<String>,
    /// The last fact that it has told.
    pub outbox_position: i64,
    /// How far its consumers have come.
    pub consumers: Vec<ConsumerPosition>,
}

/// What is told while files are copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyNews<'n> {
    /// The moment has been, and nobody could write for so long.
    Moment(Duration),
    /// The copy of a service's file is whole.
    Copied(&'n str),
}

/// How long files may be kept from being written while some of them are busy. Writers wait for five seconds.
const TAKE_MAX: Duration = Duration::from_millis(1_500);
/// How long until every copy has begun as well.
const HELD_MAX: Duration = Duration::from_secs(3);
/// How often it is tried to find all files unwritten at once.
const TRIES_MAX: u32 = 20;
const LOOK_AGAIN: Duration = Duration::from_millis(1);
const PAUSE: Duration = Duration::from_millis(200);
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// One file, and who keeps others from writing to it.
struct Guarded<'o> {
    original: &'o Original,
    place: Place,
    connection: SqliteConnection,
    is_held: bool,
}

/// Copies all of them, and answers what each copy holds. Every copy is on the disk then, and was read once.
pub async fn copy_at_one_moment(
    originals: &[Original],
    news: impl Fn(CopyNews<'_>) + Send + Sync,
) -> Result<Vec<Copied>, Fault> {
    let mut files = Vec::with_capacity(originals.len());
    let mut copying = Vec::with_capacity(originals.len());
    for original in originals {
        let (place, connection) = open(&original.service, &original.file, Duration::ZERO).await?;
        files.push(Guarded {
            original,
            place,
            connection,
            is_held: false,
        });
        copying.push(open(&original.service, &original.file, BUSY_TIMEOUT).await?.1);
    }
    let since = hold(&mut files).await?;
    let mut held = Vec::with_capacity(files.len());
    for file in &mut files {
        let seen = seen(&file.original.service, &mut file.connection).await;
        held.push(seen.map_err(|error| unopened(&file.place, &error))?);
    }
    let copies: Vec<Copy> = originals
        .iter()
        .zip(copying)
        .map(|(original, from)| Copy::begin(original, from))
        .collect();
    let begun = all_begun(&copies, since).await;
    release(&mut files).await?;
    begun?;
    news(CopyNews::Moment(since.elapsed()));
    for ((copy, expected), file) in copies.into_iter().zip(&held).zip(&files) {
        copy.end(&file.place, expected).await?;
        news(CopyNews::Copied(&file.original.service));
    }
    Ok(held)
}

async fn open(service: &str, file: &Path, busy: Duration) -> Result<(Place, SqliteConnection), Fault> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .busy_timeout(busy)
        .disable_statement_logging();
    let place = Place::file(service, &options);
    let connection = options.connect().await.map_err(|error| unopened(&place, &error))?;
    Ok((place, connection))
}

/// Keeps all files from being written, and answers since when.
async fn hold(files: &mut [Guarded<'_>]) -> Result<Instant, Fault> {
    for _ in 0..TRIES_MAX {
        let mut since = Instant::now();
        let mut is_first = true;
        let mut is_all = true;
        for file in files.iter_mut() {
            is_all = file
                .take(if is_first {
                    BUSY_TIMEOUT
                } else {
                    TAKE_MAX.saturating_sub(since.elapsed())
                })
                .await?;
            if !is_all {
                break;
            }
            if std::mem::take(&mut is_first) {
                since = Instant::now();
            }
        }
        if is_all {
            return Ok(since);
        }
        release(files).await?;
        kernel::pause(PAUSE).await;
    }
    Err(Fault::unavailable(
        "there was no moment at which all files could be kept from being written: make the backup again when there is less to do",
    ))
}

async fn release(files: &mut [Guarded<'_>]) -> Result<(), Fault> {
    for file in files.iter_mut().filter(|file| file.is_held) {
        let done = sqlx::query("ROLLBACK").execute(&mut file.connection).await;
        done.map_err(|error| unopened(&file.place, &error))?;
        file.is_held = false;
    }
    Ok(())
}

impl Guarded<'_> {
    /// Whether the file could be taken within this time.
    async fn take(&mut self, within: Duration) -> Result<bool, Fault> {
        let began = Instant::now();
        loop {
            // Asked again and again by hand: SQLite's own waiting sleeps for longer than writers leave between transactions.
            match sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await {
                Ok(_) => {
                    self.is_held = true;
                    return Ok(true);
                }
                Err(error) if is_busy(&error) && began.elapsed() < within => kernel::pause(LOOK_AGAIN).await,
                Err(error) if is_busy(&error) => return Ok(false),
                Err(error) => return Err(unopened(&self.place, &error)),
            }
        }
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    // SQLITE_BUSY, and what it says more exactly (SQLITE_BUSY_RECOVERY, SQLITE_BUSY_SNAPSHOT).
    code.is_some_and(|code| matches!(&*code, "5" | "261" | "517"))
}

/// A copy under way.
struct Copy {
    service: String,
    file: PathBuf,
    writing: JoinHandle<Result<(), sqlx::Error>>,
}

impl Copy {
    fn begin(original: &Original, mut from: SqliteConnection) -> Self {
        let file = original.copy.clone();
        let target = file.display().to_string();
        let writing = tokio::spawn(async move {
            sqlx::query("VACUUM INTO ?1").bind(target).execute(&mut from).await?;
            from.close().await
        });
        Self {
            service: original.service.clone(),
            file,
            writing,
        }
    }

    /// Whether it has begun to read: it writes nothing before.
    fn has_begun(&self) -> bool {
        self.writing.is_finished() || self.file.metadata().is_ok_and(|file| file.len() > 0)
    }

    /// Waits for its end and looks whether it is what it should be.
    async fn end(self, place: &Place, expected: &Copied) -> Result<(), Fault> {
        let written = self.writing.await.map_err(Fault::internal)?;
        written.map_err(|error| unopened(place, &error))?;
        let file = std::fs::File::open(&self.file).map_err(Fault::internal)?;
        file.sync_all().map_err(Fault::internal)?;
        let (place, mut connection) = open(&self.service, &self.file, BUSY_TIMEOUT).await?;
        let fail = |error| unopened(&place, &error);
        let found: String = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_one(&mut connection)
            .await
            .map_err(fail)?;
        let copied = seen(&self.service, &mut connection).await.map_err(fail)?;
        connection.close().await.map_err(fail)?;
        match (found.as_str(), copied == *expected) {
            ("ok", true) => Ok(()),
            ("ok", false) => Err(Fault::internal(format!("{place} is not of the moment of the others"))),
            (damage, _) => Err(Fault::internal(format!("{place} is damaged: {damage}"))),
        }
    }
}

/// Waits until every copy reads what there was at the moment.
async fn all_begun(copies: &[Copy], since: Instant) -> Result<(), Fault> {
    while !copies.iter().all(Copy::has_begun) {
        if since.elapsed() > HELD_MAX {
            return Err(Fault::unavailable(
                "the disk of the backup is too slow: nobody can write until all copies have begun, and they did not within \
                 three seconds; name another place",
            ));
        }
        kernel::pause(LOOK_AGAIN).await;
    }
    Ok(())
}

async fn seen(service: &str, connection: &mut SqliteConnection) -> Result<Copied, sqlx::Error> {
    let migrations = sqlx::query_scalar("SELECT version FROM seaql_migrations ORDER BY version")
        .fetch_all(&mut *connection)
        .await?;
    let outbox_position = sqlx::query_scalar("SELECT COALESCE(MAX(position), 0) FROM outbox")
        .fetch_one(&mut *connection)
        .await?;
    let consumers: Vec<(String, String, i64)> =
        sqlx::query_as("SELECT name, stream, position FROM consumer ORDER BY name")
            .fetch_all(&mut *connection)
            .await?;
    let position = |(name, stream, position)| ConsumerPosition { name, stream, position };
    Ok(Copied {
        service: service.to_owned(),
        migrations,
        outbox_position,
        consumers: consumers.into_iter().map(position).collect(),
    })
}
