//! A PostgreSQL and a NATS that take connections over TLS alone: the platform works over them, and says in plain words where
//! certificates do not fit.

use std::path::Path;
use std::process::Command;

use testkit::{Authority, MountedSecret, NatsServer, Postgres};
use tests::{Api, story, until};

use crate::process::{Process, quanyu};
use crate::separate_processes::{Beside, Roles, SIGNING_KEY, tell_story};
use crate::server::Server;

const HERE: &str = "localhost";

/// Where PostgreSQL is, for who believes this CA alone.
fn url(postgres: &Postgres, ca: &Path) -> String {
    let (_, port) = postgres.address.split_once(':').unwrap();
    format!(
        "postgres://postgres@{HERE}:{port}/postgres?sslmode=verify-full&sslrootcert={}",
        ca.display()
    )
}

/// The exit code of a command, and all that it has said.
fn told(command: &mut Command) -> (Option<i32>, String) {
    let outcome = command.output().unwrap();
    let text = [outcome.stdout, outcome.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (outcome.status.code(), text.concat())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn a_postgresql_that_demands_tls_serves_the_platform_and_a_wrong_ca_or_name_is_told() {
    let (ca, other) = (Authority::new("databases"), Authority::new("other"));
    let trusted = MountedSecret::new(ca.pem(), &ca.issue(&[HERE]));
    let untrusted = MountedSecret::new(other.pem(), &other.issue(&[HERE]));
    let postgres = Postgres::start().await;
    postgres.demand_tls(&ca.issue(&[HERE]));
    postgres.stop();
    postgres.go_on().await;

    let mut command = quanyu();
    command.args(["up", "--listen", "127.0.0.1:0"]);
    command.env("QUANYU_DATABASE_URL", url(&postgres, &trusted.ca()));
    let mut up = Process::start(command);
    let api = Api::new(&up.address, &up.first_key());
    story::order_to_coupon(&api).await;
    let doctor = |url: &str| told(quanyu().arg("doctor").env("QUANYU_DATABASE_URL", url));
    let (code, said) = doctor(&url(&postgres, &trusted.ca()));
    assert_eq!(code, Some(0), "{said}");

    let by_address = url(&postgres, &trusted.ca()).replace(HERE, "127.0.0.1");
    let (_, port) = postgres.address.split_once(':').unwrap();
    let plain = format!("postgres://postgres@{HERE}:{port}/postgres?sslmode=disable");
    for (wrong, why) in [
        (
            url(&postgres, &untrusted.ca()),
            "TLS failed: invalid peer certificate: UnknownIssuer",
        ),
        (
            by_address,
            "TLS failed: invalid peer certificate: certificate not valid for name",
        ),
        (plain, "no encryption"),
    ] {
        let (code, said) = doctor(&wrong);
        assert!(code == Some(1) && said.contains(why), "{why}: {said}");
        assert!(said.contains("database_url"), "what is to be mended: {said}");
    }
    // Nobody waits for what passes by no waiting.
    let mut start = quanyu();
    start.args(["up", "--listen", "127.0.0.1:0"]);
    let (code, said) = told(start.env("QUANYU_DATABASE_URL", url(&postgres, &untrusted.ca())));
    assert!(code != Some(0) && said.contains("UnknownIssuer"), "{said}");
    up.signal("TERM");
    assert!(up.ended().await.success());
}

/// What a process is told of a NATS whose servers show certificates and want to see some.
fn by(command: &mut Command, ca: &Path, own: Option<&MountedSecret>) {
    command.env("QUANYU_NATS__CA_FILE", ca);
    if let Some(own) = own {
        command
            .env("QUANYU_NATS__CERT_FILE", own.cert())
            .env("QUANYU_NATS__KEY_FILE", own.key());
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn a_nats_that_demands_certificates_carries_the_facts_and_wrong_ones_are_told() {
    let (ca, other) = (Authority::new("messages"), Authority::new("other"));
    let server_side = MountedSecret::new(ca.pem(), &ca.issue(&[HERE, "127.0.0.1"]));
    let own = MountedSecret::new(ca.pem(), &ca.issue(&["quanyu"]));
    let foreign = MountedSecret::new(other.pem(), &other.issue(&["quanyu"]));
    let files = [server_side.cert(), server_side.key(), server_side.ca()];
    let [cert, key, ca_file] = files.map(|file| file.display().to_string());
    let nats = NatsServer::start_with(&[
        "--tlsverify",
        "--tlscert",
        &cert,
        "--tlskey",
        &key,
        "--tlscacert",
        &ca_file,
    ])
    .await;
    let server = Server::new().await;
    let beside = Beside {
        nats: Some(nats.url()),
        ..Beside::default()
    };
    let (ca_of_all, [own_cert, own_key]) = (own.ca(), [own.cert(), own.key()]);
    let roles = Roles::start_with(&server, beside, move |_, command| {
        command
            .env("QUANYU_NATS__CA_FILE", &ca_of_all)
            .env("QUANYU_NATS__CERT_FILE", &own_cert)
            .env("QUANYU_NATS__KEY_FILE", &own_key);
    });
    tell_story(&roles).await;

    let doctor = |ca: &Path, own: Option<&MountedSecret>| {
        let mut command = quanyu();
        command.arg("doctor").arg("--folder").arg(server.folder.path());
        command
            .env("QUANYU_SIGNING_KEY", SIGNING_KEY)
            .env("QUANYU_FACTS", "jetstream")
            .env("QUANYU_NATS__URLS", nats.url());
        if let Some(url) = &server.url {
            command.env("QUANYU_DATABASE_URL", url);
        }
        by(&mut command, ca, own);
        told(&mut command).1
    };
    until("facts go over it", true, async || {
        let said = doctor(&own.ca(), Some(&own));
        said.contains("ok    NATS answers") && said.contains("tagging: its stream holds ")
    })
    .await;
    for (what, said) in [
        ("another CA", doctor(&foreign.ca(), Some(&own))),
        ("a certificate of another CA", doctor(&own.ca(), Some(&foreign))),
        ("none", doctor(&own.ca(), None)),
    ] {
        assert!(
            said.contains("WRONG NATS does not answer: NATS is away ("),
            "{what}: {said}"
        );
        assert!(
            said.contains("nats.ca_file") && said.contains("nats.cert_file"),
            "{what}: {said}"
        );
    }
    roles.stop().await;
    server.remove().await;
}
