use std::collections::BTreeSet;
use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fault::Fault;
use kernel::{Clock, Fact, RequestKey, Tenant, Time};
use prost::Message;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use tracing::Instrument;

use crate::connect::{Connections, Missing};
use crate::deadlines::{Alarm, DueTimes};
use crate::emissions::{Emissions, Emitter};
use crate::fence::Fence;
use crate::health::{Demand, Health, User};
use crate::outbox::FormSeen;
use crate::presence::Attendance;
use crate::{
    Answers, Begun, DbConfig, Deadlines, Draft, Migration, MigrationNews, MoveNews, Standing, Statements, checkpoint,
    connect, migrate, once, outbox, room,
};

/// A transaction that begins, whether or not its caller still waits for it. A BEGIN that is given up before its answer, as at
/// a deadline, would leave its session in a transaction of which the pool knows nothing: it would keep its locks, and what the
/// next one writes outside of a transaction would be lost.
async fn begun(pool: DatabaseConnection, options: TransactionOptions) -> Result<DatabaseTransaction, DbErr> {
    let begin = async move { pool.begin_with_options(options).await };
    let begun = tokio::spawn(begin.in_current_span()).await;
    begun.map_err(|error| DbErr::Custom(error.to_string()))?
}

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
    /// Where the positions of facts were last seen.
    form_seen: FormSeen,
    /// Told of the deadlines that were committed, so that who sleeps until the next one need not poll.
    alarm: Alarm,
    /// How many transactions were committed through this handle and its clones.
    commits: Arc<AtomicU64>,
    /// Shows others that this process lives.
    attendance: Arc<Attendance>,
}

/// A transaction that writes. Dropped, it leaves no trace.
#[derive(Debug)]
pub struct Tx {
    inner: Statements<DatabaseTransaction>,
    /// Under which lease a worker writes.
    fence: Fence,
    _user: User,
    emitter: Emitter,
    alarm: Alarm,
    commits: Arc<AtomicU64>,
    /// What is told when it is committed; in a box, for a transaction is moved about.
    news: Box<Mutex<News>>,
}

/// What a transaction has written that others wait for.
#[derive(Debug, Default)]
struct News {
    /// The kinds of its facts.
    emitted: BTreeSet<&'static str>,
    /// Its deadlines.
    due: DueTimes,
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

/// Tells the log of what is done to tables when a service starts.
fn note(news: MigrationNews<'_>) {
    match news {
        MigrationNews::Waits => tracing::warn!("another process brings the tables up to date: waiting for it"),
        MigrationNews::Begins(name) => tracing::info!(name, "a migration begins"),
        MigrationNews::Done(name, took) => tracing::info!(name, took_ms = took.as_millis(), "a migration is done"),
    }
}

fn holds_anything(file: &Path) -> bool {
    file.metadata().is_ok_and(|file| file.len() > 0)
}

impl Db {
    /// Opens the database, in PostgreSQL within a schema of its own, and brings its tables up to date. Where that cannot be,
    /// it says so within seconds, and why.
    pub async fn open(config: &DbConfig, schema: &str, migrations: Vec<Migration>) -> Result<Self, Fault> {
        let connections = connect::connect(config, schema, Missing::Made).await?;
        migrate::up(&connections.writer, &connections.place, migrations, &note).await?;
        Ok(Self::opened(connections))
    }

    /// The same for a service that does no migration: tables that are behind are refused, with what is outstanding.
    pub async fn open_migrated(config: &DbConfig, schema: &str, migrations: Vec<Migration>) -> Result<Self, Fault> {
        if config.file().is_some_and(|file| !holds_anything(&file)) {
            return Err(Fault::internal(format!(
                "the database of {schema} has no file yet, and migrate_at_start is false: run `quanyu migrate {schema}` first"
            )));
        }
        let connections = connect::connect(config, schema, Missing::Refused).await?;
        migrate::check_at_start(&connections.readers, &connections.place, migrations).await?;
        Ok(Self::opened(connections))
    }

