use contracts_identity::v1::MemberRegistered;
use contracts_tagging::v1::activity_service_client::ActivityServiceClient;
use contracts_tagging::v1::*;
use futures::future::join_all;
use kernel::Time;
use sea_orm::ConnectionTrait;
use store::Db;
use testkit::Fleet;

use crate::world::{member, profile};

/// Two replicas on one database: what each counts adds up to the rows.
#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_record_for_the_same_members() {
    const CALLS: u32 = 60;
    const MEMBERS: u32 = 4;
    let fleet = Fleet::new(tagging::NAME, tagging::migrations, tagging::service).await;
    if store::is_serial(fleet.db().backend()) {
        return; // A file of SQLite is one process's.
    }
    let now = fleet.clock.now();
    for number in 0..MEMBERS {
        let fact = MemberRegistered {
            member_id: member(number),
            channel_code: "tmall".into(),
            register_time: Some(now.to_wire()),
            profile: Some(profile("Wuxi")),
        };
        fleet.publish("identity", &fact, &member(number));
    }
    let replicas = [fleet.start().await, fleet.start().await];
    replicas[0].settle().await.unwrap();
    let mut calls = Vec::new();
    for n in 0..CALLS {
        for replica in &replicas {
            let link = replica.link();
            // Every fourth activity comes to both.
            let name = if n % 4 == 0 { "both" } else { "own" };
            let of = if n % 4 == 0 { 0 } else { calls.len() };
            let activities = vec![bought(n % MEMBERS, &format!("{name}-{n}-{of}"), now)];
            let request = RecordActivitiesRequest {
                request_id: format!("r{}", calls.len()),
                activities,
                ..RecordActivitiesRequest::default()
            };
            calls.push(async move {
                let channel = link.channel();
                let call = async move { ActivityServiceClient::new(channel).record_activities(request).await };
                link.run(call).await.unwrap().unwrap().into_inner()
            });
        }
    }
    let answers = join_all(calls).await;
    let recorded: i32 = answers.iter().map(|answer| answer.recorded_count).sum();
    let expected = i64::from(CALLS) * 2 - i64::from(CALLS / 4);
    assert_eq!(i64::from(recorded), expected);
    let db = fleet.db();
    assert_eq!(number(&db, "SELECT COUNT(*) FROM activity").await, expected);
    let (totals, stripes) = (
        "SELECT CAST(SUM(activity_count) AS BIGINT) FROM striped_channel_total",
        "SELECT COUNT(DISTINCT stripe) FROM striped_channel_total",
    );
    assert_eq!(number(&db, totals).await, expected);
    assert!(number(&db, stripes).await > 1);
    let channels = "SELECT CAST(SUM(members) AS BIGINT) FROM striped_tally WHERE kind = 'channels'";
    assert_eq!(number(&db, channels).await, i64::from(MEMBERS));
}

fn bought(number: u32, source_id: &str, now: Time) -> Activity {
    Activity {
        member_id: member(number),
        channel_code: "tmall".into(),
        source_id: source_id.into(),
        activity_type: "order_paid".into(),
        occur_time: Some(now.to_wire()),
        ..Activity::default()
    }
}

async fn number(db: &Db, sql: &str) -> i64 {
    let conn = db.read();
    let row = conn.query_one_raw(store::statement(conn, sql, [])).await.unwrap();
    row.unwrap().try_get_by_index(0).unwrap()
}
