//! The mesh: two processes of each role, three nodes of etcd, a NATS, a PostgreSQL.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use quanyu::roles::ROLES;
use tempfile::TempDir;
use testkit::{EtcdNodes, NatsServer, Postgres, Process, free_address, program, turn_clock};
use tests::{Api, Rest, until};

use crate::cord::Cord;
use crate::faults::tell;

const SIGNING_KEY: &str = "a key that the processes of this test share";
/// What a process opens: 48 in all, where PostgreSQL has 100.
const CONNECTIONS_MAX: &str = "4";
/// How many nodes etcd has.
pub(crate) const NODES: usize = 3;
/// How many replicas of each role there are.
pub(crate) const REPLICAS: usize = 2;
/// How long a registration outlives its process.
const LEASE_SECONDS: &str = "3";

/// How many lines of each process's log are shown where the test fails.
const LINES: usize = 40;

/// A replica of a role: which role, and which of the two.
pub(crate) type Name = (&'static str, usize);

pub(crate) struct Mesh {
    pub(crate) postgres: Postgres,
    pub(crate) etcd: EtcdNodes,
    /// Over which facts go.
    pub(crate) nats: NatsServer,
    running: BTreeMap<Name, Process>,
    /// Where each is called, and where operators ask it; the same after each start.
    addresses: BTreeMap<Name, (String, String)>,
    /// By how many seconds the clock of a replica is ahead, or behind, when it starts the next time.
    clocks: BTreeMap<Name, i64>,
    /// Of which release a replica is when it starts the next time, where it is not this one.
    releases: BTreeMap<Name, PathBuf>,
    /// The replica that reaches all others, and is reached by them, by one cord, when it starts the next time.
    on_cord: Option<(Name, Cord)>,
    folder: TempDir,
    /// The first key, which lets the callers in.
    key: String,
}

impl Mesh {
    pub(crate) async fn start() -> Self {
        Self::start_as(None).await
    }

    /// The same of another release than this one.
    pub(crate) async fn start_as(release: Option<&Path>) -> Self {
        let names = ROLES.iter().flat_map(|role| (0..REPLICAS).map(|at| (role.name, at)));
        let mut mesh = Self {
            postgres: Postgres::start().await,
            etcd: EtcdNodes::start(NODES).await,
            nats: NatsServer::start().await,
            running: BTreeMap::new(),
            addresses: names.map(|name| (name, (free_address(), free_address()))).collect(),
            clocks: BTreeMap::new(),
            releases: BTreeMap::new(),
            on_cord: None,
            folder: tempfile::tempdir().unwrap(),
            key: format!("qy_{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>()),
        };
        if let Some(release) = release {
            let names: Vec<Name> = mesh.addresses.keys().copied().collect();
            mesh.releases = names.into_iter().map(|name| (name, release.to_path_buf())).collect();
        }
        // One of each role first: it makes the tables.
        for at in 0..REPLICAS {
            let commands: Vec<(Name, Command)> = ROLES
                .iter()
                .map(|role| ((role.name, at), mesh.command((role.name, at))))
                .collect();
            let started = std::thread::scope(|scope| {
                let starting: Vec<_> = commands
                    .into_iter()
                    .map(|(name, command)| (name, scope.spawn(|| Process::start(command))))
                    .collect();
                starting
                    .into_iter()
                    .map(|(name, starting)| (name, starting.join().unwrap()))
                    .collect::<Vec<_>>()
            });
            mesh.running.extend(started);
        }
        for role in &ROLES {
            mesh.is_complete(role.name).await;
        }
        mesh
    }

    fn command(&self, name: Name) -> Command {
        let (address, admin) = &self.addresses[&name];
        let release = self.releases.get(&name).and_then(|release| release.to_str());
        let mut command = program(release.unwrap_or(env!("CARGO_BIN_EXE_quanyu")));
        command.args(["serve", name.0, "--listen", address, "--admin-listen", admin]);
        let log = File::options().create(true).append(true).open(self.log(name)).unwrap();
        command.stderr(log);
        let mut command = self.configure(command);
        if let Some(seconds) = self.clocks.get(&name) {
            turn_clock(&mut command, *seconds);
        }
        if let Some((_, cord)) = self.on_cord.as_ref().filter(|(on_cord, _)| *on_cord == name) {
            cord.tie(&mut command);
        }
        command
    }

    /// What a replica says to its operators, in all its lives.
    fn log(&self, (role, at): Name) -> PathBuf {
        self.folder.path().join(format!("{role}-{at}.log"))
    }

    /// What all processes and commands are told.
    fn configure(&self, mut command: Command) -> Command {
        command
            .arg("--folder")
            .arg(self.folder.path())
            .env("QUANYU_DATABASE_URL", self.postgres.url())
            .env("QUANYU_DATABASE_CONNECTIONS_MAX", CONNECTIONS_MAX)
            .env("QUANYU_SIGNING_KEY", SIGNING_KEY)
            .env("QUANYU_FIRST_API_KEY", &self.key)
            .env("QUANYU_DISCOVERY", "etcd")
            .env("QUANYU_ETCD__ENDPOINTS", self.etcd.endpoints().join(","))
            .env("QUANYU_ETCD__LEASE_SECONDS", LEASE_SECONDS)
            .env("QUANYU_FACTS", "jetstream")
            .env("QUANYU_NATS__URLS", self.nats.url());
        command
    }

    /// The two gateways.
    pub(crate) fn gateways(&self) -> [Api; 2] {
        [0, 1].map(|at| Api::new(&self.addresses[&("gateway", at)].0, &self.key))
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends a replica at once.
    pub(crate) fn kill(&mut self, name: Name) {
        self.running.remove(&name).expect("it runs").kill();
    }

    /// Stops a replica as an orchestrator does.
    pub(crate) async fn stop(&mut self, name: Name) {
        let mut process = self.running.remove(&name).expect("it runs");
        process.signal("TERM");
        let status = process.ended().await;
        assert!(status.success(), "{name:?} ended with {status}");
    }

    /// Starts a replica again, and waits until it can work.
    pub(crate) async fn go_on(&mut self, name: Name) {
        let command = self.command(name);
        let started = tokio::task::spawn_blocking(move || Process::start(command));
        self.running.insert(name, started.await.unwrap());
        self.is_ready(name).await;
    }

    /// Has a replica start the next time as another release.
    pub(crate) fn of_release(&mut self, name: Name, release: &Path) {
        self.releases.insert(name, release.to_path_buf());
    }

    /// Does the migrations of this release.
    pub(crate) async fn migrate(&self, arguments: &[&str]) {
        let mut command = program(env!("CARGO_BIN_EXE_quanyu"));
        command.arg("migrate").args(arguments);
        let mut command = self.configure(command);
        let outcome = tokio::task::spawn_blocking(move || command.output())
            .await
            .unwrap()
            .unwrap();
        let told = [outcome.stdout, outcome.stderr]
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .concat();
        assert!(outcome.status.success(), "{told}");
        tell(told.trim_end());
    }

    /// Has a replica start the next time with a clock that is so many seconds ahead, or behind.
    pub(crate) fn turn_clock(&mut self, name: Name, seconds: i64) {
        self.clocks.insert(name, seconds);
    }

    /// Has a replica start the next time behind a cord, by which all goes that it says to others, and they to it.
    pub(crate) async fn tie(&mut self, name: Name) {
        let cord = Cord::to(&self.addresses[&name].0, &self.postgres, &self.etcd, &self.nats).await;
        self.on_cord = Some((name, cord));
    }

    /// The cord of the replica that is behind one.
    pub(crate) fn cord(&self) -> &Cord {
        &self.on_cord.as_ref().expect("one is behind a cord").1
    }

    /// Has the replica behind the cord start without it the next time.
    pub(crate) fn untie(&mut self) {
        self.on_cord = None;
    }

    /// Sends a signal to a replica: "STOP" holds it, "CONT" lets it go on.
    pub(crate) fn signal(&self, name: Name, signal: &str) {
        self.running[&name].signal(signal);
    }

    /// Which of the replicas of a role works.
    pub(crate) async fn leader(&self, role: &'static str) -> Name {
        let mut leader = None;
        until("one of them works", true, async || {
            for name in self.running.keys().filter(|(of, _)| *of == role) {
                let figures = self.operators(*name).get("/metrics").await.text;
                if figures.contains(&format!("workers_leading{{service=\"{role}\"}} 1")) {
                    leader = Some(*name);
                }
            }
            leader.is_some()
        })
        .await;
        leader.unwrap()
    }

    async fn is_ready(&self, name: Name) {
        let operators = self.operators(name);
        until("it can work", 200, async || {
            operators.get("/readyz").await.status.as_u16()
        })
        .await;
    }

    /// Waits until every replica of a role can work and sees everybody.
    pub(crate) async fn is_complete(&self, role: &'static str) {
        for at in 0..REPLICAS {
            let operators = self.operators((role, at));
            until("it knows all others", "SERVING".to_owned(), async || {
                let report = operators.get("/readyz").await.json();
                report["status"].as_str().unwrap_or_default().to_owned()
            })
            .await;
        }
    }

    fn operators(&self, name: Name) -> Rest {
        Rest::new(&self.addresses[&name].1, None)
    }

    /// What the doctor says, and whether all is well.
    pub(crate) fn doctor(&self) -> (bool, String) {
        let mut command = program(env!("CARGO_BIN_EXE_quanyu"));
        command.arg("doctor");
        let outcome = self.configure(command).output().unwrap();
        let told = String::from_utf8_lossy(&outcome.stdout).into_owned();
        (outcome.status.success(), told)
    }
}

impl Drop for Mesh {
    fn drop(&mut self) {
        // Their folder goes with the test.
        if std::thread::panicking() {
            for name in self.addresses.keys() {
                let log = std::fs::read_to_string(self.log(*name)).unwrap_or_default();
                let lines: Vec<&str> = log.lines().collect();
                let last = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default();
                tell(format_args!("{name:?}:\n{}", last.join("\n")));
            }
        }
    }
}
