//! Every role in a process of its own, whose facts go over a real NATS: with it, without it, and after it has lost its data.

use kernel::Clock;
use testkit::NatsServer;
use tests::brand::{POINTS, TMALL};
use tests::story::{self, Order};
use tests::{Api, until};

use crate::process::quanyu;
use crate::separate_processes::{Beside, Roles, tell_story};
use crate::server::Server;

/// An order of a new member, whose points follow from a fact of another service.
async fn earn_by_order(api: &Api, customer: &str) {
    let member = story::arrive(api, TMALL, customer, None).await.unwrap();
    let order = Order {
        channel: TMALL,
        external_id: customer,
        number: customer,
        time: Clock::system().now(),
        yuan: 100,
    };
    order.pay(api).await.unwrap();
    until("points by rule", 100, async || {
        story::balance(api, &member, POINTS).await
    })
    .await;
}

/// What the doctor says of tagging's stream.
fn told_of_stream(server: &Server, nats: &NatsServer) -> String {
    let mut command = quanyu();
    command.arg("doctor").arg("--folder").arg(server.folder.path());
    command
        .env("QUANYU_FACTS", "jetstream")
        .env("QUANYU_NATS__URLS", nats.url());
    if let Some(url) = &server.url {
        command.env("QUANYU_DATABASE_URL", url);
    }
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
    earn_by_order(&api, "without").await;
    let told = told_of_stream(&server, &nats);
    assert!(told.contains("WRONG NATS does not answer"), "{told}");

    nats.lose_data();
    nats.restart().await;
    earn_by_order(&api, "after").await;
    until("the stream is made anew and filled", true, async || {
        let told = told_of_stream(&server, &nats);
        told.contains(", 0 behind the outbox") && !told.contains("holds 1 to")
    })
    .await;
    earn_by_order(&api, "again").await;
    story::reconcile(&api).await;
    roles.stop().await;
    server.remove().await;
}
