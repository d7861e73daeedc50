//! A PostgreSQL that cannot be reached: told within seconds and why, and over by itself when it is back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

use std::net::SocketAddr;
use std::time::Duration;

use fault::{Common, Fault};
use kernel::Clock;
use sea_orm::ConnectionTrait;
use store::{Db, DbConfig, Migration, statement};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const TABLES: Migration = Migration {
    name: "stock_0001",
    sql: "CREATE TABLE stock (number BIGINT NOT NULL PRIMARY KEY);",
};
/// More tries than any recovery takes.
const TRIES_MAX: i64 = 400;
const PAUSE: Duration = Duration::from_millis(25);

/// What lies between the platform and its database.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Open,
    /// Nobody listens, and what was connected is cut.
    Closed,
    /// Packets go in and nothing comes out.
    Swallowing,
}

/// A port before a PostgreSQL server, which can be closed.
struct Door {
    address: SocketAddr,
    way: watch::Sender<Way>,
}

impl Door {
    async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let way = watch::Sender::new(Way::Open);
        tokio::spawn(keep(listener, server, way.subscribe()));
        Self { address, way }
    }
}

async fn keep(listener: TcpListener, server: SocketAddr, mut way: watch::Receiver<Way>) {
    let address = listener.local_addr().unwrap();
    let mut listener = Some(listener);
    loop {
        if *way.borrow() == Way::Closed {
            listener = None;
            if way.wait_for(|way| *way != Way::Closed).await.is_err() {
                return;
            }
        }
        if listener.is_none() {
            listener = TcpListener::bind(address).await.ok();
        }
        let Some(open) = &listener else {
            kernel::pause(PAUSE).await;
            continue;
        };
        tokio::select! {
            accepted = open.accept() => {
                tokio::spawn(carry(accepted.unwrap().0, server, way.clone()));
            }
            changed = way.changed() => if changed.is_err() { return },
        }
    }
}

async fn carry(client: TcpStream, server: SocketAddr, way: watch::Receiver<Way>) {
    let server = TcpStream::connect(server).await.unwrap();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::spawn(pass(from_client, to_server, way.clone()));
    pass(from_server, to_client, way).await;
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut way: watch::Receiver<Way>,
) {
    let mut bytes = [0; 8_192];
    loop {
        if way.wait_for(|way| *way != Way::Swallowing).await.is_err() {
            return;
        }
        let read = tokio::select! {
            read = from.read(&mut bytes) => read,
            changed = way.changed() => match (changed, *way.borrow()) {
                (Ok(()), Way::Open | Way::Swallowing) => continue,
                _ => return,
            },
        };
        match read {
            Ok(1..) if *way.borrow() == Way::Closed => return,
            Ok(count @ 1..) => {
                let _ = way.wait_for(|way| *way != Way::Swallowing).await;
                if to.write_all(&bytes[..count]).await.is_err() {
                    return;
                }
            }
            Ok(0) | Err(_) => return,
        }
    }
}

struct World {
    door: Door,
    db: Db,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is told by its environment where PostgreSQL is"
)]
fn server() -> String {
    std::env::var("QUANYU_TEST_DATABASE_URL").expect("QUANYU_TEST_DATABASE_URL names a server")
}

/// The same database at another address.
fn through(address: SocketAddr) -> String {
    let url = server();
    let (user, rest) = url.split_once('@').expect("a user");
    let (_, database) = rest.split_once('/').expect("a database");
    format!("{user}@{address}/{database}")
}

async fn world() -> World {
    let url = server();
    let host = url.split_once('@').unwrap().1.split_once('/').unwrap().0;
    let server = tokio::net::lookup_host(host).await.unwrap().next().unwrap();
    let door = Door::before(server).await;
    let schema = format!("t_{}", Clock::system().uuid().simple());
    let config = DbConfig {
        connections_max: 4,
        ..DbConfig::new(through(door.address))
    };
    let db = Db::open(&config, &schema, vec![TABLES]).await.unwrap();
    World { door, db }
}

impl World {
    async fn put(&self, number: i64) -> Result<(), Fault> {
        let tx = self.db.begin().await?;
        let row = [number.into()];
        tx.execute_raw(statement(
            &*tx,
            "INSERT INTO stock (number) VALUES ($1) ON CONFLICT DO NOTHING",
            row,
        ))
        .await?;
        tx.commit().await
    }

