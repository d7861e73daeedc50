//! `quanyu up` is killed while a journey's step is under way: started again, it takes the step up at once, for it is the only
//! one there.

use contracts_campaign::v1::node::Kind as NodeKind;
use contracts_campaign::v1::*;
use sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};
use tests::brand::{THANKS, TMALL};
use tests::{Api, brand, eventually, story, until};

use crate::process::{Process, quanyu};
use crate::server::Server;

/// The database of a service, past the process that works with it.
async fn open(server: &Server, service: &str) -> DatabaseConnection {
    let url = match &server.url {
        Some(url) => format!("{url}?options=-c%20search_path%3D{service}"),
        None => format!("sqlite:{}", data(server).join(format!("{service}.db")).display()),
    };
    Database::connect(url).await.unwrap()
}

fn data(server: &Server) -> std::path::PathBuf {
    server.folder.path().join("data")
}

fn up(server: &Server) -> Process {
    let mut command = quanyu();
    command
        .args(["up", "--listen", "127.0.0.1:0", "--folder"])
        .arg(data(server));
    if let Some(url) = &server.url {
        command.env("QUANYU_DATABASE_URL", url);
        command.env("QUANYU_DATABASE_CONNECTIONS_MAX", "16");
    }
    Process::start(command)
}

/// Keeps rights from issuing anything: a service that asks it to gets no answer for seconds.
async fn hold_up(rights: &DatabaseConnection) -> DatabaseTransaction {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        isolation_level: None,
        access_mode: None,
    };
    let hold = rights.begin_with_options(options).await.unwrap();
    if hold.get_database_backend() == DbBackend::Postgres {
        hold.execute_unprepared("LOCK TABLE coupon IN ACCESS EXCLUSIVE MODE")
            .await
            .unwrap();
    }
    hold
}

/// A journey that welcomes who registers with a coupon.
async fn open_journey(api: &Api) {
    let node = |(id, kind): (&str, NodeKind)| Node {
        node_id: id.to_owned(),
        display_name: String::new(),
        kind: Some(kind),
    };
    let issue = IssueCouponNode {
        template_code: THANKS.to_owned(),
        next_node_id: "end".to_owned(),
        refused_node_id: String::new(),
    };
    let exit = ExitNode {
        outcome_code: "welcomed".to_owned(),
    };
    let nodes = [("coupon", NodeKind::IssueCoupon(issue)), ("end", NodeKind::Exit(exit))];
    let definition = JourneyDefinition {
        trigger: Some(FactPattern {
            fact_type: "identity.member_registered".to_owned(),
            code: String::new(),
            condition: String::new(),
        }),
        reentry_rule: ReentryRule::Once.into(),
        first_node_id: "coupon".to_owned(),
        nodes: nodes.map(node).to_vec(),
    };
    let create = CreateJourneyRequest {
        request_id: "welcome".to_owned(),
        journey: Some(Journey {
            code: "welcome".to_owned(),
            display_name: "Welcome".to_owned(),
            definition: Some(definition),
            ..Journey::default()
        }),
    };
    api.journeys().create_journey(create).await.unwrap();
    let publish = PublishJourneyRequest {
        request_id: "welcome-publish".to_owned(),
        journey_code: "welcome".to_owned(),
        etag: String::new(),
    };
    api.journeys().publish_journey(publish).await.unwrap();
}

async fn leases(campaign: &DatabaseConnection) -> i64 {
    let sql = "SELECT COUNT(*) FROM run WHERE lease_id IS NOT NULL";
    let count = Statement::from_string(campaign.get_database_backend(), sql);
    let row = campaign.query_one_raw(count).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_under_way_when_the_only_process_is_killed_is_taken_up_when_it_is_back() {
    let server = Server::new().await;
    let mut process = up(&server);
    let key = process.first_key();
    let api = Api::new(&process.address, &key);
    brand::found(&api).await.unwrap();
    open_journey(&api).await;
    let (campaign, rights) = (open(&server, "campaign").await, open(&server, "rights").await);
    let hold = hold_up(&rights).await;
    let member = story::arrive(&api, TMALL, "tb-1", None).await.unwrap();
    eventually("the coupon is asked for", async || {
        (leases(&campaign).await > 0).then_some(())
    })
    .await;
    process.kill();
    hold.rollback().await.unwrap();
    rights.close().await.unwrap();

    // Far sooner than a lease ends by its time.
    let mut process = up(&server);
    let api = Api::new(&process.address, &key);
    until("the coupon", 1, async || story::coupons(&api, &member).await.len()).await;
    until("the end of the journey", 0, async || leases(&campaign).await).await;
    let runs = story::journeys(&api, &member).await;
    assert_eq!(runs, [("welcome".to_owned(), "welcomed".to_owned())]);
    campaign.close().await.unwrap();
    drop(api);
    process.signal("TERM");
    assert!(process.ended().await.success());
    server.remove().await;
}
