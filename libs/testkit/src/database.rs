use fault::Fault;
use kernel::Clock;
use sea_orm::{ConnectionTrait, DbBackend};
use store::{Db, DbConfig, Migration};
use tempfile::TempDir;

/// Names a PostgreSQL server to run the tests on.
const SERVER: &str = "QUANYU_TEST_DATABASE_URL";

/// How many connections a test's service opens to PostgreSQL.
pub(crate) const CONNECTIONS_MAX: usize = 8;

/// A database that nobody else uses.
pub struct TestDb {
    config: DbConfig,
    schema: String,
    db: Db,
    _folder: Option<TempDir>,
}

impl TestDb {
    /// An empty database with the given tables.
    pub async fn new(migrations: Vec<Migration>) -> Self {
        let schema = format!("t_{}", Clock::system().uuid().simple());
        let (config, folder) = if let Some(url) = server() {
            let config = DbConfig {
                connections_max: u32::try_from(CONNECTIONS_MAX).unwrap_or(u32::MAX),
                ..DbConfig::new(url)
            };
            (config, None)
        } else {
            let folder = tempfile::tempdir().expect("a folder for the test's database");
            let file = folder.path().join("test.db");
            (DbConfig::new(format!("sqlite:{}", file.display())), Some(folder))
        };
        let db = Db::open(&config, &schema, migrations)
            .await
            .expect("the test's database opens");
        Self {
            config,
            schema,
            db,
            _folder: folder,
        }
    }

    /// A handle on it.
    pub fn db(&self) -> Db {
        self.db.clone()
    }

    /// A second handle with connections of its own, as another replica has.
    pub async fn another(&self, migrations: Vec<Migration>) -> Db {
        self.connection().open(migrations).await
    }

    /// A handle on it as an operator's command has one: nothing of it is changed.
    pub async fn attached(&self, migrations: Vec<Migration>) -> Result<Db, Fault> {
        Db::attach(&self.config, &self.schema, migrations).await
    }

    /// Where it is: what it takes to open it, and its schema.
    pub fn place(&self) -> (&DbConfig, &str) {
        (&self.config, &self.schema)
    }

    /// What it takes to open it elsewhere.
    pub(crate) fn connection(&self) -> Connection {
        Connection {
            config: self.config.clone(),
            schema: self.schema.clone(),
        }
    }
}

/// Where a test's database is.
pub(crate) struct Connection {
    config: DbConfig,
    schema: String,
}

impl Connection {
    pub(crate) async fn open(&self, migrations: Vec<Migration>) -> Db {
        Db::open(&self.config, &self.schema, migrations)
            .await
            .expect("the test's database opens again")
    }
}

/// Loses the fact at a position, as if it had never been written.
pub async fn lose_fact(db: &Db, position: i64) {
    let positions = match db.backend() {
        DbBackend::Postgres => "fact_position",
        _ => "outbox",
    };
    let sql = format!("DELETE FROM {positions} WHERE position = {position}");
    let tx = db.begin().await.expect("a transaction begins");
    let lost = tx.execute_unprepared(&sql).await.expect("a fact can be lost");
    assert_eq!(lost.rows_affected(), 1, "there is one at the position {position}");
    tx.commit().await.expect("it is lost");
}

/// The PostgreSQL server that the tests run on, where one is named.
#[expect(
    clippy::disallowed_methods,
    reason = "a test is told by its environment where PostgreSQL is"
)]
pub fn server() -> Option<String> {
    std::env::var(SERVER).ok()
}
