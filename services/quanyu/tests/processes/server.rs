use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use tempfile::TempDir;

/// Names a PostgreSQL server to run the tests on.
const SERVER: &str = "QUANYU_TEST_DATABASE_URL";

/// Where the processes of one platform keep their rows: a folder of SQLite files, or a PostgreSQL database of its own.
pub(crate) struct Server {
    pub(crate) folder: TempDir,
    /// The address of the database, where there is a server.
    pub(crate) url: Option<String>,
    database: Option<(String, String)>,
}

impl Server {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test is told by its environment where PostgreSQL is"
    )]
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let Ok(server) = std::env::var(SERVER) else {
            return Self {
                folder,
                url: None,
                database: None,
            };
        };
        let name = format!("processes_{}", kernel::Clock::system().uuid().simple());
        execute(&server, &format!("CREATE DATABASE {name}")).await;
        let (host, _) = server.rsplit_once('/').expect("an address with a database");
        let url = Some(format!("{host}/{name}"));
        Self {
            folder,
            url,
            database: Some((server, name)),
        }
    }

    /// A database that is the test's own business.
    pub(crate) fn at(url: String) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            url: Some(url),
            database: None,
        }
    }

    /// Runs a statement on the rows of a service, as nobody should, and answers how many it changed.
    pub(crate) async fn execute(&self, service: &str, sql: &str) -> u64 {
        let db = self.database_of(service).await;
        let changed = db.execute_unprepared(sql).await.unwrap().rows_affected();
        db.close().await.unwrap();
        changed
    }

    /// The rows of a service, behind its back.
    pub(crate) async fn database_of(&self, service: &str) -> DatabaseConnection {
        let file = self.folder.path().join(format!("{service}.db"));
        let options = match &self.url {
            Some(url) => ConnectOptions::new(url).set_schema_search_path(service).to_owned(),
            None => ConnectOptions::new(format!("sqlite:{}", file.display())),
        };
        Database::connect(options).await.unwrap()
    }

    /// Removes the database, once every process has ended.
    pub(crate) async fn remove(self) {
        if let Some((server, name)) = self.database {
            execute(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
    }
}

async fn execute(server: &str, statement: &str) {
    let server = Database::connect(server).await.unwrap();
    server.execute_unprepared(statement).await.unwrap();
    server.close().await.unwrap();
}
