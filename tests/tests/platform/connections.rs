//! Connections to PostgreSQL: the setting is the process's total, and the smallest one is enough for any load.

use futures::future::join_all;
use sea_orm::ConnectionTrait;
use tests::brand::{GROWTH, POINTS, TMALL};
use tests::story::{self, Order};
use tests::until;

use crate::host::Host;

/// Many more than there are connections for all services together.
const CALLERS: usize = 64;

/// Every caller goes through identity, tagging and points, and the facts, the workers and the journey's calls to rights run
/// beside them. Were a connection held while another one is waited for, this would come to no end.
#[tokio::test(flavor = "multi_thread")]
async fn the_fewest_connections_carry_any_number_of_callers_and_are_never_exceeded() {
    let host = Host::with_brand().await;
    let (api, now) = (&host.api, host.now());
    let callers = (0..CALLERS).map(async |number| {
        let id = format!("tb-{number}");
        let member = story::arrive(api, TMALL, &id, None).await.unwrap();
        let order = Order {
            channel: TMALL,
            external_id: &id,
            number: &format!("order-{number}"),
            time: now,
            yuan: 250,
        };
        order.pay(api).await.unwrap();
        story::earn(api, &format!("gift-{number}"), &member, 10).await.unwrap();
        story::redeem(api, &format!("spend-{number}"), &member, 10)
            .await
            .unwrap();
        story::balance(api, &member, POINTS).await;
        most_open(&host).await;
        member
    });
    let members = join_all(callers).await;
    host.settle().await;
    for member in &members {
        until("points by rule", 250, async || {
            story::balance(api, member, POINTS).await
        })
        .await;
        until("growth by rule", 250, async || {
            story::balance(api, member, GROWTH).await
        })
        .await;
    }
    most_open(&host).await;
    host.stop().await;
}

/// How often the server is asked again: it lists a session for a moment after it was closed.
const LOOKS: usize = 5;

/// Sees that no more connections to the platform's database are open than it may have.
async fn most_open(host: &Host) {
    let Some(max) = host.place.config.database_connections_max else {
        return;
    };
    let db = host.platform.databases()["points"].clone();
    let sql =
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'";
    let mut open = Vec::new();
    for _ in 0..LOOKS {
        let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, sql);
        let row = db.read().query_one_raw(statement).await.unwrap();
        open.push(row.unwrap().try_get_by_index::<i64>(0).unwrap());
        if open.last() <= Some(&i64::from(max)) {
            return;
        }
        kernel::pause(std::time::Duration::from_millis(200)).await;
    }
    panic!("{open:?} of {max}");
}

#[tokio::test]
async fn too_few_and_too_many_connections_are_refused_with_their_numbers() {
    let place = crate::place::Place::new();
    if place.config.database_url.is_none() {
        return;
    }
    let start = async |max: u32| {
        let mut config = place.config.clone();
        config.database_connections_max = Some(max);
        let clock = kernel::Clock::manual(crate::host::START);
        let started = quanyu::platform::Platform::start(&config, clock, telemetry::Red::default()).await;
        started.err().unwrap().to_string()
    };
    let few = start(14).await;
    assert!(
        few.contains("at least 15") && few.contains("points 2") && few.contains("campaign 3"),
        "{few}"
    );
    let many = start(100_000).await;
    for what in [
        "is 100000",
        "the server admits",
        "max_connections",
        "reserves",
        "lower it",
    ] {
        assert!(many.contains(what), "{what}: {many}");
    }
}
