//! `quanyu serve <role>`: one service in a process of its own.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fault::Fault;
use futures::Stream;
use gateway::{Gateway, GatewayDeps};
use kernel::Clock;
use mesh::{Dns, Entry, Etcd, Fixed, InDatabase, Leadership, Registration, Unopposed};
use rpc::{Channel, Connection, Health, Peers, Signer, Stack, Switchboard, Transport};
use runtime::{ClockTrust, Deps, Lifecycle, Readiness, Turn, Worker, Workers};
use store::Db;
use telemetry::Telemetry;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::transport::Server;
use tower::util::MapRequestLayer;

use crate::admin;
use crate::config::{Config, Discovery};
use crate::connections;
use crate::folder::Lock;
use crate::keys;
use crate::listening::Taken;
use crate::opening;
use crate::outside::Outside;
use crate::roles::Role;
use crate::terminal::say;

/// How many calls one connection may have under way.
const STREAMS_MAX: u32 = 200;
/// How often a role's health follows that of its database.
const HEALTH_EVERY: Duration = Duration::from_secs(1);

/// Serves a role until it is asked to stop.
pub(crate) async fn run(config: &Config, role: &Role, telemetry: &Telemetry) -> Result<(), Fault> {
    let lifecycle = Lifecycle::new();
    lifecycle.listen_to_signals(config.drain()).map_err(Fault::internal)?;
    let taken = Taken::take(config.listen)?;
    let address = taken.address();
    let _lock = Lock::of_role(config, role)?;

    let clock = Clock::system();
    let connections = config.connections_of_one();
    // Before the database is there: a probe is told what the process waits for.
    let readiness = Readiness::default();
    let leads = watch::Sender::new(None);
    let turn = Turn::as_told(leads.subscribe());
    let outside = Outside::start(config, role).await?;
    let admin = admin::serve(
        config.admin_listen,
        telemetry.red(),
        lifecycle.clone(),
        readiness.clone(),
        turn.clone(),
        outside.clone(),
    )
    .await?;
    let opened = tokio::select! {
        opened = opening::open(config, role, connections, &readiness) => opened,
        () = lifecycle.stopping() => return Ok(()),
    };
    let db = opened?;
    connections::check_room(&db, connections).await?;
    let signer = signer(config)?;
    let own = Switchboard::new();
    let mut channels = peers(config, role, &outside.held.transport(), outside.etcd.as_ref());
    outside.degrades(&readiness);
    readiness.started(Arc::new(BTreeMap::from([(role.name, db.clone())])), channels.clone());
    channels.insert(role.name.to_owned(), Channel::local(own.clone()));

    let peers = Peers::new(role.name, signer.clone(), channels.clone());
    let mut service = (role.service)(
        config,
        Deps {
            clock: clock.clone(),
            db: db.clone(),
            facts: outside.facts(&peers),
            peers,
            red: telemetry.red(),
        },
    );
    let stack = Stack {
        signer: signer.clone(),
        red: telemetry.red(),
        concurrency_max: config.concurrency_max,
    };
    let routes = rpc::serve(service.routes, service.contract, stack)?.prepare();
    own.connect(routes.clone());
    service.workers.extend(outside.publisher(role, &db));
    let leadership = leadership(config, &db, &service.workers);
    let workers = Workers::new(clock.clone(), ClockTrust::Guarded, telemetry.red());
    let mut workers = workers.taking_turns(turn);
    workers.watch_clock(&db);
    service
        .workers
        .into_iter()
        .for_each(|worker| workers.start(worker, &db));
    let listener = taken.open()?;
    say(format_args!("Quanyu serves {} at {address}", role.name));
    let registration = register(outside.etcd, || entry(config, role, address, &clock));
    let closing = CancellationToken::new();
    let leaving = leave(lifecycle.clone(), registration, notice(config, role), closing.clone());
    tokio::spawn(leaving);

    let serving = async {
        if role.name == gateway::NAME {
            let deps = GatewayDeps {
                clock,
                db: db.clone(),
                signer,
                channels,
                readiness,
                tls: outside.held.of_clients(),
                issuers: outside.issuers.clone(),
            };
            edge(config, deps, listener, closing).await
        } else {
            let connections = rpc::incoming(listener, outside.held.of_callers(role)?);
            Box::pin(grpc(role.name, routes, &db, connections, closing)).await
        }
    };
    // The lease surrounds the workers alone: calls are answered with it and without it.
    let over = CancellationToken::new();
    let serving = async {
        let served = lifecycle.unless_ended(serving).await.unwrap_or(Ok(()));
        over.cancel();
        served
    };
    let of_workers = format!("{}.workers", role.name);
    let leading = mesh::follow(&*leadership, &of_workers, &leads, over.cancelled());
    let (served, lease) = tokio::join!(serving, leading);
    lifecycle.unless_ended(workers.stop()).await;
    if let Some(lease) = lease {
        lifecycle.unless_ended(lease.give_up()).await;
    }
    admin.abort();
    db.close().await?;
    served
}

