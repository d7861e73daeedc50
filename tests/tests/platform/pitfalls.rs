//! How systems of this kind fail, where the failure spans the whole platform. What concerns one service is tested there.

use std::collections::BTreeSet;
use std::time::Duration;

use contracts_identity::v1::ListMembersRequest;
use contracts_rights::v1::RedeemCouponRequest;
use contracts_tagging::v1::{RecordActivitiesRequest, StreamActivitiesRequest};
use futures::future::join_all;
use http::StatusCode;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde_json::json;
use tests::brand::{GROWTH, MINI, POINTS, POS, TMALL, yuan};
use tests::story::{self, Order};
use tests::{Api, reason};
use tonic::Code;

use crate::host::Host;

#[tokio::test]
async fn of_many_spends_at_once_exactly_those_succeed_that_the_balance_allows() {
    let host = Host::with_brand().await;
    let member = story::arrive(&host.api, TMALL, "tb-1", None).await.unwrap();
    story::earn(&host.api, "gift", &member, 1_000).await.unwrap();
    let spends = (0..50).map(|number| {
        let (api, member) = (host.api.clone(), member.clone());
        async move { story::redeem(&api, &format!("spend-{number}"), &member, 30).await }
    });
    let outcomes = join_all(spends).await;
    let refusals: Vec<String> = outcomes
        .iter()
        .filter_map(|outcome| outcome.as_ref().err().map(reason))
        .collect();
    assert_eq!(outcomes.len() - refusals.len(), 33);
    assert!(
        refusals.iter().all(|reason| reason == "INSUFFICIENT_POINTS"),
        "{refusals:?}"
    );
    assert_eq!(story::balance(&host.api, &member, POINTS).await, 10);
    let sum: i64 = story::entries(&host.api, &member, POINTS)
        .await
        .iter()
        .map(|entry| entry.amount)
        .sum();
    assert_eq!(sum, 10);
    story::reconcile(&host.api).await;
    host.stop().await;
}

#[tokio::test]
async fn the_same_request_id_days_later_gets_the_first_answer() {
    let host = Host::with_brand().await;
    let member = story::arrive(&host.api, TMALL, "tb-1", None).await.unwrap();
    let first = story::earn(&host.api, "gift", &member, 100).await.unwrap();
    host.platform.clock().advance(Duration::from_hours(24 * 400));
    host.settle().await;
    assert_eq!(story::earn(&host.api, "gift", &member, 100).await.unwrap(), first);
    let refusal = story::earn(&host.api, "gift", &member, 101).await.unwrap_err();
    assert_eq!(
        (refusal.code(), reason(&refusal).as_str()),
        (Code::InvalidArgument, "REQUEST_ID_REUSED")
    );
    let earned = story::entries(&host.api, &member, POINTS)
        .await
        .into_iter()
        .filter(|entry| entry.amount > 0);
    assert_eq!(earned.count(), 1);
    host.stop().await;
}

#[tokio::test]
async fn one_request_id_sent_many_times_at_once_takes_effect_once() {
    let host = Host::with_brand().await;
    let arrivals = (0..20).map(|_| story::arrive(&host.api, TMALL, "tb-1", Some("13800000001")));
    let members: BTreeSet<String> = join_all(arrivals).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(members.len(), 1, "one person, one member");
    let member = members.into_iter().next().unwrap();
    let earns = (0..20).map(|_| story::earn(&host.api, "gift", &member, 100));
    let entries: BTreeSet<String> = join_all(earns)
        .await
        .into_iter()
        .map(|entry| entry.unwrap().entry_id)
        .collect();
    assert_eq!(entries.len(), 1);
    assert_eq!(story::balance(&host.api, &member, POINTS).await, 100);
    let list = ListMembersRequest::default();
    assert_eq!(
        host.api
            .members()
            .list_members(list)
            .await
            .unwrap()
            .into_inner()
            .members
            .len(),
        1
    );
    host.stop().await;
}

#[tokio::test]
async fn one_coupon_on_fifty_orders_is_redeemed_by_one_and_no_price_falls_below_zero() {
    let host = Host::with_brand().await;
    let member = story::arrive(&host.api, TMALL, "tb-1", None).await.unwrap();
    let order = Order {
        channel: TMALL,
        external_id: "tb-1",
        number: "order-1",
        time: host.now(),
        yuan: 250,
    };
    order.pay(&host.api).await.unwrap();
    host.settle().await;
    let coupon_id = story::coupons(&host.api, &member).await.remove(0).coupon_id;
    let redemptions = (0..50).map(|number| {
        let request = RedeemCouponRequest {
            request_id: format!("order-{number}"),
            coupon_id: coupon_id.clone(),
            order_id: format!("order-{number}"),
            // Less than the coupon's 20 yuan.
            order_amount: Some(yuan(5)),
        };
        let api = host.api.clone();
        async move { api.coupons().redeem_coupon(request).await }
    });
    let mut redeemed = Vec::new();
    for outcome in join_all(redemptions).await {
        match outcome {
            Ok(answer) => redeemed.push(answer.into_inner()),
            Err(status) => assert_eq!(reason(&status), "COUPON_REDEEMED"),
        }
    }
    assert_eq!(redeemed.len(), 1);
    assert_eq!(redeemed[0].discount, Some(yuan(5)));
    assert_eq!(redeemed[0].payable_amount, Some(yuan(0)));
    host.stop().await;
}

