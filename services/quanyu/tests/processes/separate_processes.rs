//! Every role in a process of its own, with static addresses: the same story, told through the gateway.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use contracts_points::v1::EarnPointsRequest;
use contracts_tagging::v1::StreamActivitiesRequest;
use kernel::Clock;
use quanyu::roles::ROLES;
use serde_json::json;
use tests::brand::{POINTS, TMALL};
use tests::story::{self, Order};
use tests::{Api, Rest, brand, eventually, until};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::process::{Process, free_address, quanyu};
use crate::server::Server;

pub(crate) const SIGNING_KEY: &str = "a key that the processes of this test share";

/// Gives the command of a role settings of its own.
type Set = Box<dyn Fn(&str, &mut Command) + Send>;

/// One process for each role.
pub(crate) struct Roles {
    running: BTreeMap<&'static str, Process>,
    addresses: BTreeMap<&'static str, String>,
    folder: PathBuf,
    url: Option<String>,
    beside: Beside,
    set: Set,
}

/// What processes work with besides.
#[derive(Default)]
pub(crate) struct Beside {
    /// Where etcd is, through which they find each other.
    pub(crate) etcd: Option<String>,
    /// Where NATS is, over which their facts go.
    pub(crate) nats: Option<String>,
}

impl Roles {
    fn start(server: &Server) -> Self {
        Self::start_by(server, Beside::default())
    }

    /// The same, with what is named.
    pub(crate) fn start_by(server: &Server, beside: Beside) -> Self {
        Self::start_with(server, beside, |_, _| {})
    }

    /// The same, each with settings of its own besides.
    pub(crate) fn start_with(
        server: &Server,
        beside: Beside,
        set: impl Fn(&str, &mut Command) + Send + 'static,
    ) -> Self {
        let mut roles = Self {
            beside,
            set: Box::new(set),
            running: BTreeMap::new(),
            addresses: ROLES.iter().map(|role| (role.name, free_address())).collect(),
            folder: server.folder.path().to_path_buf(),
            url: server.url.clone(),
        };
        for role in &ROLES {
            roles.start_one(role.name);
        }
        roles
    }

    fn start_one(&mut self, name: &'static str) {
        let mut command = quanyu();
        command.args(["serve", name, "--listen", &self.addresses[name]]);
        command.arg("--folder").arg(&self.folder);
        command
            .env("QUANYU_SIGNING_KEY", SIGNING_KEY)
            .env("QUANYU_DATABASE_CONNECTIONS_MAX", "4");
        (self.set)(name, &mut command);
        if let Some(url) = &self.url {
            command.env("QUANYU_DATABASE_URL", url);
        }
        if let Some(nats) = &self.beside.nats {
            command.env("QUANYU_FACTS", "jetstream").env("QUANYU_NATS__URLS", nats);
        }
        if let Some(etcd) = &self.beside.etcd {
            command
                .env("QUANYU_DISCOVERY", "etcd")
                .env("QUANYU_ETCD__ENDPOINTS", etcd);
            self.running.insert(name, Process::start(command));
            return;
        }
        for (peer, address) in self.addresses.iter().filter(|(peer, _)| **peer != "gateway") {
            command.env(
                format!("QUANYU_PEERS__{}", peer.to_uppercase()),
                format!("http://{address}"),
            );
        }
        self.running.insert(name, Process::start(command));
    }

    /// Where a role serves.
    pub(crate) fn address(&self, name: &str) -> &str {
        &self.addresses[name]
    }

    pub(crate) fn gateway(&self) -> &Process {
        &self.running["gateway"]
    }

    /// Stops the gateway first, as an operator would, and sees every process end well.
    pub(crate) async fn stop(mut self) {
        let mut names: Vec<&str> = self.running.keys().copied().collect();
        names.sort_by_key(|name| *name != "gateway");
        for name in names {
            let process = self.running.get_mut(name).unwrap();
            process.signal("TERM");
            let status = process.ended().await;
            assert!(status.success(), "{name} ended with {status}");
        }
    }
}

