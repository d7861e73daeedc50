//! Processes that find each other through a real etcd, and leave it again: stopped, or killed under load.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use contracts_points::v1::asset_service_client::AssetServiceClient;
use contracts_points::v1::points_service_client::PointsServiceClient;
use contracts_points::v1::{Asset, AssetKind, CreateAssetRequest, EarnPointsRequest, GetBalanceRequest};
use futures::future::join_all;
use http::HeaderValue;
use kernel::{Clock, Id, Principal, Tenant};
use mesh::{Discovery, Etcd, EtcdConfig};
use rpc::{Channel, Signer};
use testkit::EtcdNodes;
use tests::until;
use tonic::{Request, Status};

use crate::process::{Process, quanyu};
use crate::separate_processes::{Beside, Roles, tell_story};
use crate::server::Server;
use crate::two_replicas::{Member, SIGNING_KEY, serve_points};

/// Callers at once.
const CALLERS: usize = 8;
/// How many calls are made before something happens, and after it.
const CALLS: usize = 200;
/// How long a caller of what may be killed waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// A replica of the ledger that registers in etcd.
fn replica(url: &str, nodes: &EtcdNodes, folder: &Path) -> Command {
    let mut command = serve_points(url);
    command
        .arg("--folder")
        .arg(folder)
        .env("QUANYU_DISCOVERY", "etcd")
        .env("QUANYU_ETCD__ENDPOINTS", nodes.endpoints().join(","))
        .env("QUANYU_ETCD__LEASE_SECONDS", "2")
        .env("QUANYU_ETCD__NOTICE_SECONDS", "5");
    command
}

/// What a caller knows of etcd.
fn caller(nodes: &EtcdNodes, folder: &Path) -> Etcd {
    Etcd::start(EtcdConfig {
        endpoints: nodes.endpoints(),
        user: None,
        tls: None,
        prefix: "/quanyu/main".to_owned(),
        zone: None,
        lease: Duration::from_secs(2),
        file: folder.join("caller.replicas.json"),
    })
}

async fn until_known(etcd: &Etcd, count: usize) {
    until("how many replicas are known", Some(count), async || {
        etcd.standing().replicas.get("points").copied()
    })
    .await;
}

fn earn(request_id: String, member_id: &str) -> EarnPointsRequest {
    EarnPointsRequest {
        reference: request_id.clone(),
        request_id,
        member_id: member_id.to_owned(),
        asset_code: "points".to_owned(),
        amount: 1,
        expire_time: None,
        cost_centre: String::new(),
        available_time: None,
        awaits_confirmation: false,
    }
}

/// Callers that go on until they are told to stop.
struct Load {
    calls: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    callers: Vec<tokio::task::JoinHandle<Vec<Status>>>,
}

