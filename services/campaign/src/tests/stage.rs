//! One replica of the service whose parts move when the test says so: facts are applied, runs moved on, time turned.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use contracts::r#type::v1::Money;
use contracts_campaign::v1::journey_run_service_client::JourneyRunServiceClient;
use contracts_campaign::v1::journey_service_client::JourneyServiceClient;
use contracts_campaign::v1::*;
use contracts_identity::v1::{MemberRegistered, MembersMerged, MergeUndone};
use contracts_tagging::v1::{Activity, ActivityRecorded};
use events::{Consumer, Envelope};
use kernel::{Clock, Fact, Principal, PrincipalKind, Scopes, Tenant, Time};
use prost::Message;
use rpc::{Channel, Peers, Signer, Stack, Switchboard};
use runtime::{Deps, Worker};
use sea_orm::ConnectionTrait;
use store::{Db, statement};
use telemetry::Red;
use testkit::TestDb;
use tonic::service::Routes;

use super::world::{self, World};
use crate::action::Asker;
use crate::api::CampaignApi;
use crate::fact::consumers::{Listener, STREAMS};
use crate::journey::versions::Versions;
use crate::member::strays::Strays;
use crate::run::MemberId;
use crate::run::runner::Runner;
use crate::run::tidy::Tidy;

pub(super) const START: Time = Time::from_seconds(1_767_225_600);

pub(super) struct Stage {
    pub(super) clock: Clock,
    pub(super) tenant: Tenant,
    pub(super) world: World,
    pub(super) db: Db,
    pub(super) runner: Runner,
    pub(super) tidy: Tidy,
    pub(super) strays: Strays,
    listeners: Vec<Listener>,
    signer: Signer,
    api: Switchboard,
    peers: Peers,
    test_db: TestDb,
}

/// A process that runs journeys beside the stage's own.
pub(super) struct Replica {
    pub(super) runner: Runner,
    pub(super) db: Db,
}

impl Replica {
    /// Ends it as a kill does: what it had under way is dropped, and its connections with it.
    pub(super) async fn die(self) {
        drop(self.runner);
        self.db.close().await.unwrap();
    }

    /// Moves on whatever is due.
    pub(super) async fn run(&mut self) {
        while self.runner.tick().await.unwrap() > 0 {}
    }
}

impl Stage {
    pub(super) async fn new() -> Self {
        let clock = Clock::manual(START);
        let signer = Signer::new(&[7; 32]);
        let test_db = TestDb::new(crate::migrations()).await;
        let db = test_db.db();
        let world = World::default();
        let played = Switchboard::new();
        played.connect(rpc::serve(world.routes(), &world::CONTRACT, stack(&signer)).unwrap());
        let peers = Peers::new(crate::NAME, signer.clone(), BTreeMap::new()).with_others(Channel::local(played));
        let api = Switchboard::new();
        let methods = CampaignApi {
            db: db.clone(),
            clock: clock.clone(),
        };
        let routes = Routes::new(journey_service_server::JourneyServiceServer::new(methods.clone()))
            .add_service(journey_run_service_server::JourneyRunServiceServer::new(methods));
        api.connect(rpc::serve(routes, &contracts_campaign::CONTRACT, stack(&signer)).unwrap());
        let versions = Versions::default();
        let deps = deps(&db, &clock, &peers);
        let listeners = STREAMS
            .iter()
            .map(|stream| Listener::new(stream, clock.clone(), versions.clone()));
        Self {
            listeners: listeners.collect(),
            runner: runner(&deps),
            tidy: Tidy::new(db.clone(), clock.clone()),
            strays: Strays::new(&deps, versions),
            tenant: Tenant::from_uuid(clock.uuid()),
            clock,
            world,
            db,
            signer,
            api,
            peers,
            test_db,
        }
    }

    /// The runner of another replica, with connections and a memory of its own.
    pub(super) async fn another(&self) -> Replica {
        let db = self.test_db.another(crate::migrations()).await;
        let runner = runner(&deps(&db, &self.clock, &self.peers));
        Replica { runner, db }
    }

    fn channel(&self, tenant: Tenant) -> Channel {
        let principal = Principal {
            tenant,
            subject: "key_test".to_owned(),
            scopes: Scopes::new(["*".to_owned()]),
            kind: PrincipalKind::Key,
        };
        Channel::local(self.api.clone()).with_principal(self.signer.sign(&principal).unwrap())
    }

    pub(super) fn journeys(&self) -> JourneyServiceClient<Channel> {
        self.journeys_of(self.tenant)
    }

    pub(super) fn journeys_of(&self, tenant: Tenant) -> JourneyServiceClient<Channel> {
        JourneyServiceClient::new(self.channel(tenant))
    }

