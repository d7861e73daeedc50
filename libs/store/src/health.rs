//! How a database does, as far as its statements tell.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fault::{Trouble, TroubleKind};
use sea_orm::DbErr;
use tokio::sync::watch;

use crate::liveness::Liveness;
use crate::place::Place;

/// What is known of one database.
#[derive(Debug)]
pub(crate) struct Health {
    place: Place,
    /// For PostgreSQL: whether it is there.
    liveness: Option<Arc<Liveness>>,
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

    fn told(&self, error: DbErr) -> DbErr {
        let Some(trouble) = Trouble::of(&error) else {
            return error;
        };
        let trouble = if trouble.place.is_none() {
            trouble.at(self.place.name(), &self.place)
        } else {
            trouble
        };
        if trouble.kind != TroubleKind::Away {
            self.remember(&trouble);
        }
        trouble.into_error()
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