/// Of a paid order, and what becomes of it in every service.
pub(crate) async fn tell_story(roles: &Roles) -> Api {
    let api = Api::new(&roles.gateway().address, &roles.gateway().first_key());
    story::order_to_coupon(&api).await;
    api
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_becomes_a_coupon_across_six_processes() {
    let server = Server::new().await;
    let roles = Roles::start(&server);
    tell_story(&roles).await;

    roles.stop().await;
    server.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_away_is_told_as_unavailable_and_catches_up_when_it_is_back() {
    let server = Server::new().await;
    let mut roles = Roles::start(&server);
    let api = Api::new(&roles.gateway().address, &roles.gateway().first_key());
    brand::found(&api).await.unwrap();
    let member = story::arrive(&api, TMALL, "tb-1", None).await.unwrap();

    drop(roles.running.remove("points").unwrap());
    let rest = Rest::new(&roles.gateway().address, None);
    assert_eq!(rest.get("/healthz").await.status, 200, "the gateway lives");
    let refusal = story::earn(&api, "gift", &member, 1).await.unwrap_err();
    assert_eq!(refusal.code(), tonic::Code::Unavailable);
    let told = refusal.message();
    assert!(
        told.starts_with("the service points cannot be reached: repeat later"),
        "{told}"
    );
    let seen = format!("{told} {}", String::from_utf8_lossy(refusal.details()));
    assert!(
        !seen.contains("http") && !seen.contains("127.0.0.1") && !seen.contains("refused"),
        "{seen}"
    );
    assert!(tonic_types::StatusExt::get_details_retry_info(&refusal).is_some());
    let over_rest = rest.get("/v1/members/mbr_1/balances").await;
    assert!(!over_rest.text.contains("127.0.0.1"), "{}", over_rest.text);
    let ready = rest.get("/readyz").await;
    assert_eq!(
        (ready.status.as_u16(), ready.json()),
        (
            200,
            json!({"status": "DEGRADED", "findings": [{"of": "peer points", "reason": "UNAVAILABLE"}]})
        ),
        "one peer that is away takes no gateway out"
    );
    let order = Order {
        channel: TMALL,
        external_id: "tb-1",
        number: "order-1",
        time: Clock::system().now(),
        yuan: 250,
    };
    order.pay(&api).await.unwrap();

    roles.start_one("points");
    let caught_up = async || match story::earn(&api, "gift", &member, 1).await {
        Ok(_) => story::balance(&api, &member, POINTS).await,
        Err(status) => {
            assert_eq!(status.code(), tonic::Code::Unavailable);
            0
        }
    };
    until("the order's points and the repeated gift", 251, caught_up).await;
    roles.stop().await;
    server.remove().await;
}

/// Callers who wait five seconds see nothing of a peer that is stopped, or killed, and started again.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_points_under_load_is_seen_by_nobody() {
    const CALLERS: usize = 4;
    let server = Server::new().await;
    let mut roles = Roles::start(&server);
    let api = Api::new(&roles.gateway().address, &roles.gateway().first_key());
    brand::found(&api).await.unwrap();
    let member = story::arrive(&api, TMALL, "tb-1", None).await.unwrap();

    let is_over = Arc::new(AtomicBool::new(false));
    let callers = (0..CALLERS).map(|caller| {
        let (api, member, is_over) = (api.clone(), member.clone(), is_over.clone());
        tokio::spawn(async move {
            let mut earned: i64 = 0;
            while !is_over.load(Ordering::Acquire) {
                let mut request = tonic::Request::new(EarnPointsRequest {
                    request_id: format!("{caller}-{earned}"),
                    member_id: member.clone(),
                    asset_code: POINTS.to_owned(),
                    amount: 1,
                    ..EarnPointsRequest::default()
                });
                request.set_timeout(Duration::from_secs(5));
                api.points().earn_points(request).await?;
                earned += 1;
            }
            Ok::<i64, tonic::Status>(earned)
        })
    });
    let callers: Vec<_> = callers.collect();
    let grows = async || story::balance(&api, &member, POINTS).await;
    for is_killed in [false, true] {
        let before = grows().await;
        eventually("they earn", async || (grows().await > before + 10).then_some(())).await;
        let mut points = roles.running.remove("points").unwrap();
        if is_killed {
            points.kill();
        } else {
            points.signal("TERM");
            assert!(points.ended().await.success());
        }
        roles.start_one("points");
    }
    let before = grows().await;
    eventually("they go on", async || (grows().await > before + 10).then_some(())).await;
    is_over.store(true, Ordering::Release);
    let mut earned = 0;
    for caller in callers {
        earned += caller.await.unwrap().expect("no caller meets an error");
    }
    assert_eq!(grows().await, earned, "each took effect once");
    roles.stop().await;
    server.remove().await;
}

/// Asked to end, a process takes nothing new and finishes what is under way; "INT" is what Ctrl-C sends.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_under_way_is_finished_before_the_process_ends() {
    for signal in ["TERM", "INT"] {
        let server = Server::new().await;
        let mut command = quanyu();
        command
            .args(["up", "--listen", "127.0.0.1:0", "--folder"])
            .arg(server.folder.path().join("data"));
        let mut up = Process::start(command);
        let api = Api::new(&up.address, &up.first_key());
        brand::found(&api).await.unwrap();
        story::arrive(&api, TMALL, "tb-1", None).await.unwrap();

        let (send, sent) = mpsc::channel(1);
        let mut answers = api
            .activities()
            .stream_activities(ReceiverStream::new(sent))
            .await
            .unwrap()
            .into_inner();
        let request = |number: &'static str| {
            let order = Order {
                channel: TMALL,
                external_id: "tb-1",
                number,
                time: Clock::system().now(),
                yuan: 10,
            };
            StreamActivitiesRequest {
                unreadable_items: Vec::new(),
                request_id: number.to_owned(),
                activity: Some(order.activity()),
            }
        };
        send.send(request("before")).await.unwrap();
        assert_eq!(answers.message().await.unwrap().unwrap().request_id, "before");
        up.signal(signal);
        send.send(request("after")).await.unwrap();
        assert_eq!(
            answers.message().await.unwrap().unwrap().request_id,
            "after",
            "SIG{signal}"
        );
        drop(send);
        assert!(answers.message().await.unwrap().is_none());
        drop((answers, api));
        let status = up.ended().await;
        assert!(status.success(), "after SIG{signal} it ended with {status}");
        server.remove().await;
    }
}