    pub(super) fn runs(&self) -> JourneyRunServiceClient<Channel> {
        self.runs_of_tenant(self.tenant)
    }

    pub(super) fn runs_of_tenant(&self, tenant: Tenant) -> JourneyRunServiceClient<Channel> {
        JourneyRunServiceClient::new(self.channel(tenant))
    }

    /// Makes a journey that members can enter.
    pub(super) async fn open(&self, code: &str, definition: JourneyDefinition) {
        self.open_for(self.tenant, code, definition).await;
    }

    pub(super) async fn open_for(&self, tenant: Tenant, code: &str, definition: JourneyDefinition) {
        let journey = Journey {
            code: code.to_owned(),
            definition: Some(definition),
            ..Journey::default()
        };
        let request = CreateJourneyRequest {
            request_id: self.request_id(),
            journey: Some(journey),
        };
        self.journeys_of(tenant).create_journey(request).await.unwrap();
        self.publish(tenant, code).await;
    }

    /// Makes another version of a journey the one that members enter.
    pub(super) async fn replace(&self, code: &str, definition: JourneyDefinition) {
        let journey = Journey {
            code: code.to_owned(),
            definition: Some(definition),
            ..Journey::default()
        };
        let request = UpdateJourneyRequest {
            request_id: self.request_id(),
            journey: Some(journey),
            update_mask: None,
        };
        self.journeys().update_journey(request).await.unwrap();
        self.publish(self.tenant, code).await;
    }

    async fn publish(&self, tenant: Tenant, code: &str) {
        let request = PublishJourneyRequest {
            request_id: self.request_id(),
            journey_code: code.to_owned(),
            etag: String::new(),
        };
        self.journeys_of(tenant).publish_journey(request).await.unwrap();
    }

    pub(super) fn request_id(&self) -> String {
        self.clock.uuid().to_string()
    }

    pub(super) fn member(&self) -> MemberId {
        MemberId::generate(&self.clock)
    }

    /// A fact that happens now.
    pub(super) fn fact<F: Fact + Message>(&self, fact: &F) -> Envelope {
        Envelope {
            position: 1,
            id: self.clock.uuid(),
            tenant: self.tenant,
            kind: F::TYPE.to_owned(),
            subject: String::new(),
            payload: fact.encode_to_vec(),
            occur_time: self.clock.now(),
            traceparent: String::new(),
        }
    }

    pub(super) fn registered(&self, member: MemberId) -> Envelope {
        self.fact(&MemberRegistered {
            member_id: member.to_string(),
            channel_code: "tmall".to_owned(),
            ..MemberRegistered::default()
        })
    }

    pub(super) fn order(&self, member: MemberId, amount: i64) -> Envelope {
        let activity = Activity {
            activity_id: format!("act_{}", self.clock.uuid()),
            member_id: member.to_string(),
            activity_type: "order_paid".to_owned(),
            amount: Some(Money {
                currency_code: "CNY".to_owned(),
                minor_units: amount,
            }),
            occur_time: Some(self.clock.now().to_wire()),
            ..Activity::default()
        };
        self.fact(&ActivityRecorded {
            activity: Some(activity),
        })
    }

    pub(super) fn merged(&self, from: MemberId, to: MemberId) -> Envelope {
        self.fact(&MembersMerged {
            surviving_member_id: to.to_string(),
            absorbed_member_id: from.to_string(),
            ..MembersMerged::default()
        })
    }

    pub(super) fn merged_as(&self, merge: &str, from: MemberId, to: MemberId) -> Envelope {
        self.fact(&MembersMerged {
            surviving_member_id: to.to_string(),
            absorbed_member_id: from.to_string(),
            merge_id: merge.to_owned(),
            ..MembersMerged::default()
        })
    }

    pub(super) fn undone(&self, merge: &str, restored: MemberId, survivor: MemberId, led: &[MemberId]) -> Envelope {
        self.fact(&MergeUndone {
            merge_id: merge.to_owned(),
            restored_member_id: restored.to_string(),
            surviving_member_id: survivor.to_string(),
            led_member_ids: led.iter().map(ToString::to_string).collect(),
            ..MergeUndone::default()
        })
    }

