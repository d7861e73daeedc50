use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use contracts::events::internal::v1::feed_service_server::FeedServiceServer;
use kernel::{Clock, Fact, Principal, PrincipalKind, Scopes, Tenant};
use rpc::{Channel, Signer};
use runtime::{Deps, Service, Workers};
use store::{Db, Migration};
use telemetry::Red;
use tokio::runtime::{Builder, Handle, Runtime};
use tonic::service::Routes;

use crate::TestDb;
use crate::harness::{START, Surroundings, envelope, stack};
use crate::played::PlayedFeed;

/// What one replica works with: enough that its tasks run beside each other.
const THREADS: usize = 2;

/// One service in any number of replicas on one database, each of which may be killed at any moment and started again.
pub struct Fleet {
    /// Turned by hand, and the same for all.
    pub clock: Clock,
    /// Whose rows the test works on.
    pub tenant: Tenant,
    name: &'static str,
    migrations: fn() -> Vec<Migration>,
    service: fn(Deps) -> Service,
    signer: Signer,
    feed: PlayedFeed,
    test_db: TestDb,
}

/// A replica that runs. It has nothing in common with another one but the clock: its own threads, its own connections.
pub struct Replica {
    runtime: Option<Runtime>,
    workers: Workers,
    link: Link,
}

/// How a replica is called: what is called works on the replica's own threads, and dies with it.
#[derive(Clone)]
pub struct Link {
    handle: Handle,
    channel: Channel,
    killed: Arc<AtomicBool>,
}

impl Fleet {
    /// An empty database for replicas of a service, none of which runs yet.
    pub async fn new(name: &'static str, migrations: fn() -> Vec<Migration>, service: fn(Deps) -> Service) -> Self {
        let clock = Clock::manual(START);
        Self {
            tenant: Tenant::from_uuid(clock.uuid()),
            clock,
            name,
            migrations,
            service,
            signer: Signer::new(&[1; 32]),
            feed: PlayedFeed::default(),
            test_db: TestDb::new(migrations()).await,
        }
    }

    /// The database, as the test sees it: over connections that no replica uses.
    pub fn db(&self) -> Db {
        self.test_db.db()
    }

    /// Tells a fact of a peer to every replica, for the test's tenant.
    pub fn publish<F: Fact + prost::Message>(&self, stream: &str, fact: &F, subject: &str) {
        self.feed
            .tell(stream, envelope(&self.clock, self.tenant, fact, subject));
    }

    /// Starts a replica, as it starts after a crash too.
    pub async fn start(&self) -> Replica {
        let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let config = self.test_db.connection();
        let (clock, signer, feed) = (self.clock.clone(), self.signer.clone(), self.feed.clone());
        let (name, migrations, service) = (self.name, self.migrations, self.service);
        let started = runtime.spawn(async move {
            let db = config.open(migrations()).await;
            let surroundings = Surroundings {
                name,
                clock,
                stack: stack(&signer, Red::default()),
                played: Routes::new(FeedServiceServer::new(feed)),
                contract: &contracts::CONTRACT,
            };
            surroundings.raise(&db, service)
        });
        let (switchboard, workers) = started.await.expect("the replica starts");
        let principal = Principal {
            tenant: self.tenant,
            subject: "key_test".to_owned(),
            scopes: Scopes::new(["*".to_owned()]),
            kind: PrincipalKind::Key,
        };
        let principal = self.signer.sign(&principal).expect("a principal can be signed");
        let link = Link {
            handle: runtime.handle().clone(),
            channel: Channel::local(switchboard).with_principal(principal),
            killed: Arc::default(),
        };
        Replica {
            runtime: Some(runtime),
            workers,
            link,
        }
    }
}

impl Replica {
    /// How it is called, with a key of the test's tenant that may do everything.
    pub fn link(&self) -> Link {
        self.link.clone()
    }

    /// Runs every worker until all are idle, or until one fails.
    pub async fn settle(&self) -> Result<usize, String> {
        self.workers.settle().await.map_err(|fault| fault.to_string())
    }

    /// Ends it at once: every task ends wherever it waits, and nothing is said to anybody. What it had sent to the database
    /// takes effect or does not, as after a kill.
    pub fn kill(self) {
        drop(self);
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.link.killed.store(true, Ordering::SeqCst);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Link {
    /// A channel to it. Calls are to be made within [`Link::run`].
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Runs a call on the replica's own threads; none where the replica was killed before it ended.
    pub async fn run<T: Send + 'static>(&self, call: impl Future<Output = T> + Send + 'static) -> Option<T> {
        match self.handle.spawn(call).await {
            Ok(outcome) => Some(outcome),
            // What is torn down may panic on its way, as a driver does that finds its runtime gone.
            Err(_) if self.is_killed() => None,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => None,
            },
        }
    }

    /// Whether the replica has been killed.
    pub fn is_killed(&self) -> bool {
        self.killed.load(Ordering::SeqCst)
    }
}
