use std::collections::BTreeMap;
use std::sync::Arc;

use contracts::events::internal::v1::Fact as WireFact;
use contracts::events::internal::v1::feed_service_server::FeedServiceServer;
use events::PeerFacts;
use kernel::{Clock, Fact, Principal, PrincipalKind, Scopes, Tenant, Time};
use rpc::{Channel, Contract, Peers, Signer, Stack, Switchboard};
use runtime::{ClockTrust, Deps, Service, Workers};
use store::{Db, Migration, OutboxRow};
use telemetry::Red;
use tonic::service::Routes;

use crate::TestDb;
use crate::played::PlayedFeed;

/// When the clock of a test starts: 2026-01-01T00:00:00Z.
pub(crate) const START: Time = Time::from_seconds(1_767_225_600);
/// No test has more calls under way.
const CONCURRENCY_MAX: usize = 4_096;

/// One service, as a test sees it.
pub struct Harness {
    /// Turned by hand.
    pub clock: Clock,
    /// The service's database.
    pub db: Db,
    /// Whose rows the test works on.
    pub tenant: Tenant,
    /// What the service tells about itself.
    pub red: Red,
    signer: Signer,
    switchboard: Switchboard,
    workers: Workers,
    feed: PlayedFeed,
    test_db: TestDb,
}

/// Starts a service whose peers only tell facts.
pub async fn harness(name: &'static str, migrations: Vec<Migration>, service: fn(Deps) -> Service) -> Harness {
    harness_with_peers(name, migrations, service, Routes::default(), &contracts::CONTRACT).await
}

/// Starts a service whose peers also answer calls: with these routes, whatever their services, of this contract.
pub async fn harness_with_peers(
    name: &'static str,
    migrations: Vec<Migration>,
    service: fn(Deps) -> Service,
    peers: Routes,
    contract: &'static Contract,
) -> Harness {
    let test_db = TestDb::new(migrations).await;
    let (clock, db) = (Clock::manual(START), test_db.db());
    let (signer, feed, red) = (Signer::new(&[1; 32]), PlayedFeed::default(), Red::default());
    let surroundings = Surroundings {
        name,
        clock: clock.clone(),
        stack: stack(&signer, red.clone()),
        played: peers.add_service(FeedServiceServer::new(feed.clone())),
        contract,
    };
    let (switchboard, workers) = surroundings.raise(&db, service);
    let tenant = Tenant::from_uuid(clock.uuid());
    Harness {
        clock,
        db,
        tenant,
        red,
        signer,
        switchboard,
        workers,
        feed,
        test_db,
    }
}

/// What a server of a test is made of.
pub(crate) fn stack(signer: &Signer, red: Red) -> Stack {
    Stack {
        signer: signer.clone(),
        red,
        concurrency_max: CONCURRENCY_MAX,
    }
}

/// What a service under test finds around it.
pub(crate) struct Surroundings {
    pub(crate) name: &'static str,
    pub(crate) clock: Clock,
    pub(crate) stack: Stack,
    /// What its peers answer, their facts among it.
    pub(crate) played: Routes,
    /// Of what they answer.
    pub(crate) contract: &'static Contract,
}

impl Surroundings {
    /// Starts a service on a database: its server, and its workers.
    pub(crate) fn raise(self, db: &Db, service: fn(Deps) -> Service) -> (Switchboard, Workers) {
        let Self {
            name,
            clock,
            stack,
            played,
            contract,
        } = self;
        let world = Switchboard::new();
        world.connect(rpc::serve(played, contract, stack.clone()).expect("the contracts are complete"));
        let switchboard = Switchboard::new();
        let own = BTreeMap::from([(name.to_owned(), Channel::local(switchboard.clone()))]);
        let peers = Peers::new(name, stack.signer.clone(), own).with_others(Channel::local(world));
        let service = service(Deps {
            clock: clock.clone(),
            db: db.clone(),
            facts: Arc::new(PeerFacts::new(peers.clone())),
            peers,
            red: stack.red.clone(),
        });
        let red = stack.red.clone();
        switchboard.connect(rpc::serve(service.routes, service.contract, stack).expect("the contracts are complete"));
        let mut workers = Workers::new(clock, ClockTrust::ByHand, red);
        for worker in service.workers {
            workers.start(worker, db);
        }
        (switchboard, workers)
    }
}

/// A fact as a feed tells it, at the present moment.
pub(crate) fn envelope<F: Fact + prost::Message>(clock: &Clock, tenant: Tenant, fact: &F, subject: &str) -> WireFact {
    WireFact {
        position: 0,
        id: clock.uuid().as_bytes().to_vec(),
        tenant_id: tenant.uuid().as_bytes().to_vec(),
        r#type: F::TYPE.to_owned(),
        subject: subject.to_owned(),
        payload: fact.encode_to_vec(),
        occur_time: Some(clock.now().to_wire()),
        traceparent: String::new(),
    }
}

impl Harness {
    /// To the service, with a key of the test's tenant that may do everything.
    pub fn channel(&self) -> Channel {
        self.channel_of(self.tenant)
    }

    /// The same for another tenant.
    pub fn channel_of(&self, tenant: Tenant) -> Channel {
        self.channel_as(&Principal {
            tenant,
            subject: "key_test".to_owned(),
            scopes: Scopes::new(["*".to_owned(), "platform.*".to_owned()]),
            kind: PrincipalKind::Key,
        })
    }

    /// To the service, as somebody.
    pub fn channel_as(&self, principal: &Principal) -> Channel {
        self.anonymous()
            .with_principal(self.signer.sign(principal).expect("a principal can be signed"))
    }

    /// To the service, without a credential.
    pub fn anonymous(&self) -> Channel {
        Channel::local(self.switchboard.clone())
    }

    /// A tenant that has nothing to do with the test's.
    pub fn other_tenant(&self) -> Tenant {
        Tenant::from_uuid(self.clock.uuid())
    }

    /// Tells a fact of a peer to the service, for the test's tenant.
    pub fn publish<F: Fact + prost::Message>(&self, stream: &str, fact: &F, subject: &str) {
        self.publish_of(self.tenant, stream, fact, subject);
    }

    /// The same for another tenant.
    pub fn publish_of<F: Fact + prost::Message>(&self, tenant: Tenant, stream: &str, fact: &F, subject: &str) {
        self.feed.tell(stream, envelope(&self.clock, tenant, fact, subject));
    }

    /// Runs every worker until all are idle.
    pub async fn settle(&self) {
        self.workers.settle().await.expect("the workers settle");
    }

    /// The facts that the service has published, in their order.
    pub async fn published(&self) -> Vec<OutboxRow> {
        while self.db.sequence().await.expect("positions are given") > 0 {}
        let stretch = self.db.facts_after(0, None, 100_000).await;
        stretch.expect("the outbox can be read").facts
    }

    /// Another handle on the same database with connections of its own, as another replica has.
    pub async fn another_db(&self, migrations: Vec<Migration>) -> Db {
        self.test_db.another(migrations).await
    }
}
