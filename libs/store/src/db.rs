use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fault::Fault;
use kernel::{Clock, Fact, RequestKey, Tenant};
use prost::Message;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};

use crate::connect::{Connections, Missing};
use crate::emissions::{Emissions, Emitter};
use crate::health::{Demand, Health, User};
use crate::{Begun, DbConfig, Draft, Migration, Statements, checkpoint, connect, migrate, once, outbox, room};

/// The database of one service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    writer: Statements<DatabaseConnection>,
    readers: Statements<DatabaseConnection>,
    health: Arc<Health>,
    /// How many transactions are under way or wait to begin.
    writing: Demand,
    /// How many statements beside them.
    reading: Demand,
    /// Folds SQLite's log into its file.
    checkpoints: Option<DatabaseConnection>,
    /// Told whenever facts were committed, so that who tails the outbox need not poll.
    emitter: Emitter,
    /// How many transactions were committed through this handle and its clones.
    commits: Arc<AtomicU64>,
}

/// A transaction that writes. Dropped, it leaves no trace.
#[derive(Debug)]
pub struct Tx {
    inner: Statements<DatabaseTransaction>,
    _user: User,
    emitter: Emitter,
    commits: Arc<AtomicU64>,
    /// The kinds of the facts that it has written.
    emitted: Mutex<BTreeSet<&'static str>>,
}

/// " FOR UPDATE" where the database locks rows; nothing where it has one writer.
pub fn for_update(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => " FOR UPDATE",
        _ => "",
    }
}

/// Whether transactions that write come one after the other, so that each sees all that were before it and none beside it.
pub fn is_serial(backend: DbBackend) -> bool {
    backend == DbBackend::Sqlite
}

impl Db {
    /// Opens the database, in PostgreSQL within a schema of its own, and brings its tables up to date. Where that cannot be,
    /// it says so within seconds, and why.
    pub async fn open(config: &DbConfig, schema: &str, migrations: Vec<Migration>) -> Result<Self, Fault> {
        let Connections {
            writer,
            readers,
            checkpoints,
            place,
            liveness,
        } = connect::connect(config, schema, Missing::Made).await?;
        migrate::up(&writer, &place, migrations).await?;
        let db = Self::new(
            writer.clone(),
            readers,
            checkpoints.clone(),
            Health::new(place, liveness),
        );
        room::start(&db.health, writer);
        if let Some(checkpoints) = checkpoints {
            checkpoint::start(checkpoints, &db.commits);
        }
        Ok(db)
    }

    /// Opens a database of whose tables nothing is to be changed, as an operator's command does beside a running service:
    /// nothing is made that is missing, and tables that another release has left are refused.
    pub async fn attach(config: &DbConfig, schema: &str, migrations: Vec<Migration>) -> Result<Self, Fault> {
        let Connections {
            writer,
            readers,
            checkpoints: _,
            place,
            liveness,
        } = connect::connect(config, schema, Missing::Refused).await?;
        migrate::check(&readers, &place, migrations).await?;
        Ok(Self::new(writer, readers, None, Health::new(place, liveness)))
    }

    fn new(
        writer: DatabaseConnection,
        readers: DatabaseConnection,
        checkpoints: Option<DatabaseConnection>,
        health: Health,
    ) -> Self {
        let (health, writing, reading) = (Arc::new(health), Demand::default(), Demand::default());
        Self {
            writer: Statements::of_pool(writer, health.clone(), writing.clone()),
            readers: Statements::of_pool(readers, health.clone(), reading.clone()),
            health,
            writing,
            reading,
            checkpoints,
            emitter: Emitter::default(),
            commits: Arc::default(),
        }
    }

    /// For statements that only read, outside of a transaction.
    pub fn read(&self) -> &Statements<DatabaseConnection> {
        &self.readers
    }

    /// Which of the two databases it is.
    pub fn backend(&self) -> DbBackend {
        self.writer.get_database_backend()
    }