    async fn count(&self) -> Result<i64, Fault> {
        let read = self.db.read();
        let row = read
            .query_one_raw(statement(read, "SELECT COUNT(*) FROM stock", []))
            .await?;
        Ok(row.unwrap().try_get_by_index(0)?)
    }

    /// Asks until it is told that the database is away, by a read and by a write.
    async fn told_away(&self) -> String {
        for _ in 0..TRIES_MAX {
            if let (Err(read), Err(written)) = (self.count().await, self.put(-1).await)
                && self.db.trouble().is_some()
            {
                for fault in [&read, &written] {
                    assert!(
                        matches!(
                            fault,
                            Fault::Unavailable {
                                reason: Common::Unavailable,
                                ..
                            }
                        ),
                        "{fault}"
                    );
                }
                return self.count().await.expect_err("it is still away").to_string();
            }
            kernel::pause(PAUSE).await;
        }
        panic!("it was never told that the database is away");
    }

    async fn back(&self) {
        for _ in 0..TRIES_MAX {
            if self.put(1).await.is_ok() {
                assert_eq!(
                    self.count().await.unwrap(),
                    1,
                    "what was not acknowledged has left no trace"
                );
                assert!(self.db.check().await.is_ok());
                return;
            }
            kernel::pause(PAUSE).await;
        }
        panic!("it did not come back");
    }
}

async fn refusal(url: &str) -> String {
    let fault = Db::open(&DbConfig::new(url), "stock", vec![TABLES]).await;
    fault.expect_err("it is not opened").to_string()
}

#[tokio::test]
async fn who_refuses_is_told_at_the_start_with_host_port_and_database() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let told = refusal(&format!("postgres://shop:sesame@{address}/quanyu")).await;
    let place = format!("the database of stock (PostgreSQL at {address}, database quanyu)");
    assert!(
        told.starts_with(&place) && told.contains("connection refused"),
        "{told}"
    );
    assert!(!told.contains("sesame"), "{told}");
}

#[tokio::test]
async fn a_host_that_nobody_knows_is_told_at_the_start() {
    let told = refusal("postgres://shop:sesame@nowhere.invalid:5432/quanyu").await;
    assert!(
        told.contains("nowhere.invalid:5432") && told.contains("unknown host"),
        "{told}"
    );
}

/// Answers every connection with these bytes, whatever comes, and hangs up.
async fn another_server(words: &'static [u8]) -> std::net::SocketAddr {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut taken, _)) = listener.accept().await {
            let mut bytes = [0; 1_024];
            let _ = taken.read(&mut bytes).await;
            let _ = taken.write_all(words).await;
        }
    });
    address
}

#[tokio::test]
async fn another_server_than_postgresql_is_told_as_that_at_the_start() {
    for words in [
        &b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"[..],
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"-ERR unknown command\r\n",
        b"J\0\0\0\n\x05Host is not allowed",
    ] {
        let address = another_server(words).await;
        for tls in ["disable", "prefer", "require"] {
            let told = refusal(&format!("postgres://shop:sesame@{address}/quanyu?sslmode={tls}")).await;
            let place = format!("the database of stock (PostgreSQL at {address}, database quanyu)");
            assert!(
                told.starts_with(&place) && told.contains("something answers there that is not PostgreSQL"),
                "{} {tls}: {told}",
                String::from_utf8_lossy(words)
            );
            assert!(!told.contains("unexpected") && !told.contains("0x"), "{told}");
        }
    }
}

