//! Whether the process that wrote something down still lives, for those who share its database.
//!
//! A process that takes something in hand writes its presence beside it. In PostgreSQL that is the key of an advisory lock which a
//! session of the process holds and nobody else ever takes: the server gives it back when the session ends, as it does when
//! the process is killed. The session is one of the service's own connections and stays with it, which a pooler that hands
//! sessions from one to the other would not allow. A session that has broken off is replaced under another key: what was
//! written under the old one counts as left behind, whether or not the process lives.
//!
//! A SQLite file is one process's: the process that had it before has gone.

use fault::Fault;
use kernel::Clock;
use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::{self, PgPool, Postgres};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::health::Health;
use crate::liveness::{self, PING_TIMEOUT};
use crate::{Db, statement};

/// Under what others see that a process lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Presence(i64);

impl Presence {
    /// The one that was written down as this number.
    pub const fn from_key(key: i64) -> Self {
        Self(key)
    }

    /// The number by which it is written down.
    pub const fn key(self) -> i64 {
        self.0
    }

    /// The random half of an id.
    fn random() -> Self {
        let (_, random) = Clock::system().uuid().as_u64_pair();
        Self(random.cast_signed())
    }
}

/// How a handle on a database shows that its process lives.
#[derive(Debug)]
pub(crate) enum Attendance {
    Alone(Presence),
    Among {
        pool: PgPool,
        session: Mutex<Option<Session>>,
    },
}

/// A session that holds the lock.
#[derive(Debug)]
pub(crate) struct Session {
    presence: Presence,
    connection: PoolConnection<Postgres>,
}

impl Attendance {
    pub(crate) fn new(pool: &DatabaseConnection) -> Self {
        match pool.get_database_backend() {
            DbBackend::Postgres => Self::Among {
                pool: pool.get_postgres_connection_pool().clone(),
                session: Mutex::default(),
            },
            _ => Self::Alone(Presence::random()),
        }
    }

    async fn presence(&self, health: &Health) -> Result<Presence, DbErr> {
        let (pool, session) = match self {
            Self::Alone(presence) => return Ok(*presence),
            Self::Among { pool, session } => (pool, session),
        };
        let mut held = session.lock().await;
        if let Some(session) = &mut *held
            && liveness::answers(&mut session.connection).await
        {
            return Ok(session.presence);
        }
        // First, so that there is a connection for the next one, and no more at any time than there may be.
        if let Some(session) = held.take() {
            let _ = timeout(PING_TIMEOUT, session.connection.close()).await;
        }
        let session = health.during(Session::open(pool)).await?;
        Ok(held.insert(session).presence)
    }

    /// Gives the connection back, and whatever stands under the presence with it.
    pub(crate) async fn leave(&self) {
        if let Self::Among { session, .. } = self
            && let Some(session) = session.lock().await.take()
        {
            // A session that does not answer is dropped, which closes it, too.
            let _ = timeout(PING_TIMEOUT, session.connection.close()).await;
        }
    }
}

impl Session {
    async fn open(pool: &PgPool) -> Result<Self, DbErr> {
        let presence = Presence::random();
        let failed = |error: sqlx::Error| DbErr::Conn(RuntimeErr::SqlxError(error.into()));
        let mut connection = pool.acquire().await.map_err(failed)?;
        // The next user of the session would hold the lock.
        connection.close_on_drop();
        sqlx::query("SELECT pg_advisory_lock($1)")
            .bind(presence.key())
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
        Ok(Self { presence, connection })
    }
}

impl Db {
    /// Under what others see that this process lives, from now on. What is written under it counts as left behind as soon
    /// as the process has gone, or has lost the session by which it shows that it lives; so it is asked for anew before
    /// each thing that is taken in hand. It takes a connection of the service's own, and keeps it.
    ///
    /// Not to be called within a transaction: where there are few connections, it would wait for its own.
    pub async fn presence(&self) -> Result<Presence, Fault> {
        Ok(self.attendance().presence(self.health()).await?)
    }

    /// Those of the presences whose processes have gone.
    pub async fn departed(&self, all: &[Presence]) -> Result<Vec<Presence>, Fault> {
        // Let go of at once, and shared by all who ask, so that nobody takes the other's look for the process itself.
        const IS_GONE: &str = "SELECT pg_try_advisory_xact_lock_shared($1)";
        let mut departed = Vec::new();
        for presence in all {
            let has_gone = match self.attendance() {
                Attendance::Alone(own) => presence != own,
                Attendance::Among { .. } => {
                    let look = statement(self.read(), IS_GONE, [presence.key().into()]);
                    let row = self.read().query_one_raw(look).await?;
                    row.is_some_and(|row| row.try_get_by_index(0).unwrap_or(false))
                }
            };
            if has_gone {
                departed.push(*presence);
            }
        }
        Ok(departed)
    }
}
