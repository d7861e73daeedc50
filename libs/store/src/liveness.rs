//! Whether PostgreSQL is there. Nobody asks as long as it answers: a look costs a connection of its own.
//!
//! The pool alone would let every caller wait for its whole time, connecting again and again, and a statement whose packets
//! are swallowed would wait for ever. Who gets no answer for a second has somebody look; if PostgreSQL cannot be reached, all
//! who wait are told at once, and so is everybody who comes until it is back.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use fault::{Trouble, TroubleKind};
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::{self, Connection, PgConnection, PgPool};
use sea_orm::{DbErr, RuntimeErr};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::greeting::greet;
use crate::place::Place;

/// How long a statement goes without an answer before somebody looks whether the database is there.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long an idle session may take to answer.
pub(crate) const PING_TIMEOUT: Duration = Duration::from_secs(1);
/// How often to look while it is away.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What PostgreSQL's reasons for ending a session begin with.
const ENDED: &str = "57P";

/// Whether a database is away, for the pool's own hooks, which are made before everything else.
#[derive(Debug, Clone, Default)]
pub(crate) struct AwayFlag(Arc<AtomicBool>);

impl AwayFlag {
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What is known of a PostgreSQL database.
#[derive(Debug)]
pub(crate) struct Liveness {
    place: Place,
    options: PgConnectOptions,
    pool: PgPool,
    flag: AwayFlag,
    started: Instant,
    /// When a statement was last answered, in milliseconds since the start.
    answered: AtomicU64,
    /// Whether a session has broken off: others that are idle may have, too.
    has_broken: AtomicBool,
    /// Somebody wants it looked at.
    nudges: watch::Sender<u64>,
    looks: watch::Sender<Look>,
}

/// The last look.
#[derive(Debug, Clone, Default)]
struct Look {
    number: u64,
    away: Option<Away>,
}

#[derive(Debug, Clone)]
struct Away {
    since: Instant,
    cause: String,
}

impl Liveness {
    pub(crate) fn start(place: Place, options: PgConnectOptions, pool: PgPool, flag: AwayFlag) -> Arc<Self> {
        let liveness = Arc::new(Self {
            place,
            options,
            pool,
            flag,
            started: Instant::now(),
            answered: AtomicU64::new(0),
            has_broken: AtomicBool::new(false),
            nudges: watch::Sender::new(0),
            looks: watch::Sender::default(),
        });
        tokio::spawn(watch_over(Arc::downgrade(&liveness), liveness.nudges.subscribe()));
        liveness
    }