/// What a member has in the end.
type End = (String, i64, i64, String, Vec<(String, i64)>, usize, usize);

async fn end(api: &Api, member: &str) -> End {
    (
        member.to_owned(),
        story::balance(api, member, POINTS).await,
        story::balance(api, member, GROWTH).await,
        story::tier(api, member).await,
        story::numbers(api, member).await,
        story::coupons(api, member).await.len(),
        story::timeline(api, member).await.len(),
    )
}

/// A platform that was away is told again what it may have missed, out of order and ten times over.
#[tokio::test]
async fn whatever_is_replayed_in_whatever_order_ends_in_the_same_place() {
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let host = Host::with_brand().await;
    let people = [(TMALL, "tb-1"), (MINI, "openid-1"), (POS, "card-1")];
    let orders: Vec<(usize, String, i64)> = (0..12_usize)
        .map(|n| (n % 3, format!("order-{n}"), 20 + i64::try_from(n).unwrap() * 10))
        .collect();
    let time = host.now();
    let mut told: Vec<usize> = (0..people.len() + orders.len()).collect();
    let mut member = String::new();
    for round in 0..3 {
        told.shuffle(&mut dice);
        // A person must be known before an order can be theirs, in the first round.
        if round == 0 {
            told.sort_by_key(|&what| what >= people.len());
        }
        for &what in &told {
            if let Some(&(channel, external_id)) = people.get(what) {
                member = story::arrive(&host.api, channel, external_id, Some("13800000001"))
                    .await
                    .unwrap();
            } else {
                let (who, number, yuan) = &orders[what - people.len()];
                let (channel, external_id) = people[*who];
                let order = Order {
                    channel,
                    external_id,
                    number,
                    time,
                    yuan: *yuan,
                };
                order.pay(&host.api).await.unwrap();
            }
            if dice.random_bool(0.3) {
                host.settle().await;
            }
        }
        host.settle().await;
        let spent: i64 = orders.iter().map(|(_, _, yuan)| yuan).sum();
        let tags = vec![("orders_30d".to_owned(), 12), ("spent".to_owned(), spent * 100)];
        let expected = (member.clone(), spent, spent, "silver".to_owned(), tags, 1, 12);
        assert_eq!(end(&host.api, &member).await, expected, "seed {seed}, round {round}");
    }
    story::reconcile(&host.api).await;
    host.stop().await;
}

#[tokio::test]
async fn points_are_spent_and_earned_while_members_become_one_and_nothing_is_lost() {
    let host = Host::with_brand().await;
    let first = story::arrive(&host.api, TMALL, "tb-1", None).await.unwrap();
    let second = story::arrive(&host.api, POS, "card-1", None).await.unwrap();
    for (id, member) in [("a", &first), ("b", &second)] {
        story::earn(&host.api, id, member, 1_000).await.unwrap();
    }
    let work = (0..40).map(|number| {
        let (api, member) = (
            host.api.clone(),
            if number % 2 == 0 { first.clone() } else { second.clone() },
        );
        async move {
            let earned = story::earn(&api, &format!("earn-{number}"), &member, 10)
                .await
                .unwrap()
                .amount;
            let spent = story::redeem(&api, &format!("spend-{number}"), &member, 15)
                .await
                .unwrap()
                .amount;
            earned + spent
        }
    });
    let (changes, merged) = tokio::join!(join_all(work), story::merge(&host.api, &first, &second));
    let survivor = merged.unwrap();
    host.settle().await;
    let expected = 2_000 + changes.iter().sum::<i64>();
    for id in [&first, &second, &survivor] {
        assert_eq!(story::balance(&host.api, id, POINTS).await, expected);
    }
    story::reconcile(&host.api).await;
    host.stop().await;
}

