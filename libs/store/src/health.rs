//! How a database does, as far as its statements tell.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fault::{Trouble, TroubleKind};
use sea_orm::DbErr;
use tokio::sync::watch;

use crate::absence::{Absence, QUIET};
use crate::liveness::Liveness;
use crate::place::Place;

/// What is known of one database.
#[derive(Debug)]
pub(crate) struct Health {
    place: Place,
    /// For PostgreSQL: whether it is there.
    liveness: Option<Arc<Liveness>>,
    /// For SQLite: whether statements reach the file.
    absence: Absence,
    /// Whether there is trouble below, so that nobody locks where there is none.
    is_troubled: AtomicBool,
    /// What keeps it from being written or read, since a statement has met it.
    storage: Mutex<Option<Trouble>>,
    /// Whether that is a lack of room, for who tries whether there is some again.
    is_full: watch::Sender<bool>,
}

impl Health {
    pub(crate) fn new(place: Place, liveness: Option<Arc<Liveness>>) -> Self {
        Self {
            place,
            liveness,
            absence: Absence::new(QUIET),
            is_troubled: AtomicBool::new(false),
            storage: Mutex::default(),
            is_full: watch::Sender::new(false),
        }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn liveness(&self) -> Option<&Arc<Liveness>> {
        self.liveness.as_ref()
    }

    /// What is wrong with it by now, if anything is.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        let away = self.liveness.as_ref().and_then(|liveness| liveness.trouble());
        away.or_else(|| {
            let is_troubled = self.is_troubled.load(Ordering::Acquire);
            is_troubled.then(|| self.storage().clone()).flatten()
        })
    }

    /// Tells whether the disk has no room.
    pub(crate) fn fullness(&self) -> watch::Receiver<bool> {
        self.is_full.subscribe()
    }

    /// Runs a statement. Trouble with the database is told with its place, and remembered.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        let outcome = match &self.liveness {
            Some(liveness) => liveness.during(work).await,
            None => work.await,
        };
        if outcome.is_ok() {
            self.reached();
        }
        outcome.map_err(|error| self.told(error))
    }

    /// New pages were taken and written: there is room. That something was committed does not say so.
    pub(crate) fn has_room(&self) {
        if !self.is_troubled.load(Ordering::Acquire) {
            return;
        }
        let mut storage = self.storage();
        // What is damaged stays that, whatever can still be written.
        if storage
            .as_ref()
            .is_some_and(|trouble| trouble.kind == TroubleKind::Full)
        {
            *storage = None;
            self.is_troubled.store(false, Ordering::Release);
            self.is_full.send_replace(false);
            tracing::warn!(service = self.place.service(), "{} can be written again", self.place);
        }
    }

    /// Remembers what an error says about the database, and says it with its place.
    pub(crate) fn told(&self, error: DbErr) -> DbErr {
        let Some(trouble) = Trouble::of(&error) else {
            return error;
        };
        let trouble = if trouble.place.is_none() {
            trouble.at(self.place.name(), &self.place)
        } else {
            trouble
        };
        match trouble.kind {
            TroubleKind::Full | TroubleKind::Damaged => self.remember(&trouble),
            TroubleKind::Away => self.missed(&trouble),
        }
        trouble.into_error()
    }

    /// A statement could not reach the database. Of PostgreSQL its liveness tells.
    fn missed(&self, trouble: &Trouble) {
        if self.liveness.is_none() && self.absence.failed() {
            tracing::warn!(
                service = self.place.service(),
                "{trouble}; calls that need it are answered with UNAVAILABLE until it can be reached"
            );
        }
    }

    fn reached(&self) {
        if let Some(away) = self.absence.answered() {
            tracing::warn!(
                service = self.place.service(),
                ?away,
                "{} can be reached again",
                self.place
            );
        }
    }

    fn remember(&self, trouble: &Trouble) {
        let mut storage = self.storage();
        let known = storage.as_ref().map(|known| known.kind);
        if known == Some(trouble.kind) || known == Some(TroubleKind::Damaged) {
            return;
        }
        tracing::error!(service = self.place.service(), "{trouble}");
        *storage = Some(trouble.clone());
        self.is_troubled.store(true, Ordering::Release);
        self.is_full.send_replace(trouble.kind == TroubleKind::Full);
    }

    fn storage(&self) -> std::sync::MutexGuard<'_, Option<Trouble>> {
        self.storage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many use a pool or wait for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Demand(Arc<AtomicUsize>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct User(Arc<AtomicUsize>);

impl Demand {
    pub(crate) fn enter(&self) -> User {
        self.0.fetch_add(1, Ordering::Relaxed);
        User(self.0.clone())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for User {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::Duration;

    use sea_orm::{ConnectionTrait, Database};

    use super::*;

    /// What was logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Log {
        fn warnings(&self) -> Vec<String> {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            let warnings = text.lines().filter(|line| line.contains("WARN"));
            warnings.map(str::to_owned).collect()
        }
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_reached_is_logged_when_that_begins_and_when_it_ends() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false);
        let _guard = tracing::subscriber::set_default(subscriber.with_writer(move || writer.clone()).finish());
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}?mode=rwc", folder.path().join("stock.db").display());
        let health = Health {
            absence: Absence::new(Duration::ZERO),
            ..Health::new(Place::file("stock", &url.parse().unwrap()), None)
        };
        let db = Database::connect(url).await.unwrap();
        // A file in a folder that is not there, as after a volume has gone.
        let out_of_reach = format!("ATTACH '{}' AS gone", folder.path().join("gone/a.db").display());
        let execute = async |sql: &str| health.during(db.execute_unprepared(sql)).await;

        execute("SELECT 1").await.unwrap();
        assert_eq!(log.warnings(), Vec::<String>::new());
        for _ in 0..3 {
            execute(&out_of_reach).await.unwrap_err();
        }
        let [begin] = &log.warnings()[..] else {
            panic!("{:?}", log.warnings())
        };
        assert!(
            begin.contains("stock.db") && begin.contains("cannot be reached: "),
            "{begin}"
        );
        for _ in 0..3 {
            execute("SELECT 1").await.unwrap();
        }
        let [_, end] = &log.warnings()[..] else {
            panic!("{:?}", log.warnings())
        };
        assert!(
            end.contains("stock.db") && end.contains("can be reached again"),
            "{end}"
        );
        // A refusal is no absence.
        execute("SELECT nothing").await.unwrap_err();
        assert_eq!(log.warnings().len(), 2);
        execute(&out_of_reach).await.unwrap_err();
        assert_eq!(log.warnings().len(), 3, "the next one is told as well");
    }
}
