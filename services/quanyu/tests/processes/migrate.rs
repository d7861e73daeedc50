//! `quanyu migrate`: tables are brought up to date by a command of its own, and who starts on them does nothing of it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use sea_orm::{ConnectionTrait, Statement};
use tests::{Rest, eventually};

use crate::process::{Process, quanyu};
use crate::server::Server;

const ROLES: [&str; 6] = ["identity", "points", "rights", "tagging", "campaign", "gateway"];
/// What a release to come will have done.
const LATER: &str = "gateway_9999_later";

fn on(server: &Server, arguments: &[&str]) -> Command {
    let mut command = quanyu();
    command.args(arguments).arg("--folder").arg(server.folder.path());
    if let Some(url) = &server.url {
        command.env("QUANYU_DATABASE_URL", url);
    }
    command
}

fn migrate(server: &Server, arguments: &[&str]) -> (Option<i32>, String) {
    let outcome = on(server, &[&["migrate"], arguments].concat()).output().unwrap();
    (outcome.status.code(), told(&outcome))
}

fn told(outcome: &Output) -> String {
    String::from_utf8_lossy(&outcome.stdout).into_owned() + &String::from_utf8_lossy(&outcome.stderr)
}

/// What has been done to the tables of each role, as far as there are any.
async fn done(server: &Server) -> BTreeMap<&'static str, Vec<String>> {
    let mut all = BTreeMap::new();
    for role in ROLES {
        if server.url.is_none() && !server.folder.path().join(format!("{role}.db")).exists() {
            continue;
        }
        let db = server.database_of(role).await;
        let sql = "SELECT version FROM seaql_migrations ORDER BY version";
        let rows = db
            .query_all_raw(Statement::from_string(db.get_database_backend(), sql))
            .await;
        if let Ok(rows) = rows {
            all.insert(role, rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect());
        }
        db.close().await.unwrap();
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_are_listed_done_for_one_role_and_for_all_and_then_there_are_none() {
    let server = Server::new().await;
    for look in ["--dry-run", "--status"] {
        let (code, told) = migrate(&server, &[look]);
        assert_eq!(code, Some(2), "{told}");
        for role in ROLES {
            assert!(told.contains(&format!("{role}: base_0001 is outstanding")), "{told}");
        }
        assert!(done(&server).await.is_empty(), "who looks changes nothing");
    }
    if server.url.is_none() {
        assert_eq!(server.folder.path().read_dir().unwrap().count(), 0, "and makes nothing");
    }

    let (code, told) = migrate(&server, &["points"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(
        told.contains("points: points_0001_ledger done in ") && told.contains("nothing is outstanding"),
        "{told}"
    );
    assert_eq!(done(&server).await.keys().collect::<Vec<_>>(), [&"points"]);
    assert_eq!(migrate(&server, &["points", "--dry-run"]).0, Some(0));
    let (code, told) = migrate(&server, &["--dry-run"]);
    assert!(code == Some(2) && !told.contains("points:"), "{told}");

    let (code, told) = migrate(&server, &[]);
    assert_eq!(code, Some(0), "{told}");
    assert!(
        !told.contains("points:") && told.contains("gateway: gateway_0002_tenant_time_zone done in "),
        "{told}"
    );
    let after = done(&server).await;
    assert_eq!(after.len(), ROLES.len());
    let (code, told) = migrate(&server, &[]);
    assert!(code == Some(0) && told.trim() == "nothing is outstanding", "{told}");
    assert_eq!(done(&server).await, after);

    let (code, told) = migrate(&server, &["points", "pionts", "right"]);
    assert!(
        code == Some(64) && told.contains("pionts is none") && told.contains("right is none"),
        "{told}"
    );
    server.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_migrations_at_once_wait_for_each_other() {
    let server = Server::new().await;
    // One that has the turn and takes its time.
    let holding = if server.url.is_some() {
        let public = server.database_of("public").await;
        public.execute_unprepared("CREATE SCHEMA points").await.unwrap();
        public.close().await.unwrap();
        let db = server.database_of("points").await;
        let mut lock = db.get_postgres_connection_pool().acquire().await.unwrap();
        let take = "SELECT pg_advisory_lock(hashtextextended('quanyu.migrate.' || current_schema(), 0))";
        sea_orm::sqlx::raw_sql(take).execute(&mut *lock).await.unwrap();
        (Some((db, lock)), None)
    } else {
        let file = std::fs::File::create(server.folder.path().join("migrate.lock")).unwrap();
        file.lock().unwrap();
        (None, Some(file))
    };
    let mut waiting = on(&server, &["migrate", "points"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(waiting.stderr.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.contains("waiting for it"), "{line}");
    assert!(done(&server).await.is_empty(), "it waits");
    assert_eq!(waiting.try_wait().unwrap(), None);
    match holding {
        (Some((db, lock)), _) => {
            lock.close().await.unwrap();
            db.close().await.unwrap();
        }
        (None, file) => drop(file),
    }
    let ended = eventually("it goes on", async || waiting.try_wait().unwrap()).await;
    assert!(ended.success());

    let both: Vec<_> = (0..2)
        .map(|_| {
            on(&server, &["migrate"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for one in both {
        let outcome = one.wait_with_output().unwrap();
        assert!(outcome.status.success(), "{}", told(&outcome));
    }
    assert_eq!(done(&server).await.len(), ROLES.len());
    server.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_to_migrate_does_not_start_on_tables_that_are_behind() {
    let server = Server::new().await;
    let up = || {
        let mut command = on(&server, &["up", "--listen", "127.0.0.1:0"]);
        command.env("QUANYU_MIGRATE_AT_START", "false");
        command
    };
    let outcome = up().output().unwrap();
    assert_eq!(outcome.status.code(), Some(1), "{}", told(&outcome));
    assert!(told(&outcome).contains("run `quanyu migrate "), "{}", told(&outcome));
    assert!(done(&server).await.is_empty());

    assert_eq!(migrate(&server, &[]).0, Some(0));
    let mut process = Process::start(up());
    process.signal("TERM");
    assert!(process.ended().await.success());

    // As the release before left it.
    server
        .execute(
            "gateway",
            "ALTER TABLE tenant DROP COLUMN time_zone; ALTER TABLE tenant DROP COLUMN version; \
             DELETE FROM seaql_migrations WHERE version = 'gateway_0002_tenant_time_zone'",
        )
        .await;
    let before = done(&server).await;
    let outcome = up().output().unwrap();
    let told = told(&outcome);
    assert_eq!(outcome.status.code(), Some(1), "{told}");
    assert!(
        told.contains("the migration gateway_0002_tenant_time_zone is outstanding")
            && told.contains("run `quanyu migrate gateway` first"),
        "{told}"
    );
    assert_eq!(done(&server).await, before);
    let (code, told) = migrate(&server, &["gateway"]);
    assert!(
        code == Some(0) && told.contains("gateway_0002_tenant_time_zone done in "),
        "{told}"
    );
    drop(Process::start(up()));
    server.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_before_goes_on_with_tables_of_the_next_one_and_says_so() {
    let server = Server::new().await;
    assert_eq!(migrate(&server, &[]).0, Some(0));
    let later = format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{LATER}', 0)");
    server.execute("gateway", &later).await;
    for at_start in ["true", "false"] {
        let log = server.folder.path().join(format!("log-{at_start}"));
        let mut command = on(&server, &["up", "--listen", "127.0.0.1:0"]);
        command
            .env("QUANYU_MIGRATE_AT_START", at_start)
            .stderr(std::fs::File::create(&log).unwrap());
        let mut up = Process::start(command);
        assert_eq!(
            Rest::new(&up.address, None).get("/readyz").await.json()["status"],
            "SERVING"
        );
        up.signal("TERM");
        assert!(up.ended().await.success());
        let log = std::fs::read_to_string(log).unwrap();
        assert!(
            log.contains("has been used by a newer version") && log.contains(LATER),
            "{log}"
        );
    }
    let outcome = on(&server, &["doctor"]).output().unwrap();
    assert!(outcome.status.success(), "{}", told(&outcome));
    let (code, told) = migrate(&server, &[]);
    assert!(code == Some(0) && told.contains(LATER), "{told}");

    // What a newer version has begun and not ended is no release's state.
    let undo = "DELETE FROM seaql_migrations WHERE version = 'gateway_0002_tenant_time_zone'";
    server.execute("gateway", undo).await;
    let outcome = on(&server, &["up", "--listen", "127.0.0.1:0"]).output().unwrap();
    let told = self::told(&outcome);
    assert!(
        !outcome.status.success() && told.contains("and has not done gateway_0002_tenant_time_zone"),
        "{told}"
    );
    server.remove().await;
}

/// The tables as the release before made them.
const BEFORE_POSITIONS: &str = "
DROP INDEX outbox_xact;
ALTER TABLE outbox DROP COLUMN xact_id;
ALTER TABLE outbox ADD COLUMN position BIGINT;
CREATE UNIQUE INDEX outbox_position ON outbox (position);
CREATE INDEX outbox_waiting ON outbox (fact_id) WHERE position IS NULL;
ALTER TABLE outbox_head DROP COLUMN positions_beside;
DROP TABLE fact_position;
DELETE FROM seaql_migrations WHERE version = 'base_0006_positions_beside'";

#[tokio::test(flavor = "multi_thread")]
async fn what_the_release_before_would_not_survive_is_done_when_it_is_asked_for() {
    let server = Server::new().await;
    assert_eq!(migrate(&server, &[]).0, Some(0));
    let (code, told) = migrate(&server, &["--finish"]);
    assert!(code == Some(0) && told.trim() == "nothing is outstanding", "{told}");
    assert_eq!(migrate(&server, &["--finish", "--dry-run"]).0, Some(64));
    if server.url.is_none() {
        return server.remove().await;
    }
    server.execute("rights", BEFORE_POSITIONS).await;
    let (code, told) = migrate(&server, &[]);
    assert!(
        code == Some(0) && told.contains("rights: base_0006_positions_beside done in "),
        "{told}"
    );
    let mut up = Process::start(on(&server, &["up", "--listen", "127.0.0.1:0"]));
    for look in [&["migrate", "--dry-run"][..], &["migrate"], &["doctor"]] {
        let outcome = on(&server, look).output().unwrap();
        let told = self::told(&outcome);
        assert!(outcome.status.success(), "{told}");
        assert_eq!(
            told.matches("`quanyu migrate --finish rights` does the rest").count(),
            1,
            "{told}"
        );
    }
    let (code, told) = migrate(&server, &["--finish"]);
    assert!(
        code == Some(0)
            && told.contains("rights: the positions of its facts stand beside its outbox")
            && !told.contains("points:"),
        "{told}"
    );
    let (code, told) = migrate(&server, &["--dry-run"]);
    assert!(code == Some(0) && told.trim() == "nothing is outstanding", "{told}");
    let ready = Rest::new(&up.address, None).get("/readyz").await.json();
    assert_eq!(ready["status"], "SERVING");
    up.signal("TERM");
    assert!(up.ended().await.success());
    server.remove().await;
}