/// Signs for this process, and knows who signs for others.
fn signer(config: &Config) -> Result<Signer, Fault> {
    let secret = config
        .signing_key
        .as_ref()
        .ok_or_else(|| Fault::internal("the configuration was checked"))?;
    let signer = Signer::new(secret.expose().as_bytes());
    Ok(match &config.signing_key_honoured {
        Some(honoured) => signer.honouring(honoured.expose().as_bytes()),
        None => signer,
    })
}

/// Has others find this process in etcd, where it works with that.
fn register(etcd: Option<Etcd>, entry: impl FnOnce() -> Entry) -> Option<Registration> {
    etcd.map(|etcd| etcd.register(entry()))
}

/// What others are told of this process.
fn entry(config: &Config, role: &Role, listens: SocketAddr, clock: &Clock) -> Entry {
    Entry {
        address: config.advertised(listens),
        role: role.name.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        zone: config.zone.clone(),
        instance: clock.uuid().simple().to_string(),
    }
}

/// How long those who look for a role in etcd may take to notice that a process has left. Nobody looks for the gateway there:
/// it is registered for operators, and balancers see by its own `/readyz` that it stops.
fn notice(config: &Config, role: &Role) -> Duration {
    match role.is_looked_up() {
        true => config.notice(),
        false => Duration::ZERO,
    }
}

/// When the process shall end: takes it out of what others know and gives them time to notice, before it takes nothing new.
async fn leave(lifecycle: Lifecycle, registration: Option<Registration>, notice: Duration, closing: CancellationToken) {
    lifecycle.stopping().await;
    if let Some(registration) = registration
        && registration.withdraw().await
    {
        kernel::pause(notice).await;
    }
    closing.cancel();
}

/// Channels to those that the role works with, wherever they are found.
fn peers(config: &Config, role: &Role, transport: &Transport, etcd: Option<&Etcd>) -> BTreeMap<String, Channel> {
    let (addresses, all) = (config.peer_addresses(), &contracts_all::CONTRACT);
    match (etcd, config.discovery) {
        (Some(etcd), _) => mesh::peers(transport, etcd, all, role.peers()),
        (None, Discovery::Dns) => mesh::peers(transport, &Dns::new(addresses), all, role.peers()),
        (None, Discovery::Static | Discovery::Etcd) => {
            mesh::peers(transport, &Fixed::new(addresses), all, role.peers())
        }
    }
}

/// Which of the replicas of a role works: the one that has a lease in the database that they share. A SQLite file is one
/// process's.
fn leadership(config: &Config, db: &Db, workers: &[Box<dyn Worker>]) -> Box<dyn Leadership> {
    let take_turns = workers.iter().any(|worker| !worker.is_of_every_replica());
    match config.database_url.is_some() && take_turns {
        true => Box::new(InDatabase::new(db.clone())),
        false => Box::new(Unopposed::default()),
    }
}

async fn grpc(
    name: &str,
    routes: Routes,
    db: &Db,
    connections: impl Stream<Item = io::Result<Connection>>,
    closing: CancellationToken,
) -> Result<(), Fault> {
    let (health, health_service) = Health::of(&contracts_all::CONTRACT, |method| method.service == name);
    health.tell(true).await;
    let stopping = async {
        follow(&health, db, &closing).await;
        health.tell(false).await;
    };
    Server::builder()
        .max_concurrent_streams(STREAMS_MAX)
        .http2_adaptive_window(Some(true))
        .layer(MapRequestLayer::new(|request: http::Request<Body>| {
            request.map(rpc::read_out)
        }))
        .add_routes(routes)
        .add_service(health_service)
        .serve_with_incoming_shutdown(connections, stopping)
        .await
        .map_err(Fault::internal)
}

/// Tells balancers and peers whether the role can work, until it stops: without its database it cannot.
async fn follow(health: &Health, db: &Db, closing: &CancellationToken) {
    loop {
        health.tell(db.trouble().is_none()).await;
        tokio::select! {
            () = closing.cancelled() => return,
            () = kernel::pause(HEALTH_EVERY) => {}
        }
    }
}

async fn edge(
    config: &Config,
    deps: GatewayDeps,
    listener: TcpListener,
    closing: CancellationToken,
) -> Result<(), Fault> {
    let first = config
        .first_secret(std::io::stdout().is_terminal())
        .map_err(|problem| Fault::invalid(problem.setting, problem.message))?;
    keys::tell(&gateway::bootstrap(&deps.db, &deps.clock, first.clone()).await?, &first);
    let edge = Gateway::new(config.gateway(), deps);
    let edge = edge.map_err(Fault::internal)?;
    edge.serve(listener, closing.cancelled_owned()).await;
    Ok(())
}