    /// Runs a statement, for as long as the database is there.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        if let Some(trouble) = self.trouble() {
            return Err(trouble.into_error());
        }
        tokio::pin!(work);
        loop {
            // Most are answered long before.
            if let Ok(outcome) = timeout(PATIENCE, &mut work).await {
                self.note(&outcome);
                return outcome;
            }
            let mut looks = self.looks.subscribe();
            let seen = looks.borrow().number;
            self.nudge();
            tokio::select! {
                outcome = &mut work => {
                    self.note(&outcome);
                    return outcome;
                }
                _ = looks.wait_for(|look| look.number != seen) => {}
            }
            if let Some(trouble) = self.trouble() {
                return Err(trouble.into_error());
            }
        }
    }

    /// The trouble that everybody has with it, if it is away.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        if !self.flag.is_set() {
            return None;
        }
        let cause = self.looks.borrow().away.as_ref().map(|away| away.cause.clone())?;
        Some(Trouble::new(TroubleKind::Away, cause).at(self.place.name(), &self.place))
    }

    /// Has somebody look, and waits for it.
    pub(crate) async fn look(&self) {
        let mut looks = self.looks.subscribe();
        let seen = looks.borrow().number;
        self.nudge();
        let _ = looks.wait_for(|look| look.number != seen).await;
    }

    fn nudge(&self) {
        self.nudges.send_modify(|times| *times = times.wrapping_add(1));
    }

    fn note<T>(&self, outcome: &Result<T, DbErr>) {
        match outcome {
            Err(error) if is_broken(error) => {
                self.has_broken.store(true, Ordering::Release);
                self.nudge();
            }
            // A refusal is an answer.
            Ok(_) | Err(_) => self.answered.store(self.millis(), Ordering::Relaxed),
        }
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether nobody has had an answer for a while: where somebody has, it is there, whatever a new session meets.
    fn is_silent(&self) -> bool {
        let since = self.millis().saturating_sub(self.answered.load(Ordering::Relaxed));
        Duration::from_millis(since) >= PATIENCE
    }

    async fn see(&self) {
        let outcome = greet(&self.options).await;
        let before = self.looks.borrow().away.clone();
        let away = match (outcome, before) {
            (Ok(()), None) => None,
            (Ok(()), Some(before)) => {
                tracing::warn!(
                    service = self.place.service(),
                    away = ?before.since.elapsed(),
                    "{} is back",
                    self.place
                );
                None
            }
            (Err(closed), Some(before)) => Some(Away {
                cause: closed.cause,
                ..before
            }),
            (Err(closed), None) if self.is_silent() => {
                tracing::error!(
                    service = self.place.service(),
                    "{} cannot be reached: {}; calls are answered with UNAVAILABLE until it is back",
                    self.place,
                    closed.cause
                );
                Some(Away {
                    since: Instant::now(),
                    cause: closed.cause,
                })
            }
            (Err(closed), None) => {
                tracing::warn!(
                    service = self.place.service(),
                    "{} takes no further session: {}",
                    self.place,
                    closed.cause
                );
                None
            }
        };
        let is_away = away.is_some();
        self.looks.send_modify(|look| {
            look.away = away;
            // Set within the lock, so that a caller that sees the flag finds the cause.
            self.flag.0.store(is_away, Ordering::Release);
        });
        if is_away || self.has_broken.swap(false, Ordering::AcqRel) {
            self.weed(is_away).await;
        }
        self.looks.send_modify(|look| look.number = look.number.wrapping_add(1));
    }

    /// Takes sessions out of the pool that have broken off while they were idle; all of them, where the database is away.
    async fn weed(&self, is_away: bool) {
        let idle: Vec<_> = std::iter::from_fn(|| self.pool.try_acquire()).collect();
        let checked = idle.into_iter().map(|mut session| async move {
            if is_away || !answers(&mut session).await {
                drop(session.detach());
            }
        });
        futures::future::join_all(checked).await;
    }
}

/// Whether an idle session is still there.
pub(crate) async fn answers(session: &mut PgConnection) -> bool {
    matches!(timeout(PING_TIMEOUT, session.ping()).await, Ok(Ok(())))
}

/// Looks when somebody asks for it, and again and again while the database is away; ends with the last handle on it.
async fn watch_over(liveness: Weak<Liveness>, mut nudges: watch::Receiver<u64>) {
    loop {
        let is_away = liveness.upgrade().is_some_and(|liveness| liveness.flag.is_set());
        if !is_away && nudges.changed().await.is_err() {
            return;
        }
        nudges.mark_unchanged();
        let Some(there) = liveness.upgrade() else { return };
        if there.pool.is_closed() {
            return;
        }
        there.see().await;
        drop(there);
        // However many ask for it.
        kernel::pause(LOOK_EVERY).await;
    }
}

/// Whether the session has ended or none was to be had, rather than that a statement was refused.
fn is_broken(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))
    | DbErr::Conn(RuntimeErr::SqlxError(cause))) = error
    else {
        return matches!(error, DbErr::ConnectionAcquire(_));
    };
    match &**cause {
        sqlx::Error::Database(answer) => answer.code().is_some_and(|code| code.starts_with(ENDED)),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Protocol(_) => true,
        _ => false,
    }
}