    /// Brings the tables of a service up to date and closes them again; tells of each migration.
    pub async fn migrate(
        config: &DbConfig,
        schema: &str,
        migrations: Vec<Migration>,
        news: &(dyn Fn(MigrationNews<'_>) + Send + Sync),
    ) -> Result<(), Fault> {
        let connections = connect::connect(config, schema, Missing::Made).await?;
        let outcome = migrate::up(&connections.writer, &connections.place, migrations, news).await;
        Self::at_rest(connections).close().await?;
        outcome
    }

    /// Moves the positions of facts to where this release keeps them, once no process of the release before is left; see
    /// [`Standing::is_unfinished`]. Nothing is to be moved in SQLite.
    pub async fn finish(
        config: &DbConfig,
        schema: &str,
        migrations: Vec<Migration>,
        news: &(dyn Fn(MoveNews) + Send + Sync),
    ) -> Result<(), Fault> {
        let connections = connect::connect(config, schema, Missing::Refused).await?;
        let outcome = migrate::finish(&connections.writer, &connections.place, migrations, news).await;
        Self::at_rest(connections).close().await?;
        outcome
    }

    /// How the tables of a service stand to these migrations. Changes nothing, and makes nothing that is missing.
    pub async fn standing(config: &DbConfig, schema: &str, migrations: Vec<Migration>) -> Result<Standing, Fault> {
        let all = migrate::all(migrations);
        if config.file().is_some_and(|file| !holds_anything(&file)) {
            return Ok(migrate::nothing(&all));
        }
        let connections = connect::connect(config, schema, Missing::Refused).await?;
        let seen = migrate::look(&connections.readers, &all).await;
        let place = connections.place.clone();
        Self::at_rest(connections).close().await?;
        seen?.map_err(|stranger| Fault::internal(format!("{place} {stranger}")))
    }

    /// A handle that does nothing by itself.
    fn at_rest(connections: Connections) -> Self {
        let health = Health::new(connections.place, connections.liveness);
        Self::new(connections.writer, connections.readers, connections.checkpoints, health)
    }

    fn opened(connections: Connections) -> Self {
        let Connections {
            writer,
            readers,
            checkpoints,
            place,
            liveness,
        } = connections;
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
        db
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

    /// The same of a schema that is being filled by [`crate::moving`], which has looked at its tables: for reading what
    /// has arrived.
    pub async fn attach_while_filled(config: &DbConfig, schema: &str) -> Result<Self, Fault> {
        let connections = connect::connect(config, schema, Missing::Refused).await?;
        Ok(Self::at_rest(connections))
    }

    fn new(
        writer: DatabaseConnection,
        readers: DatabaseConnection,
        checkpoints: Option<DatabaseConnection>,
        health: Health,
    ) -> Self {
        let (health, writing, reading) = (Arc::new(health), Demand::default(), Demand::default());
        Self {
            attendance: Arc::new(Attendance::new(&writer)),
            writer: Statements::of_pool(writer, health.clone(), writing.clone()),
            readers: Statements::of_pool(readers, health.clone(), reading.clone()),
            health,
            writing,
            reading,
            checkpoints,
            emitter: Emitter::default(),
            form_seen: FormSeen::default(),
            alarm: Alarm::default(),
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
        // Deferred, SQLite would refuse the first write of a transaction that has read before another one wrote.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            isolation_level: None,
            access_mode: None,
        };
        let user = self.writing.enter();
        let begin = || self.health.during(begun(self.writer.pool().clone(), options));
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
            fence: Fence::present(),
            _user: user,
            emitter: self.emitter.clone(),
            alarm: self.alarm.clone(),
            commits: self.commits.clone(),
            news: Box::default(),
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

    /// The same of many requests, by one statement.
    pub async fn answers<'k>(&self, keys: impl Iterator<Item = &'k RequestKey>) -> Result<Answers, Fault> {
        Answers::found(&self.readers, keys).await
    }

    /// Tells when facts of some kinds, or of any, were committed through this handle or a clone of it.
    pub fn emissions(&self, kinds: Option<Vec<String>>) -> Emissions {
        self.emitter.listen(kinds)
    }

    /// Tells of the deadlines of this name that are committed through this handle or a clone of it.
    pub fn deadlines(&self, name: &'static str) -> Deadlines {
        self.alarm.listen(name)
    }

    pub(crate) fn health(&self) -> &Health {
        &self.health
    }

    pub(crate) fn attendance(&self) -> &Attendance {
        &self.attendance
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

    pub(crate) fn form_seen(&self) -> &FormSeen {
        &self.form_seen
    }

    /// How many transactions were committed, where this process alone writes to the database; none where others may, who
    /// are not counted. The same number twice means that nothing has changed in between.
    pub fn commits(&self) -> Option<u64> {
        is_serial(self.backend()).then(|| self.commits.load(Ordering::Acquire))
    }

    /// Closes all connections, after what is under way.
    pub async fn close(&self) -> Result<(), Fault> {
        // The pool waits for every connection.
        self.attendance.leave().await;
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
        self.news().emitted.extend(facts.iter().map(Draft::kind));
        outbox::write(&self.inner, clock, facts).await
    }

    /// Says that something it has written comes due at this time, for who sleeps until then ([`Db::deadlines`]).
    pub fn comes_due(&self, name: &'static str, time: Time) {
        let mut news = self.news();
        let nearest = news.due.entry(name).or_insert(time);
        *nearest = time.min(*nearest);
    }

    fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes everything durable. Where a worker has lost its lease meanwhile ([`Fence`]), nothing is.
    pub async fn commit(self) -> Result<(), Fault> {
        self.fence.check(&self.inner).await?;
        self.inner.commit().await?;
        self.commits.fetch_add(1, Ordering::Release);
        let News { emitted, due } = self.news.into_inner().unwrap_or_else(PoisonError::into_inner);
        if !emitted.is_empty() {
            self.emitter.tell(&emitted);
        }
        if !due.is_empty() {
            self.alarm.tell(&due);
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
