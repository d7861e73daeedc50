//! Two processes of one role on one database. Only where there is PostgreSQL: SQLite has one process.

use std::process::Command;

use contracts_points::v1::asset_service_client::AssetServiceClient;
use contracts_points::v1::ledger_service_client::LedgerServiceClient;
use contracts_points::v1::points_service_client::PointsServiceClient;
use contracts_points::v1::{
    Asset, AssetKind, CreateAssetRequest, EarnPointsRequest, GetBalanceRequest, ListEntriesRequest,
    ReconcileAccountsRequest, RedeemPointsRequest,
};
use futures::future::join_all;
use kernel::{Clock, Id, Kind, Principal, Tenant};
use rpc::{Channel, Signer};
use tests::reason;

use crate::process::{Process, free_address, quanyu};
use crate::server::Server;

pub(crate) const SIGNING_KEY: &str = "a key that the processes of this test share";

pub(crate) enum Member {}

impl Kind for Member {
    const PREFIX: &'static str = "mbr";
    const NOUN: &'static str = "member";
}

/// A process of the ledger alone, on a database.
pub(crate) fn serve_points(url: &str) -> Command {
    let mut command = quanyu();
    command.args(["serve", "points", "--listen", "127.0.0.1:0"]);
    command
        .env("QUANYU_SIGNING_KEY", SIGNING_KEY)
        .env("QUANYU_DATABASE_URL", url);
    for peer in ["IDENTITY", "RIGHTS", "TAGGING"] {
        // They are not there: the ledger needs none of them to post.
        command.env(format!("QUANYU_PEERS__{peer}"), format!("http://{}", free_address()));
    }
    command
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn two_replicas_never_overdraw_one_account() {
    let server = Server::new().await;
    let url = server.url.as_deref().expect("QUANYU_TEST_DATABASE_URL names a server");
    let mut replicas = [serve_points(url), serve_points(url)].map(Process::start);
    let signer = Signer::new(SIGNING_KEY.as_bytes());
    let clock = Clock::system();
    let principal = signer
        .sign(&Principal::service("test", Tenant::from_uuid(clock.uuid())))
        .unwrap();
    let channels = [0, 1].map(|at: usize| {
        let address = format!("http://{}", replicas[at].address).parse().unwrap();
        Channel::remote("points", &contracts_points::CONTRACT, &address).with_principal(principal.clone())
    });
    let create = CreateAssetRequest {
        request_id: "asset".to_owned(),
        code: "points".to_owned(),
        asset: Some(Asset {
            kind: AssetKind::Points.into(),
            ..Asset::default()
        }),
    };
    AssetServiceClient::new(channels[0].clone())
        .create_asset(create)
        .await
        .unwrap();
    let member_id = Id::<Member>::generate(&clock).to_string();
    let earn = EarnPointsRequest {
        request_id: "earn".to_owned(),
        member_id: member_id.clone(),
        asset_code: "points".to_owned(),
        amount: 1_000,
        expire_time: None,
        reference: String::new(),
        cost_centre: String::new(),
        available_time: None,
        awaits_confirmation: false,
    };
    PointsServiceClient::new(channels[0].clone())
        .earn_points(earn)
        .await
        .unwrap();

    // Every spend is sent to both: the second one replays the answer of the first.
    let spends = (0..100).map(|number| {
        let request = RedeemPointsRequest {
            request_id: format!("spend-{}", number / 2),
            member_id: member_id.clone(),
            asset_code: "points".to_owned(),
            amount: 30,
            reference: String::new(),
            cost_centre: String::new(),
        };
        let channel = channels[number % 2].clone();
        async move {
            (
                number / 2,
                PointsServiceClient::new(channel).redeem_points(request).await,
            )
        }
    });
    let mut entries = std::collections::BTreeMap::new();
    for (spend, outcome) in join_all(spends).await {
        match outcome {
            Ok(answer) => {
                let entry = answer.into_inner().entry.unwrap();
                let first = entries.entry(spend).or_insert_with(|| entry.clone());
                assert_eq!(*first, entry, "both replicas give the same answer");
            }
            Err(status) => assert_eq!(reason(&status), "INSUFFICIENT_POINTS"),
        }
    }
    assert_eq!(entries.len(), 33);

    for channel in &channels {
        let request = GetBalanceRequest {
            member_id: member_id.clone(),
            asset_code: "points".to_owned(),
            expiring_within_days: 0,
        };
        let mut points = PointsServiceClient::new(channel.clone());
        let balance = points.get_balance(request).await.unwrap().into_inner().balance.unwrap();
        assert_eq!(balance.available, 10);
        let request = ListEntriesRequest {
            member_id: member_id.clone(),
            asset_code: "points".to_owned(),
            page_size: 500,
            page_token: String::new(),
        };
        let listed = points.list_entries(request).await.unwrap().into_inner().entries;
        let numbers: Vec<i64> = listed.iter().rev().map(|entry| entry.sequence).collect();
        assert_eq!(numbers, (1..=34).collect::<Vec<i64>>(), "numbered without a gap");
        let mut ledger = LedgerServiceClient::new(channel.clone());
        let outcome = ledger
            .reconcile_accounts(ReconcileAccountsRequest::default())
            .await
            .unwrap()
            .into_inner();
        assert_eq!((outcome.checked_count, outcome.disagreements.len()), (1, 0));
    }
    for replica in &mut replicas {
        replica.signal("TERM");
        assert!(replica.ended().await.success());
    }
    server.remove().await;
}
