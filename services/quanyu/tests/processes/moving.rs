//! `quanyu move`: a platform goes from SQLite files to PostgreSQL, cut off in the middle and all, and goes on there as if
//! nothing had happened.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;
use kernel::Clock;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sea_orm::{ConnectionTrait, Statement};
use tests::brand::{POS, TMALL};
use tests::story::Order;
use tests::{Api, brand, eventually, story, until};

use crate::kill_nine::{self as load, CALLERS, FUNDS, MEMBERS, Sent};
use crate::process::{Process, quanyu};
use crate::server::Server;

/// Requests of long ago: so many that they go in several batches.
const OLD_REQUESTS: u64 = 40_000;
/// How long each batch of them takes, so that one can be cut off behind another.
const SLOWLY: &str = "
CREATE FUNCTION points.slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$;
CREATE TRIGGER slowly AFTER INSERT ON points.request FOR EACH STATEMENT EXECUTE FUNCTION points.slowly()";
const AT_ONCE: &str = "DROP TRIGGER slowly ON points.request; DROP FUNCTION points.slowly()";

/// One platform, and where it goes.
struct Place<'p> {
    files: &'p Path,
    url: &'p str,
}

impl Place<'_> {
    /// A command on the files alone.
    fn on_files(&self, arguments: &[&str]) -> Command {
        let mut command = quanyu();
        command.args(arguments).arg("--folder").arg(self.files);
        command
    }

    /// The same with the database.
    fn on_database(&self, arguments: &[&str]) -> Command {
        let mut command = self.on_files(arguments);
        command.env("QUANYU_DATABASE_URL", self.url);
        command
    }

    fn moves(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let outcome = self.on_database(&[&["move"], arguments].concat()).output().unwrap();
        (outcome.status.code(), told(&outcome))
    }

    /// No platform starts on either of the two.
    fn serves_nowhere(&self) {
        let up = ["up", "--listen", "127.0.0.1:0"];
        let outcome = self.on_files(&up).output().unwrap();
        let said = told(&outcome);
        assert!(
            !outcome.status.success() && said.contains("was begun: run `quanyu move` again"),
            "{said}"
        );
        let outcome = self.on_database(&up).output().unwrap();
        let said = told(&outcome);
        assert!(
            !outcome.status.success() && said.contains("is being filled by `quanyu move`"),
            "{said}"
        );
        assert!(!self.on_database(&["doctor"]).output().unwrap().status.success());
    }
}

fn told(outcome: &Output) -> String {
    String::from_utf8_lossy(&outcome.stdout).into_owned() + &String::from_utf8_lossy(&outcome.stderr)
}

/// What is known of a platform that was killed under load.
struct Left {
    key: String,
    members: Arc<Vec<String>>,
    history: Vec<Sent>,
}

/// An order that leads to points, a tier, tags, a segment, a journey and a coupon, of a member who is merged then.
async fn thank_and_merge(api: &Api) {
    brand::found(api).await.unwrap();
    let member = story::arrive(api, TMALL, "thanked", None).await.unwrap();
    let order = Order {
        channel: TMALL,
        external_id: "thanked",
        number: "order-1",
        time: Clock::system().now(),
        yuan: 250,
    };
    order.pay(api).await.unwrap();
    until("the coupon", 1, async || story::coupons(api, &member).await.len()).await;
    let other = story::arrive(api, POS, "card-1", None).await.unwrap();
    story::merge(api, &member, &other).await.unwrap();
}

/// A story in every service, calls of many at once, and a crash.
async fn filled(place: &Place<'_>, dice: &mut StdRng) -> Left {
    let mut up = load::start(place.files);
    let key = up.first_key();
    let api = Api::new(&up.address, &key);
    thank_and_merge(&api).await;
    let mut members = Vec::new();
    for member in 0..MEMBERS {
        let id = story::arrive(&api, TMALL, &load::external_id(member), None)
            .await
            .unwrap();
        story::earn(&api, &format!("funds-{member}"), &id, FUNDS).await.unwrap();
        members.push(id);
    }
    let (code, said) = place.moves(&[]);
    assert!(
        code == Some(1) && said.contains("another process works with the folder"),
        "{said}"
    );
    let (members, ends) = (Arc::new(members), Arc::new(AtomicBool::new(false)));
    let callers = (0..CALLERS).map(|caller| {
        let dice = StdRng::seed_from_u64(dice.random());
        let name = format!("load-{caller}");
        tokio::spawn(load::load(api.clone(), members.clone(), dice, name, ends.clone()))
    });
    let callers: Vec<_> = callers.collect();
    kernel::pause(Duration::from_millis(1_500)).await;
    ends.store(true, Ordering::SeqCst);
    up.kill();
    let sent = join_all(callers).await.into_iter().flat_map(Result::unwrap);
    Left {
        key,
        members,
        history: sent.collect(),
    }
}

async fn number(server: &Server, sql: &str) -> u64 {
    let db = server.database_of("points").await;
    let row = db
        .query_one_raw(Statement::from_string(db.get_database_backend(), sql))
        .await
        .unwrap();
    let number: i64 = row.unwrap().try_get_by_index(0).unwrap();
    db.close().await.unwrap();
    u64::try_from(number).unwrap()
}