/// Answers every connection with a text, byte by byte, as a server under load does.
async fn slow_server(words: &'static [u8]) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut taken, _)) = listener.accept().await {
            tokio::spawn(async move {
                for byte in words {
                    if taken.write_all(&[*byte]).await.is_err() {
                        return;
                    }
                    kernel::pause(Duration::from_millis(300)).await;
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn another_server_that_answers_slowly_is_told_as_that_and_not_as_silence() {
    for words in [
        &b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n"[..],
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"220 mail.internal ESMTP ready\r\n",
    ] {
        let address = slow_server(words).await;
        for tls in ["disable", "prefer"] {
            let told = refusal(&format!("postgres://shop:sesame@{address}/quanyu?sslmode={tls}")).await;
            assert!(
                told.contains("something answers there that is not PostgreSQL"),
                "{} {tls}: {told}",
                String::from_utf8_lossy(words)
            );
        }
    }
}

#[tokio::test]
async fn who_swallows_packets_is_told_at_the_start() {
    // The machine accepts for a listener that nobody serves.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let told = refusal(&format!("postgres://shop:sesame@{address}/quanyu")).await;
    assert!(
        told.contains(&address.to_string()) && told.contains("timeout"),
        "{told}"
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn a_database_that_is_not_there_and_a_server_without_tls_are_told_at_the_start_and_not_waited_for() {
    let url = server();
    let (host, database) = url.rsplit_once('/').unwrap();
    for (url, cause) in [
        (format!("{host}/no_such_database"), "no such database"),
        (format!("{host}/{database}?sslmode=require"), "TLS failed"),
    ] {
        let fault = Db::open(&DbConfig::new(url), "stock", vec![TABLES]).await;
        let fault = fault.expect_err("it is not opened");
        assert!(fault.to_string().contains(cause), "{fault}");
        assert!(matches!(fault, Fault::Internal(_)), "{fault:?}");
    }
}

/// The user has a name of its own in each run, and goes with its schema in the end.
#[tokio::test]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn a_right_that_is_missing_is_told_with_the_statement_that_grants_it() {
    let url = server();
    let name = format!("t_{}", Clock::system().uuid().simple());
    let owner = sea_orm::Database::connect(&url).await.unwrap();
    let run = async |sql: String| owner.execute_unprepared(&sql).await.unwrap();
    run(format!("CREATE ROLE {name} LOGIN PASSWORD 'sesame'")).await;
    let (_, place) = url.rsplit_once('@').unwrap();
    let database = place.rsplit_once('/').unwrap().1;
    let open = async || {
        Db::open(
            &DbConfig::new(format!("postgres://{name}:sesame@{place}")),
            &name,
            vec![TABLES],
        )
        .await
    };

    let told = open().await.expect_err("it may not make a schema").to_string();
    let grant = format!("GRANT CREATE ON DATABASE \"{database}\" TO \"{name}\"");
    assert!(told.contains(&grant) && told.contains("permission denied"), "{told}");
    assert!(!told.contains("sesame"), "{told}");

    // A schema that is another's, which it does not see, and then one that it sees and may not fill.
    run(format!("CREATE SCHEMA {name}")).await;
    let grant = format!("GRANT USAGE, CREATE ON SCHEMA \"{name}\" TO \"{name}\"");
    let told = open().await.expect_err("it may not use the schema").to_string();
    assert!(told.contains(&grant), "{told}");
    run(format!("GRANT USAGE ON SCHEMA {name} TO {name}")).await;
    let told = open().await.expect_err("it may not make tables").to_string();
    assert!(told.contains(&grant), "{told}");

    run(grant).await;
    open().await.expect("the cure cures it").close().await.unwrap();
    run(format!(
        "DROP OWNED BY {name} CASCADE; DROP SCHEMA IF EXISTS {name} CASCADE; DROP ROLE {name}"
    ))
    .await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn a_database_that_stops_is_told_while_serving_and_is_over_when_it_is_back() {
    let world = world().await;
    assert_eq!(world.count().await.unwrap(), 0);
    world.door.way.send_replace(Way::Closed);
    let told = world.told_away().await;
    let port = world.door.address.port().to_string();
    assert!(told.contains("connection refused") && told.contains(&port), "{told}");
    world.door.way.send_replace(Way::Open);
    world.back().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn a_port_that_swallows_packets_is_told_while_serving_and_is_over_when_it_lets_them_through() {
    let world = world().await;
    assert_eq!(world.count().await.unwrap(), 0);
    world.door.way.send_replace(Way::Swallowing);
    let told = world.told_away().await;
    assert!(told.contains("timeout"), "{told}");
    world.door.way.send_replace(Way::Open);
    world.back().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn sessions_that_were_cut_while_idle_fail_nobody_who_writes() {
    let world = world().await;
    // Several sessions, all of them idle.
    let transactions = futures::future::join_all((0..4).map(|_| world.db.begin())).await;
    drop(transactions);
    world.door.way.send_replace(Way::Closed);
    world.door.way.send_replace(Way::Open);
    for _ in 0..8 {
        world.put(1).await.expect("a session that has ended is replaced");
    }
}
