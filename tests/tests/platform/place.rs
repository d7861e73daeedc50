use std::thread;

use quanyu::config::Config;
use runtime::Secret;
use sea_orm::{ConnectionTrait, Database};
use tempfile::TempDir;

/// Names a PostgreSQL server to run the tests on.
const SERVER: &str = "QUANYU_TEST_DATABASE_URL";
/// The fewest that there may be: several platforms share the test's server, and no story may need more to come to its end.
const CONNECTIONS_MAX: u32 = 15;

/// Where one platform keeps its rows: a folder of SQLite files, or a PostgreSQL database of its own, for the schemas of
/// its services have fixed names. Gone with this value.
pub(crate) struct Place {
    pub(crate) config: Config,
    folder: TempDir,
    database: Option<(String, String)>,
}

impl Place {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test is told by its environment where PostgreSQL is"
    )]
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config {
            folder: folder.path().join("data"),
            listen: "127.0.0.1:0".parse().unwrap(),
            ..Config::default()
        };
        let database = std::env::var(SERVER).ok().map(|server| {
            let name = format!("platform_{}", kernel::Clock::system().uuid().simple());
            run(&server, &format!("CREATE DATABASE {name}"));
            (server, name)
        });
        if let Some((server, name)) = &database {
            let (host, _) = server.rsplit_once('/').expect("an address with a database");
            config.database_url = Some(Secret::new(format!("{host}/{name}")));
            config.database_connections_max = Some(CONNECTIONS_MAX);
        }
        Self {
            config,
            folder,
            database,
        }
    }

    /// The folder, for other files of the test.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.database {
            run(server, &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

/// Runs one statement, on a thread of its own, because a value is dropped within a runtime that must not be blocked.
fn run(server: &str, statement: &str) {
    thread::scope(|scope| {
        let work = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let server = Database::connect(server).await.unwrap();
                server.execute_unprepared(statement).await.unwrap();
                server.close().await.unwrap();
            });
        });
        work.join().unwrap();
    });
}
