//! Two replicas of one role on one database: both answer calls, one works, and the other one takes the work up when that one
//! is killed or loses its lease. Only where there is PostgreSQL: SQLite has one process.

use contracts_points::v1::asset_service_client::AssetServiceClient;
use contracts_points::v1::hold_service_client::HoldServiceClient;
use contracts_points::v1::points_service_client::PointsServiceClient;
use contracts_points::v1::{
    Asset, AssetKind, CreateAssetRequest, EarnPointsRequest, GetBalanceRequest, HoldPointsRequest,
};
use kernel::{Clock, Id, Principal, Tenant};
use rpc::{Channel, Signer};
use tests::{Rest, until};

use crate::process::{Process, free_address};
use crate::server::Server;
use crate::two_replicas::{Member, SIGNING_KEY, serve_points};

/// A replica, with what it says to operators.
struct Replica {
    process: Process,
    operators: Rest,
    channel: Channel,
}

impl Replica {
    fn start(url: &str, tenant: Tenant) -> Self {
        let (mut command, admin) = (serve_points(url), free_address());
        command.args(["--admin-listen", &admin]);
        let process = Process::start(command);
        let signer = Signer::new(SIGNING_KEY.as_bytes());
        let principal = signer.sign(&Principal::service("test", tenant)).unwrap();
        let address = format!("http://{}", process.address).parse().unwrap();
        Self {
            channel: Channel::remote("points", &contracts_points::CONTRACT, &address).with_principal(principal),
            operators: Rest::new(&admin, None),
            process,
        }
    }

    async fn leads(&self) -> bool {
        let text = self.operators.get("/metrics").await.text;
        text.lines().any(|line| line == "workers_leading{service=\"points\"} 1")
    }

    async fn available(&self, member_id: &str) -> i64 {
        let request = GetBalanceRequest {
            member_id: member_id.to_owned(),
            asset_code: "points".to_owned(),
            ..GetBalanceRequest::default()
        };
        let answer = PointsServiceClient::new(self.channel.clone())
            .get_balance(request)
            .await;
        answer.unwrap().into_inner().balance.unwrap().available
    }

    /// Holds all that a member has for a second, and sees a worker give it back.
    async fn hold(&self, name: &str, member_id: &str) {
        let request = HoldPointsRequest {
            request_id: name.to_owned(),
            member_id: member_id.to_owned(),
            asset_code: "points".to_owned(),
            amount: 100,
            ttl_seconds: 1,
            ..HoldPointsRequest::default()
        };
        HoldServiceClient::new(self.channel.clone())
            .hold_points(request)
            .await
            .unwrap();
        until("the hold is given back", 100, async || self.available(member_id).await).await;
    }
}

/// The one that works, and the other one, which does not.
async fn in_order(one: Replica, other: Replica) -> (Replica, Replica) {
    until("one of them works", 1, async || {
        usize::from(one.leads().await) + usize::from(other.leads().await)
    })
    .await;
    match one.leads().await {
        true => (one, other),
        false => (other, one),
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn every_replica_answers_one_works_and_another_one_takes_the_work_up() {
    let server = Server::new().await;
    let url = server.url.as_deref().expect("QUANYU_TEST_DATABASE_URL names a server");
    let clock = Clock::system();
    let tenant = Tenant::from_uuid(clock.uuid());
    let (leader, follower) = in_order(Replica::start(url, tenant), Replica::start(url, tenant)).await;

    let create = CreateAssetRequest {
        request_id: "asset".to_owned(),
        code: "points".to_owned(),
        asset: Some(Asset {
            kind: AssetKind::Points.into(),
            ..Asset::default()
        }),
    };
    AssetServiceClient::new(follower.channel.clone())
        .create_asset(create)
        .await
        .unwrap();
    let member_id = Id::<Member>::generate(&clock).to_string();
    let earn = EarnPointsRequest {
        request_id: "earn".to_owned(),
        member_id: member_id.clone(),
        asset_code: "points".to_owned(),
        amount: 100,
        ..EarnPointsRequest::default()
    };
    PointsServiceClient::new(follower.channel.clone())
        .earn_points(earn)
        .await
        .unwrap();
    assert_eq!(leader.available(&member_id).await, 100, "both answer");
    // What one that does not work is asked for, the other one does when it is due.
    follower.hold("first", &member_id).await;
    assert!(leader.leads().await && !follower.leads().await);

    // The lease is lost: the replica that had it stops, and one of the two has the next one.
    assert_eq!(server.execute("points", "DELETE FROM lease").await, 1);
    let (mut leader, follower) = in_order(leader, follower).await;
    follower.hold("second", &member_id).await;

    leader.process.kill();
    until("the other one works", true, async || follower.leads().await).await;
    follower.hold("third", &member_id).await;

    let third = Replica::start(url, tenant);
    assert_eq!(third.available(&member_id).await, 100, "it answers before it works");
    let mut follower = follower;
    follower.process.signal("TERM");
    assert!(follower.process.ended().await.success());
    until("the third one works", true, async || third.leads().await).await;
    third.hold("fourth", &member_id).await;
    let mut third = third;
    third.process.signal("TERM");
    assert!(third.process.ended().await.success());
    server.remove().await;
}