#[tokio::test]
async fn an_error_tells_who_mends_it_and_nothing_of_the_inside() {
    let host = Host::with_brand().await;
    let rest = host.rest();
    let nobody = "mbr_01arz3ndekfb4vz2j7f4k3x2y1";
    let refusals = [
        rest.post(
            "/v1/members/nobody/points:earn",
            &json!({"requestId": "r", "assetCode": POINTS, "amount": "1"}),
        )
        .await,
        rest.post(
            &format!("/v1/members/{nobody}/points:redeem"),
            &json!({"requestId": "r", "assetCode": "points", "amount": "5"}),
        )
        .await,
        rest.get("/v1/members/mbr_%27%3BDROP%20TABLE%20member%3B--").await,
        rest.get("/v1/channels/../../etc/passwd").await,
        rest.get("/v1/members?pageToken=AAAA").await,
        rest.post(
            "/v1/members:resolve",
            &json!({"requestId": "x", "arrival": {"channelCode": "\u{0}"}}),
        )
        .await,
    ];
    for answer in refusals {
        assert!(answer.status.is_client_error(), "{answer:?}");
        assert!(!answer.reason().is_empty(), "{}", answer.text);
        for inside in [
            "SELECT", "sqlite", "postgres", "panicked", "src/", ".rs", "/work", "sqlx", "stack",
        ] {
            assert!(!answer.text.contains(inside), "{inside} in {}", answer.text);
        }
    }
    host.stop().await;
}

#[tokio::test]
async fn oversized_and_deep_requests_are_refused_and_the_platform_goes_on() {
    let host = Host::with_brand().await;
    let rest = host.rest();
    let long = json!({"requestId": "r", "activities": [{"sourceId": "s".repeat(2_000_000)}]});
    assert_eq!(
        rest.post("/v1/activities:batchRecord", &long).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let deep = (0..200).fold(json!({"tag": {}}), |inner, _| json!({"not": inner}));
    let deep = json!({"requestId": "r", "segment": {"segmentCode": "deep", "condition": deep}});
    assert_eq!(rest.post("/v1/segments", &deep).await.status, StatusCode::BAD_REQUEST);
    let many = RecordActivitiesRequest {
        unreadable_items: Vec::new(),
        request_id: "many".to_owned(),
        validate_only: false,
        activities: vec![contracts_tagging::v1::Activity::default(); 501],
    };
    let refusal = host.api.activities().record_activities(many).await.unwrap_err();
    assert_eq!(refusal.code(), Code::InvalidArgument);
    assert_eq!(rest.get("/v1/channels").await.status, StatusCode::OK);
    host.stop().await;
}

#[tokio::test]
async fn a_stream_tells_of_each_activity_what_became_of_it() {
    let host = Host::with_brand().await;
    story::arrive(&host.api, TMALL, "tb-1", None).await.unwrap();
    let time = host.now();
    let order = |external_id, number| Order {
        channel: TMALL,
        external_id,
        number,
        time,
        yuan: 10,
    };
    let sent = [
        order("tb-1", "o-1"),
        order("nobody", "o-2"),
        order("tb-1", "o-1"),
        order("tb-1", "o-3"),
    ];
    let requests: Vec<StreamActivitiesRequest> = sent
        .iter()
        .enumerate()
        .map(|(number, order)| StreamActivitiesRequest {
            unreadable_items: Vec::new(),
            request_id: format!("stream-{number}"),
            activity: Some(order.activity()),
        })
        .collect();
    let mut answers = host
        .api
        .activities()
        .stream_activities(tokio_stream::iter(requests))
        .await
        .unwrap()
        .into_inner();
    let mut outcomes = Vec::new();
    while let Some(answer) = answers.message().await.unwrap() {
        outcomes.push((
            answer.request_id,
            answer.result.unwrap().outcome().as_str_name().to_owned(),
        ));
    }
    let expected = ["RECORDED", "REFUSED", "DUPLICATE", "RECORDED"];
    let expected = expected
        .iter()
        .enumerate()
        .map(|(n, outcome)| (format!("stream-{n}"), format!("ACTIVITY_OUTCOME_{outcome}")));
    assert_eq!(outcomes, expected.collect::<Vec<_>>());
    host.stop().await;
}

#[tokio::test]
async fn a_second_platform_on_the_same_folder_or_port_is_refused_and_changes_nothing() {
    let host = Host::with_brand().await;
    let start = async |config: &quanyu::config::Config| {
        let clock = kernel::Clock::manual(crate::host::START);
        quanyu::platform::Platform::start(config, clock, telemetry::Red::default()).await
    };
    if host.place.config.database_url.is_none() {
        assert!(start(&host.place.config).await.is_err(), "the folder is in use");
    }
    let elsewhere = crate::place::Place::new();
    let mut config = elsewhere.config.clone();
    config.listen = host.platform.address();
    assert!(start(&config).await.is_err(), "the port is in use");
    assert!(
        !elsewhere.folder().join("data").exists(),
        "nothing was made before the port was had"
    );
    assert_eq!(host.rest().get("/v1/channels").await.status, StatusCode::OK);
    host.stop().await;
}