    /// Applies facts of one stream, as its consumer does.
    pub(super) async fn tell(&self, facts: &[Envelope]) {
        let Some(first) = facts.first() else { return };
        let stream = first.kind.split('.').next().unwrap();
        let listener = self
            .listeners
            .iter()
            .find(|listener| listener.stream() == stream)
            .unwrap();
        let tx = self.db.begin().await.unwrap();
        listener.apply(&tx, facts).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Moves on whatever is due.
    pub(super) async fn run(&mut self) {
        while self.runner.tick().await.unwrap() > 0 {}
    }

    /// Turns the clock, and nobody works.
    pub(super) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Turns the clock and moves on whatever has become due.
    pub(super) async fn turn(&mut self, seconds: i64) {
        self.clock.advance(Duration::from_secs(u64::try_from(seconds).unwrap()));
        self.run().await;
    }

    /// A member's runs, the newest first.
    pub(super) async fn runs_of(&self, member: MemberId) -> Vec<JourneyRun> {
        let request = ListMemberJourneyRunsRequest {
            member_id: member.to_string(),
            ..ListMemberJourneyRunsRequest::default()
        };
        self.runs()
            .list_member_journey_runs(request)
            .await
            .unwrap()
            .into_inner()
            .runs
    }

    pub(super) async fn run_of(&self, member: MemberId) -> JourneyRun {
        let mut runs = self.runs_of(member).await;
        assert_eq!(runs.len(), 1, "one run");
        runs.pop().unwrap()
    }

    /// The run as it is read by its id.
    pub(super) async fn run_by_id(&self, run: &JourneyRun) -> JourneyRun {
        let request = GetJourneyRunRequest {
            run_id: run.run_id.clone(),
        };
        let answer = self.runs().get_journey_run(request).await.unwrap().into_inner();
        answer.run.unwrap()
    }

    pub(super) async fn steps(&self, run: &JourneyRun) -> Vec<JourneyRunStep> {
        let request = GetJourneyRunRequest {
            run_id: run.run_id.clone(),
        };
        self.runs().get_journey_run(request).await.unwrap().into_inner().steps
    }

    /// The nodes where a member has been, in order, with commas between.
    pub(super) async fn path(&self, member: MemberId) -> String {
        let steps = self.steps(&self.run_of(member).await).await;
        steps
            .into_iter()
            .map(|step| step.node_id)
            .collect::<Vec<_>>()
            .join(", ")
    }

    pub(super) async fn statistics(&self, code: &str) -> GetJourneyStatisticsResponse {
        let request = GetJourneyStatisticsRequest {
            journey_code: code.to_owned(),
            version: 0,
        };
        self.journeys()
            .get_journey_statistics(request)
            .await
            .unwrap()
            .into_inner()
    }

    /// Counts the rows anew and compares them with the figures that were kept.
    pub(super) async fn check_figures(&self, code: &str) {
        const STEPS: &str = "SELECT COUNT(*) FROM step AS s JOIN run AS r ON r.tenant_id = s.tenant_id \
             AND r.run_id = s.run_id WHERE r.tenant_id = $1 AND r.journey_code = $2 AND s.node_id = $3 \
             AND s.failed = $4";
        const RUNS: &str = "SELECT COUNT(*) FROM run WHERE tenant_id = $1 AND journey_code = $2 AND node_id = $3";
        let statistics = self.statistics(code).await;
        for node in &statistics.nodes {
            let about = || vec![self.tenant.uuid().into(), code.into(), node.node_id.clone().into()];
            let steps = |failed: bool| {
                let mut parameters = about();
                parameters.push(failed.into());
                self.count(STEPS.to_owned(), parameters)
            };
            let runs = |states: &str| self.count(format!("{RUNS} AND state IN ({states})"), about());
            assert_eq!(
                node.completed_count,
                steps(false).await,
                "completed at {}",
                node.node_id
            );
            assert_eq!(node.failed_count, steps(true).await, "failed at {}", node.node_id);
            assert_eq!(
                node.waiting_count,
                runs("'waiting'").await,
                "waiting at {}",
                node.node_id
            );
            assert_eq!(
                node.running_count,
                runs("'arrived', 'asking'").await,
                "running at {}",
                node.node_id
            );
            let there = node.running_count + node.waiting_count + node.completed_count + node.failed_count;
            assert_eq!(node.entered_count, there, "entered {}", node.node_id);
        }
        let ended = statistics.active_count + statistics.completed_count + statistics.stopped_count;
        assert_eq!(statistics.started_count, ended);
    }

    async fn count(&self, sql: String, parameters: Vec<sea_orm::Value>) -> i64 {
        let row = self
            .db
            .read()
            .query_one_raw(statement(self.db.read(), &sql, parameters))
            .await
            .unwrap();
        row.unwrap().try_get_by_index(0).unwrap()
    }
}

fn deps(db: &Db, clock: &Clock, peers: &Peers) -> Deps {
    Deps {
        clock: clock.clone(),
        db: db.clone(),
        peers: peers.clone(),
        facts: Arc::new(runtime::NoFacts),
        red: Red::default(),
    }
}

fn runner(deps: &Deps) -> Runner {
    let asker = Asker::new(deps.peers.clone());
    Runner::new(deps, Versions::default(), asker)
}

fn stack(signer: &Signer) -> Stack {
    Stack {
        signer: signer.clone(),
        red: Red::default(),
        concurrency_max: 4_096,
    }
}