/// Kills a move while the batches of one table arrive.
async fn cut_off(server: &Server, place: &Place<'_>) {
    server.execute("points", SLOWLY).await;
    let mut moving = place
        .on_database(&["move"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let count = "SELECT COUNT(*) FROM points.request";
    let arrived = eventually("a batch has arrived", async || {
        assert_eq!(moving.try_wait().unwrap(), None, "it was too fast to be cut off");
        Some(number(server, count).await).filter(|arrived| *arrived > 0)
    })
    .await;
    moving.kill().unwrap();
    moving.wait().unwrap();
    assert!(arrived < OLD_REQUESTS, "{arrived}");
    // The server ends what it was told to do before.
    eventually("the trigger can be taken away", async || {
        (server.execute("points", AT_ONCE).await == 0).then_some(())
    })
    .await;
    assert!(number(server, count).await < OLD_REQUESTS);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn a_platform_moves_to_postgresql_cut_off_and_tampered_with_and_goes_on_there() {
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let server = Server::new().await;
    let url = server.url.clone().unwrap();
    let files = tempfile::tempdir().unwrap();
    let place = Place {
        files: files.path(),
        url: &url,
    };
    let mut left = filled(&place, &mut dice).await;
    let old = format!(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {OLD_REQUESTS}) INSERT INTO request \
         SELECT randomblob(16), 'Old', 'old-' || n, randomblob(32), randomblob(n % 300) FROM n"
    );
    let behind = sea_orm::Database::connect(format!("sqlite:{}/points.db", files.path().display()))
        .await
        .unwrap();
    behind.execute_unprepared(&old).await.unwrap();
    behind.close().await.unwrap();

    let (code, said) = place.moves(&["--dry-run"]);
    assert!(
        code == Some(0) && said.contains("can be moved to PostgreSQL at"),
        "{said}"
    );
    assert!(!files.path().join("quanyu-move.json").exists());
    assert!(place.on_database(&["migrate"]).output().unwrap().status.success());
    cut_off(&server, &place).await;
    place.serves_nowhere();

    // Of what has arrived somebody changes a row: it is not copied again, and so it is found.
    let other = "UPDATE points.request SET digest = sha256(digest) WHERE request_id = \
         (SELECT MIN(request_id) FROM points.request)";
    let kept = "CREATE TABLE public.kept AS SELECT * FROM points.request ORDER BY request_id LIMIT 1";
    server.execute("points", kept).await;
    assert_eq!(server.execute("points", other).await, 1);
    let (code, said) = place.moves(&[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("rows have arrived before: going on behind them"),
        "{said}"
    );
    assert!(
        said.contains("differs in digest") && said.contains("1 lines DIFFER"),
        "{said}"
    );
    place.serves_nowhere();

    let mended = "UPDATE points.request r SET digest = k.digest FROM public.kept k WHERE r.request_id = k.request_id";
    assert_eq!(server.execute("points", mended).await, 1);
    let (code, said) = place.moves(&[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("and the figures of the ledger, are equal"), "{said}");
    let (code, said) = place.moves(&[]);
    assert!(code == Some(1) && said.contains("its rows were moved to"), "{said}");
    let (code, said) = place.moves(&["--check"]);
    assert_eq!(code, Some(0), "{said}");
    let outcome = place.on_files(&["up", "--listen", "127.0.0.1:0"]).output().unwrap();
    assert!(!outcome.status.success() && told(&outcome).contains("were moved to PostgreSQL at"));
    let outcome = place.on_database(&["doctor"]).output().unwrap();
    assert!(outcome.status.success(), "{}", told(&outcome));

    // Who repeats a call gets its first answer, who knew of none gets one, and what follows of the facts follows once.
    let mut up = Process::start(place.on_database(&["up", "--listen", "127.0.0.1:0"]));
    let api = Api::new(&up.address, &left.key);
    for sent in left.history.iter().filter(|sent| sent.answer.is_some()) {
        load::assert_replayed(&api, &left.members, sent, seed).await;
    }
    load::settle_unknown(&api, &left.members, &mut left.history).await;
    load::check_orders(&api, &left.members, &left.history).await;
    load::check_ledger(&api, &left.members, &left.history).await;
    story::earn(&api, "anew", &left.members[0], 7).await.unwrap();
    drop(api);
    up.signal("TERM");
    assert!(up.ended().await.success());
    let outcome = place.on_database(&["doctor"]).output().unwrap();
    assert!(outcome.status.success(), "{}", told(&outcome));
    server.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn a_database_that_holds_rows_and_files_of_another_release_are_refused_and_nothing_is_begun() {
    let server = Server::new().await;
    let url = server.url.clone().unwrap();
    let files = tempfile::tempdir().unwrap();
    let place = Place {
        files: files.path(),
        url: &url,
    };
    let mut up = load::start(place.files);
    up.signal("TERM");
    assert!(up.ended().await.success());

    let outcome = place.on_files(&["move"]).output().unwrap();
    let said = told(&outcome);
    assert!(
        !outcome.status.success() && said.contains("database_url") && said.contains("must be set"),
        "{said}"
    );

    let release = |sql: String| async move {
        let db = sea_orm::Database::connect(format!("sqlite:{}/gateway.db", place.files.display()))
            .await
            .unwrap();
        db.execute_unprepared(&sql).await.unwrap();
        db.close().await.unwrap();
    };
    release("INSERT INTO seaql_migrations (version, applied_at) VALUES ('gateway_9999_later', 0)".to_owned()).await;
    let (code, said) = place.moves(&[]);
    assert!(
        code == Some(1) && said.contains("a newer version, which did gateway_9999_later"),
        "{said}"
    );
    release("DELETE FROM seaql_migrations WHERE version = 'gateway_9999_later'".to_owned()).await;

    // A platform was started there once.
    let mut up = Process::start(place.on_database(&["up", "--listen", "127.0.0.1:0"]));
    up.signal("TERM");
    assert!(up.ended().await.success());
    let (code, said) = place.moves(&[]);
    assert!(code == Some(1) && said.contains("holds rows already"), "{said}");
    assert!(!files.path().join("quanyu-move.json").exists());
    drop(load::start(place.files));
    server.remove().await;
}