    /// Begins a transaction that writes.
    pub async fn begin(&self) -> Result<Tx, Fault> {
        // Deferred, SQLite would refuse at the first write whoever read before another one wrote.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            isolation_level: None,
            access_mode: None,
        };
        let user = self.writing.enter();
        let begin = || self.health.during(self.writer.pool().begin_with_options(options));
        let inner = match (begin().await, self.health.liveness()) {
            // The session had ended while it was idle, as after a restart; nothing has been asked of it yet.
            (Err(_), Some(liveness)) if liveness.trouble().is_none() => {
                liveness.look().await;
                begin().await?
            }
            (outcome, _) => outcome?,
        };
        Ok(Tx {
            inner: Statements::of_transaction(inner, self.health.clone()),
            _user: user,
            emitter: self.emitter.clone(),
            commits: self.commits.clone(),
            emitted: Mutex::default(),
        })
    }

    /// Begins a request that must take effect once: with its first answer if it came before, else with a transaction
    /// that can only be committed together with an answer.
    pub async fn begin_once<A: Message + Default>(&self, key: &RequestKey) -> Result<Begun<A>, Fault> {
        once::begin(self.begin().await?, key).await
    }

    /// The answer that a request got when it took effect before, without beginning it.
    ///
    /// For methods that look first whether there is anything to do: asked after the look, so that a request that took
    /// effect before it is seen.
    pub async fn answered<A: Message + Default>(&self, key: &RequestKey) -> Result<Option<A>, Fault> {
        once::answered(&self.readers, key).await
    }

    /// Tells when facts of some kinds, or of any, were committed through this handle or a clone of it.
    pub fn emissions(&self, kinds: Option<Vec<String>>) -> Emissions {
        self.emitter.listen(kinds)
    }

    pub(crate) fn health(&self) -> &Health {
        &self.health
    }

    /// The pools, and how many want something of them: the writer's and the readers'.
    pub(crate) fn uses(
        &self,
    ) -> (
        &Statements<DatabaseConnection>,
        &Statements<DatabaseConnection>,
        &Demand,
        &Demand,
    ) {
        (&self.writer, &self.readers, &self.writing, &self.reading)
    }

    pub(crate) fn emitter(&self) -> &Emitter {
        &self.emitter
    }

    /// How many transactions were committed, where this process alone writes to the database; none where others may, who
    /// are not counted. The same number twice means that nothing has changed in between.
    pub fn commits(&self) -> Option<u64> {
        is_serial(self.backend()).then(|| self.commits.load(Ordering::Acquire))
    }

    /// Closes all connections, after what is under way.
    pub async fn close(&self) -> Result<(), Fault> {
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.clone().close().await?;
        }
        self.readers.pool().clone().close().await?;
        self.writer.pool().clone().close().await?;
        Ok(())
    }
}

impl Tx {
    /// Writes a fact into the outbox. `subject` is the key within which order matters, usually a member id.
    pub async fn emit<F: Fact + Message>(
        &self,
        clock: &Clock,
        tenant: Tenant,
        subject: &str,
        fact: &F,
    ) -> Result<(), Fault> {
        self.emit_all(clock, vec![Draft::new(tenant, subject, fact)]).await
    }

    /// Writes many facts, in their order.
    pub async fn emit_all(&self, clock: &Clock, facts: Vec<Draft>) -> Result<(), Fault> {
        if facts.is_empty() {
            return Ok(());
        }
        self.emitted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(facts.iter().map(Draft::kind));
        outbox::write(&self.inner, clock, facts).await
    }

    /// Makes everything durable.
    pub async fn commit(self) -> Result<(), Fault> {
        self.inner.commit().await?;
        self.commits.fetch_add(1, Ordering::Release);
        let emitted = self.emitted.into_inner().unwrap_or_else(PoisonError::into_inner);
        if !emitted.is_empty() {
            self.emitter.tell(&emitted);
        }
        Ok(())
    }
}

impl Deref for Tx {
    type Target = Statements<DatabaseTransaction>;

    fn deref(&self) -> &Statements<DatabaseTransaction> {
        &self.inner
    }
}
