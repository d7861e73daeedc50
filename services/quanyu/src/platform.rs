//! Every service in one process: the default, the demo, and what the platform tests run on.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use events::OutboxFacts;
use fault::Fault;
use futures::future::try_join_all;
use gateway::{Beginning, FirstSecret, Gateway, GatewayDeps, IssuerStandings};
use kernel::Clock;
use rpc::{Channel, Peer, Peers, Signer, Stack, Switchboard};
use runtime::{ClockTrust, Deps, Readiness, Workers};
use store::Db;
use telemetry::Red;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::certificates::Held;
use crate::config::Config;
use crate::connections;
use crate::folder::Lock;
use crate::listening::Taken;
use crate::opening;
use crate::roles::ROLES;

/// A running platform.
pub struct Platform {
    address: SocketAddr,
    clock: Clock,
    beginning: Beginning,
    peers: Peers,
    databases: Arc<BTreeMap<&'static str, Db>>,
    workers: Workers,
    shutdown: CancellationToken,
    gateway: JoinHandle<()>,
    red: Red,
    readiness: Readiness,
    held: Held,
    issuers: IssuerStandings,
    _lock: Lock,
}

impl Platform {
    /// Opens every database, joins the services, starts their workers and opens the gateway's address.
    /// A new platform's first key is made here, and told by [`Platform::first_key`]. Its clock is turned by hand, by years if
    /// its hand likes: what comes due is done.
    pub async fn start(config: &Config, clock: Clock, red: Red) -> Result<Self, Fault> {
        Self::start_with(config, FirstSecret::Generated, clock, ClockTrust::ByHand, red).await
    }

    /// The same; a new platform opens with this secret, and its clock is believed or not.
    pub async fn start_with(
        config: &Config,
        first: FirstSecret,
        clock: Clock,
        trust: ClockTrust,
        red: Red,
    ) -> Result<Self, Fault> {
        // Before anything is opened: a port in use or a second process on the folder must change nothing.
        let taken = Taken::take(config.listen)?;
        let address = taken.address();
        let readiness = Readiness::default();
        let held = Held::of_all(config)?;
        held.degrades(&readiness);
        let lock = Lock::of_all(config)?;
        let parts = config.connections_of_all();
        let parts = parts.map_err(|problem| Fault::invalid(problem.setting, problem.message))?;
        let opened = ROLES.iter().zip(parts).map(async |(role, part)| {
            let db = opening::open(config, role, part, &Readiness::default()).await?;
            Ok::<_, Fault>((role.name, db))
        });
        let databases: Arc<BTreeMap<&'static str, Db>> = Arc::new(try_join_all(opened).await?.into_iter().collect());

        if let Some(db) = databases.values().next() {
            connections::check_room(db, parts.iter().sum()).await?;
        }

        let signer = Signer::new(&random_key()?);
        let switchboards: BTreeMap<&str, Switchboard> =
            ROLES.iter().map(|role| (role.name, Switchboard::new())).collect();
        let channels: BTreeMap<String, Channel> = switchboards
            .iter()
            .map(|(name, switchboard)| ((*name).to_owned(), Channel::local(switchboard.clone())))
            .collect();
        let mut workers = Workers::new(clock.clone(), trust, red.clone());
        for role in &ROLES {
            let (Some(db), Some(switchboard)) = (databases.get(role.name), switchboards.get(role.name)) else {
                return Err(Fault::internal("every role has a database and a switchboard"));
            };
            workers.watch_clock(db);
            let called = channels.iter().filter(|(name, _)| role.calls(name));
            let peers = Peers::new(
                role.name,
                signer.clone(),
                called.map(|(name, channel)| (name.clone(), channel.clone())).collect(),
            );
            let heard = databases.iter().filter(|(name, _)| role.hears.contains(name));
            let facts = OutboxFacts::new(heard.map(|(name, db)| (*name, db.clone())).collect());
            let service = (role.service)(
                config,
                Deps {
                    clock: clock.clone(),
                    db: db.clone(),
                    peers,
                    facts: Arc::new(facts),
                    red: red.clone(),
                },
            );
            let stack = Stack {
                signer: signer.clone(),
                red: red.clone(),
                concurrency_max: config.concurrency_max,
            };
            switchboard.connect(rpc::serve(service.routes, service.contract, stack)?);
            service.workers.into_iter().for_each(|worker| workers.start(worker, db));
        }

        let db = databases
            .get(gateway::NAME)
            .ok_or_else(|| Fault::internal("the gateway has a database"))?;
        let beginning = gateway::bootstrap(db, &clock, first).await?;
        let peers = Peers::new("quanyu", signer.clone(), channels.clone());
        readiness.started(databases.clone(), BTreeMap::new());
        let issuers = IssuerStandings::default();
        let deps = GatewayDeps {
            clock: clock.clone(),
            db: db.clone(),
            signer,
            channels,
            readiness: readiness.clone(),
            tls: held.of_clients(),
            issuers: issuers.clone(),
        };
        let edge = Gateway::new(config.gateway(), deps);
        let edge = edge.map_err(Fault::internal)?;
        let shutdown = CancellationToken::new();
        let listener = taken.open()?;
        let gateway = tokio::spawn(edge.serve(listener, shutdown.clone().cancelled_owned()));
        Ok(Self {
            address,
            clock,
            beginning,
            peers,
            databases,
            workers,
            shutdown,
            gateway,
            red,
            readiness,
            held,
            issuers,
            _lock: lock,
        })
    }

    /// The gateway's address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What time the platform thinks it is.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How the platform stood when it was started.
    pub fn beginning(&self) -> &Beginning {
        &self.beginning
    }

    /// The first key's secret, on the very first start.
    pub fn first_key(&self) -> Option<&str> {
        self.beginning.first_key().map(|key| key.secret.reveal())
    }

    /// A service, past the gateway, for the platform's own commands.
    pub fn peer(&self, name: &str) -> Peer {
        self.peers.channel(name)
    }

    /// The databases by the names of their services.
    pub fn databases(&self) -> &BTreeMap<&'static str, Db> {
        &self.databases
    }

    /// Rate, errors and duration of every method.
    pub fn red(&self) -> &Red {
        &self.red
    }

    /// Whether everything can work.
    pub fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    /// The certificate that clients see.
    pub(crate) fn certificates(&self) -> &Held {
        &self.held
    }

    /// How the issuers of tokens stand.
    pub(crate) fn issuers(&self) -> &IssuerStandings {
        &self.issuers
    }

    /// Waits until every fact has been applied and every worker is idle.
    pub async fn settle(&self) -> Result<usize, Fault> {
        self.workers.settle().await
    }

    /// Takes no new calls, finishes those under way and the present ticks of the workers, and closes the databases.
    pub async fn stop(self) -> Result<(), Fault> {
        self.shutdown.cancel();
        self.gateway.await.map_err(Fault::internal)?;
        self.workers.stop().await;
        for db in self.databases.values() {
            db.close().await?;
        }
        Ok(())
    }
}

/// Principals never leave this process, so their key need not outlive it.
fn random_key() -> Result<[u8; 32], Fault> {
    let mut key = [0; 32];
    rand::TryRngCore::try_fill_bytes(&mut rand::rngs::OsRng, &mut key).map_err(Fault::internal)?;
    Ok(key)
}