impl Load {
    /// Without patience a call is tried once at each replica, and that is all.
    fn begin(channel: &Channel, member: &str, patience: Option<Duration>) -> Self {
        let (calls, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let caller = |caller: usize| {
            let (channel, member) = (channel.clone(), member.to_owned());
            let (calls, is_over) = (calls.clone(), is_over.clone());
            tokio::spawn(async move {
                let (mut points, mut failures) = (PointsServiceClient::new(channel), Vec::new());
                for number in 0_u64.. {
                    if is_over.load(Ordering::SeqCst) {
                        break;
                    }
                    let mut request = Request::new(earn(format!("{member}-{caller}-{number}"), &member));
                    if let Some(patience) = patience {
                        request.set_timeout(patience);
                    }
                    match points.earn_points(request).await {
                        Ok(_) => drop(calls.fetch_add(1, Ordering::SeqCst)),
                        Err(status) => failures.push(status),
                    }
                }
                failures
            })
        };
        let callers = (0..CALLERS).map(caller).collect();
        Self {
            calls,
            is_over,
            callers,
        }
    }

    async fn goes_on(&self) {
        let before = self.calls.load(Ordering::SeqCst);
        until("calls are answered", true, async || {
            self.calls.load(Ordering::SeqCst) >= before + CALLS
        })
        .await;
    }

    /// How many were answered; none may have failed.
    async fn end(self) -> i64 {
        self.is_over.store(true, Ordering::SeqCst);
        let failures: Vec<Status> = join_all(self.callers)
            .await
            .into_iter()
            .flat_map(Result::unwrap)
            .collect();
        assert!(
            failures.is_empty(),
            "{} calls failed: {:?}",
            failures.len(),
            failures.first()
        );
        i64::try_from(self.calls.load(Ordering::SeqCst)).unwrap()
    }
}

fn principal() -> HeaderValue {
    let principal = Principal::service("test", Tenant::from_uuid(Clock::system().uuid()));
    Signer::new(SIGNING_KEY.as_bytes()).sign(&principal).unwrap()
}

async fn create_asset(channel: &Channel) {
    let create = CreateAssetRequest {
        request_id: "asset".to_owned(),
        code: "points".to_owned(),
        asset: Some(Asset {
            kind: AssetKind::Points.into(),
            ..Asset::default()
        }),
    };
    let mut assets = AssetServiceClient::new(channel.clone());
    assets.create_asset(create).await.unwrap();
}

async fn balance(channel: &Channel, member: &str) -> i64 {
    let request = GetBalanceRequest {
        member_id: member.to_owned(),
        asset_code: "points".to_owned(),
        expiring_within_days: 0,
    };
    let answer = PointsServiceClient::new(channel.clone()).get_balance(request).await;
    answer.unwrap().into_inner().balance.unwrap().available
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL and etcd: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn no_call_fails_while_one_replica_stops_and_none_with_time_while_one_is_killed() {
    let (server, nodes) = (Server::new().await, EtcdNodes::start(1).await);
    let url = server.url.clone().expect("QUANYU_TEST_DATABASE_URL names a server");
    let folder = server.folder.path().to_owned();
    let mut one = Process::start(replica(&url, &nodes, &folder));
    let mut two = Process::start(replica(&url, &nodes, &folder));
    let etcd = caller(&nodes, &folder);
    until_known(&etcd, 2).await;
    let principal = principal();
    let channel = Channel::discovered("points", &contracts_points::CONTRACT, etcd.addresses("points"))
        .with_principal(principal.clone());
    create_asset(&channel).await;
    let member = Id::<Member>::generate(&Clock::system()).to_string();

    let load = Load::begin(&channel, &member, None);
    load.goes_on().await;
    one.signal("TERM");
    until_known(&etcd, 1).await;
    // It has told everybody, and answers those who have not noticed yet.
    let address = format!("http://{}", one.address).parse().unwrap();
    let late = Channel::remote("points", &contracts_points::CONTRACT, &address).with_principal(principal.clone());
    balance(&late, &member).await;
    assert!(one.ended().await.success());
    load.goes_on().await;
    let mut earned = load.end().await;
    assert_eq!(balance(&channel, &member).await, earned);

    one = Process::start(replica(&url, &nodes, &folder));
    until_known(&etcd, 2).await;
    let other = Id::<Member>::generate(&Clock::system()).to_string();
    let load = Load::begin(&channel, &other, Some(PATIENCE));
    load.goes_on().await;
    two.kill();
    load.goes_on().await;
    until_known(&etcd, 1).await;
    load.goes_on().await;
    earned = load.end().await;
    assert_eq!(
        balance(&channel, &other).await,
        earned,
        "none is lost, and none is there twice"
    );
    one.signal("TERM");
    assert!(one.ended().await.success());
    server.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs etcd on the PATH: run the ignored tests too"]
async fn all_processes_find_each_other_and_the_doctor_tells_who_is_there() {
    let (server, nodes) = (Server::new().await, EtcdNodes::start(1).await);
    let endpoints = nodes.endpoints().join(",");
    let roles = Roles::start_by(
        &server,
        Beside {
            etcd: Some(endpoints.clone()),
            ..Beside::default()
        },
    );
    tell_story(&roles).await;
    let doctor = || {
        let mut command = quanyu();
        command.arg("doctor").arg("--folder").arg(server.folder.path());
        command
            .env("QUANYU_DISCOVERY", "etcd")
            .env("QUANYU_ETCD__ENDPOINTS", &endpoints);
        if let Some(url) = &server.url {
            command.env("QUANYU_DATABASE_URL", url);
        }
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let told = doctor();
    for role in ["identity", "points", "rights", "tagging", "campaign", "channels"] {
        let line = told
            .lines()
            .find(|line| line.contains(&format!("{role} 0.1.0 at http://127.0.0.1:")));
        assert!(
            line.is_some_and(|line| line.ends_with("is registered and answers")),
            "{role}: {told}"
        );
    }
    assert!(
        told.contains("etcd answers, 7 are registered below /quanyu/main"),
        "{told}"
    );
    roles.stop().await;
    let told = doctor();
    assert!(told.contains("nobody serves points, as far as etcd knows"), "{told}");
    drop(nodes);
    let told = doctor();
    assert!(told.contains("etcd.endpoints"), "{told}");
    server.remove().await;
}
