//! The platform as it runs in production, on one machine: two processes of each role, three nodes of etcd, a NATS, a
//! PostgreSQL. It tells the story that one process tells, and then all of it is broken, one thing after the other, while callers
//! go on.
//!
//! What must hold: what was acknowledged has its effect exactly once, each call of a caller who repeats it is answered, and
//! nobody is without an answer for more than five seconds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::panic
)]

mod cord;
mod faults;
mod load;
mod platform;
mod sdk;
mod upgrade;

use std::time::{Duration, Instant};

use mesh::{Entry, Etcd, EtcdConfig};
use quanyu::roles::ROLES;
use tests::{Api, story, until};
use tokio::net::TcpListener;

use crate::faults::{Row, tell};
use crate::load::Load;
use crate::platform::{Mesh, NODES, REPLICAS};

/// How long something stays broken.
const BROKEN: Duration = Duration::from_secs(2);
/// How long a process stands still: longer than its leases, and less than callers wait.
const STANDSTILL: Duration = Duration::from_secs(8);
/// By how many seconds the clock of the one replica of each role is ahead, and that of the other behind.
const CLOCK_OFF: i64 = 3;
/// How long etcd is without one of its nodes: longer than it takes to choose a leader.
const NODE_AWAY: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL, etcd, nats-server and faketime on the PATH: run the ignored tests too"]
async fn whatever_fails_what_was_acknowledged_is_there_once_and_callers_are_answered() {
    let mut mesh = Mesh::start().await;
    let [one, other] = mesh.gateways();
    story::order_to_coupon(&one).await;

    let load = Load::begin(mesh.gateways()).await;
    tell(Row::heads());
    let calm = Row::of("nothing", &load, kernel::pause(Duration::from_secs(5))).await;
    let mut rows = Vec::new();
    for role in &ROLES {
        let killed = kill(&mut mesh, role.name);
        rows.push(Row::of_role("kill -9 of a replica", role.name, &load, killed).await);
    }
    for role in ROLES.iter().filter(|role| role.name != gateway::NAME) {
        let restarted = restart(&mut mesh, role.name);
        let row = Row::of_role("rolling restart", role.name, &load, restarted).await;
        row.check_unseen();
        rows.push(row);
    }
    // Who is connected with a gateway that stops finds the other one: as a balancer does, which is told before.
    let row = Row::of("rolling restart of gateway", &load, restart(&mut mesh, gateway::NAME)).await;
    row.check_unseen();
    rows.push(row);
    rows.push(
        Row::of(
            "kill -9 of the leader of etcd, and back",
            &load,
            kill_leader_of_etcd(&mut mesh),
        )
        .await,
    );
    rows.push(
        Row::of(
            "kill -9 of all of etcd, which loses its data",
            &load,
            lose_etcd(&mut mesh),
        )
        .await,
    );
    for (what, loses_data) in [
        ("kill -9 of NATS, and back", false),
        ("kill -9 of NATS, which loses its data", true),
    ] {
        rows.push(Row::of(what, &load, kill_nats(&mut mesh, &one, loses_data)).await);
    }
    let mut took = Duration::ZERO;
    let row = Row::of(
        "kill -9 of PostgreSQL, and back",
        &load,
        kill_postgres(&mesh, &mut took),
    )
    .await;
    rows.push(row.without(took));
    for role in ["points", "tagging"] {
        rows.push(
            Row::of_role(
                "8 s of standstill of the working replica",
                role,
                &load,
                hold(&mesh, role),
            )
            .await,
        );
    }
    lead_behind_cord(&mut mesh, "points").await;
    rows.push(
        Row::of_role(
            "8 s without a network of the working replica",
            "points",
            &load,
            cut_off(&mesh, "points"),
        )
        .await,
    );
    mesh.untie();
    restart(&mut mesh, "points").await;
    rows.push(Row::of("an address that swallows packets in etcd", &load, swallow(&mesh)).await);
    let row = Row::of(
        "rolling restart of all, to clocks 6 s apart",
        &load,
        turn_clocks(&mut mesh),
    )
    .await;
    row.check_unseen();
    rows.push(row);
    for role in ["points", "tagging"] {
        let killed = kill(&mut mesh, role);
        rows.push(Row::of_role("kill -9 of a replica, clocks 6 s apart,", role, &load, killed).await);
    }

    load.end(&other).await;
    story::reconcile(&one).await;
    let (is_well, told) = mesh.doctor();
    assert!(is_well, "{told}");
    tell(format_args!("{}\n{calm}", Row::heads()));
    for row in &rows {
        tell(row);
    }
    calm.check(calm.gap());
    for row in &rows {
        row.check(calm.gap());
    }
}

