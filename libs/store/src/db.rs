use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fault::Fault;
use kernel::{Clock, Fact, RequestKey, Tenant};
use prost::Message;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

use crate::connect::{Connections, Missing};
use crate::emissions::{Emissions, Emitter};
use crate::{Begun, DbConfig, Draft, Migration, checkpoint, connect, migrate, once, outbox};

/// The database of one service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    writer: DatabaseConnection,
    readers: DatabaseConnection,
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
    inner: DatabaseTransaction,
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
    /// Opens the database, in PostgreSQL within a schema of its own, and brings its tables up to date.
    pub async fn open(config: &DbConfig, schema: &str, migrations: Vec<Migration>) -> Result<Self, Fault> {
        let Connections {
            writer,
            readers,
            checkpoints,
        } = connect::connect(config, schema, Missing::Made).await?;
        migrate::up(&writer, schema, migrations).await?;
        let commits = Arc::default();
        if let Some(checkpoints) = checkpoints.clone() {
            checkpoint::start(checkpoints, &commits);
        }
        Ok(Self {
            writer,
            readers,
            checkpoints,
            emitter: Emitter::default(),
            commits,
        })
    }

    /// Opens a database of whose tables nothing is to be changed, as an operator's command does beside a running service:
    /// nothing is made that is missing, and tables that another release has left are refused.
    pub async fn attach(config: &DbConfig, schema: &str, migrations: Vec<Migration>) -> Result<Self, Fault> {
        let Connections { writer, readers, .. } = connect::connect(config, schema, Missing::Refused).await?;
        migrate::check(&readers, schema, migrations).await?;
        Ok(Self {
            writer,
            readers,
            checkpoints: None,
            emitter: Emitter::default(),
            commits: Arc::default(),
        })
    }

    /// For statements that only read, outside of a transaction.
    pub fn read(&self) -> &DatabaseConnection {
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
        let inner = self.writer.begin_with_options(options).await?;
        Ok(Tx {
            inner,
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
        self.readers.clone().close().await?;
        self.writer.clone().close().await?;
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
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.inner
    }
}
