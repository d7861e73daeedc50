//! Every role in a process of its own, whose facts go over a real NATS: with it, without it, and after it has lost its data.

use std::process::Command;

use testkit::NatsServer;
use tests::{story, until};

use crate::process::{Process, quanyu};
use crate::separate_processes::{Beside, Roles, SIGNING_KEY, tell_story};
use crate::server::Server;

/// A command on the rows of a server, whose facts go over NATS.
fn on(server: &Server, nats: &NatsServer, arguments: &[&str]) -> Command {
    let mut command = quanyu();
    command.args(arguments).arg("--folder").arg(server.folder.path());
    command
        .env("QUANYU_FACTS", "jetstream")
        .env("QUANYU_NATS__URLS", nats.url());
    if let Some(url) = &server.url {
        command.env("QUANYU_DATABASE_URL", url);
    }
    command
}

/// What the doctor says of tagging's stream.
fn told_of_stream(server: &Server, nats: &NatsServer) -> String {
    let mut command = on(server, nats, &["doctor"]);
    let told = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let is_of_stream = |line: &&str| line.contains("NATS does not") || line.contains("tagging: its");
    told.lines().find(is_of_stream).unwrap_or(&told).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn six_processes_hear_each_other_over_nats_without_it_and_after_it_has_lost_its_data() {
    let (server, mut nats) = (Server::new().await, NatsServer::start().await);
    let beside = Beside {
        nats: Some(nats.url()),
        ..Beside::default()
    };
    let roles = Roles::start_by(&server, beside);
    let api = tell_story(&roles).await;
    let told = told_of_stream(&server, &nats);
    assert!(
        told.contains("its stream holds 1 to ") && told.contains(", 0 behind the outbox"),
        "{told}"
    );

    nats.kill();
    story::earn_by_order(&api, "without").await;
    let told = told_of_stream(&server, &nats);
    assert!(told.contains("WRONG NATS does not answer"), "{told}");

    nats.lose_data();
    nats.restart().await;
    story::earn_by_order(&api, "after").await;
    until("the stream is made anew and filled", true, async || {
        let told = told_of_stream(&server, &nats);
        told.contains(", 0 behind the outbox") && !told.contains("holds 1 to")
    })
    .await;
    story::earn_by_order(&api, "again").await;
    story::reconcile(&api).await;
    roles.stop().await;
    server.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn streams_on_more_servers_than_nats_has_are_told_with_the_cure_by_the_log_and_the_doctor() {
    const CURE: &str = "set nats.replicas = 1 for a single server";
    let (server, nats) = (Server::new().await, NatsServer::start().await);
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = on(&server, &nats, &["serve", "identity", "--listen", "127.0.0.1:0"]);
    command
        .env("QUANYU_NATS__REPLICAS", "3")
        .env("QUANYU_SIGNING_KEY", SIGNING_KEY)
        .stderr(log.reopen().unwrap());
    let mut identity = Process::start(command);
    until("the log has the cure", true, async || {
        std::fs::read_to_string(log.path()).unwrap().contains(CURE)
    })
    .await;
    let mut doctor = on(&server, &nats, &["doctor"]);
    doctor.env("QUANYU_NATS__REPLICAS", "3");
    let told = String::from_utf8(doctor.output().unwrap().stdout).unwrap();
    assert!(
        told.contains("identity: its facts have no stream") && told.contains(CURE),
        "{told}"
    );
    identity.signal("TERM");
    assert!(identity.ended().await.success());
    server.remove().await;
}