async fn kill(mesh: &mut Mesh, role: &'static str) {
    let leader = match role {
        gateway::NAME => (role, 0),
        _ => mesh.leader(role).await,
    };
    mesh.kill(leader);
    kernel::pause(BROKEN).await;
    mesh.go_on(leader).await;
}

async fn restart(mesh: &mut Mesh, role: &'static str) {
    for at in 0..REPLICAS {
        mesh.stop((role, at)).await;
        mesh.go_on((role, at)).await;
    }
}

async fn kill_leader_of_etcd(mesh: &mut Mesh) {
    let leader = mesh.etcd.leader().await;
    mesh.etcd.kill(leader);
    kernel::pause(NODE_AWAY).await;
    mesh.etcd.restart(leader).await;
}

/// Nobody can be found anew. A process that starts knows those that its role has known last; and when etcd is back, with
/// nothing in it, all tell it of themselves again.
async fn lose_etcd(mesh: &mut Mesh) {
    for node in 0..NODES {
        mesh.etcd.kill(node);
        mesh.etcd.lose_data(node);
    }
    kernel::pause(NODE_AWAY).await;
    mesh.kill(("rights", 0));
    mesh.go_on(("rights", 0)).await;
    for node in 0..NODES {
        mesh.etcd.restart(node).await;
    }
    for role in &ROLES {
        mesh.is_complete(role.name).await;
    }
}

/// Facts flow without it, and over it again when it is back, whatever it still has.
async fn kill_nats(mesh: &mut Mesh, api: &Api, loses_data: bool) {
    mesh.nats.kill();
    if loses_data {
        mesh.nats.lose_data();
    }
    kernel::pause(BROKEN).await;
    story::earn_by_order(api, &format!("away-{loses_data}")).await;
    mesh.nats.restart().await;
    for role in &ROLES {
        mesh.is_complete(role.name).await;
    }
    story::earn_by_order(api, &format!("back-{loses_data}")).await;
}

/// Tells how long it took to start again.
async fn kill_postgres(mesh: &Mesh, took: &mut Duration) {
    mesh.postgres.kill();
    let killed = Instant::now();
    mesh.postgres.go_on().await;
    *took = killed.elapsed();
}

async fn hold(mesh: &Mesh, role: &'static str) {
    let leader = mesh.leader(role).await;
    mesh.signal(leader, "STOP");
    kernel::pause(STANDSTILL).await;
    mesh.signal(leader, "CONT");
}

/// Has that replica of a role work which all reach by a cord.
async fn lead_behind_cord(mesh: &mut Mesh, role: &'static str) {
    let [behind_cord, other] = [(role, 0), (role, 1)];
    mesh.tie(behind_cord).await;
    mesh.stop(behind_cord).await;
    mesh.go_on(behind_cord).await;
    mesh.stop(other).await;
    until("it works", behind_cord, async || mesh.leader(role).await).await;
    mesh.go_on(other).await;
}

/// It lives, and believes that all others are away. Its workers go on in the other one.
async fn cut_off(mesh: &Mesh, role: &'static str) {
    mesh.cord().cut();
    kernel::pause(STANDSTILL).await;
    assert_eq!(mesh.leader(role).await, (role, 1), "work goes on");
    mesh.cord().mend();
    mesh.is_complete(role).await;
}

/// One after the other starts again with another clock, and from then on no two replicas of a role agree.
async fn turn_clocks(mesh: &mut Mesh) {
    for role in &ROLES {
        for (at, seconds) in [(0, CLOCK_OFF), (1, -CLOCK_OFF)] {
            mesh.turn_clock((role.name, at), seconds);
            mesh.stop((role.name, at)).await;
            mesh.go_on((role.name, at)).await;
        }
    }
}

/// Somebody has registered who takes connections and never answers.
async fn swallow(mesh: &Mesh) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let etcd = Etcd::start(EtcdConfig {
        tls: None,
        endpoints: mesh.etcd.endpoints(),
        user: None,
        prefix: "/quanyu/main".to_owned(),
        zone: None,
        lease: Duration::from_secs(2),
        file: mesh.folder().join("test.replicas.json"),
    });
    let entry = |role: &str| Entry {
        address: format!("http://{}", listener.local_addr().unwrap()),
        role: role.to_owned(),
        version: "0.1.0".to_owned(),
        zone: None,
        instance: format!("swallows-{role}"),
    };
    let registered = crate::load::ROLES.map(|role| etcd.register(entry(role)));
    kernel::pause(NODE_AWAY).await;
    for registration in registered {
        assert!(registration.withdraw().await, "it was there");
    }
}
