//! What is wanted arrives, signed and in its order.

use std::time::Duration;

use contracts_channels::v1::*;
use testkit::until;

use crate::brand::{brand, wanted};
use crate::receiver::{Answer, Arrival, Receiver};

#[tokio::test]
async fn what_is_wanted_arrives_once_signed_and_stands_in_the_log() {
    let (brand, receiver) = (brand().await, Receiver::start().await);
    let (id, secret) = brand.subscribe(&receiver.url()).await;
    brand.earn("mbr_1", 300);
    until("it arrives", 1, async || {
        brand.harness.settle().await;
        receiver.arrivals().len()
    })
    .await;
    let arrival = receiver.arrivals().remove(0);
    assert_eq!(arrival.signed_by(&secret), 1);
    assert_eq!(arrival.headers["content-type"], "application/json");
    let body = &arrival.body;
    assert_eq!(body["id"], arrival.id.as_str());
    assert_eq!(body["type"], "points.earned");
    assert_eq!(body["tenantId"], brand.harness.tenant.to_string());
    assert_eq!(body["subject"], "mbr_1");
    assert_eq!(body["time"], "2026-01-01T00:00:00Z");
    assert_eq!(body["data"]["memberId"], "mbr_1");
    assert_eq!((arrival.amount(), &body["data"]["ruleCode"]), (300, &"".into()));
    brand.harness.settle().await;
    let log = brand.deliveries(&id).await;
    assert_eq!(log.len(), 1);
    assert_eq!(
        (log[0].state(), log[0].attempt_count),
        (WebhookDeliveryState::Delivered, 1)
    );
    assert_eq!(log[0].fact_id, arrival.id);
    let attempt = &log[0].attempts[0];
    assert_eq!((attempt.status_code, attempt.failure.as_str()), (204, ""));
    brand.harness.clock.advance(Duration::from_hours(1));
    brand.harness.settle().await;
    assert_eq!(receiver.arrivals().len(), 1, "it is told once");
}

#[tokio::test]
async fn facts_of_a_subject_come_in_their_order_while_others_pass() {
    let (brand, receiver) = (brand().await, Receiver::start().await);
    let (id, _) = brand.subscribe(&receiver.url()).await;
    receiver.behave(|body| match body["subject"] == "mbr_slow" {
        true => Answer::Status(500),
        false => Answer::Status(200),
    });
    for amount in 1..=5 {
        brand.earn("mbr_slow", amount);
        brand.earn("mbr_quick", amount);
    }
    until("the others pass", vec![1, 2, 3, 4, 5], async || {
        brand.harness.settle().await;
        receiver.taken("mbr_quick")
    })
    .await;
    let of_slow = |amount: i64| {
        let arrivals = receiver.arrivals();
        let slow = arrivals.iter().filter(|arrival| arrival.body["subject"] == "mbr_slow");
        slow.filter(|arrival| arrival.amount() == amount).count()
    };
    assert_eq!((of_slow(1), of_slow(2)), (1, 0), "the next one waits");
    let log = brand.deliveries(&id).await;
    let first = log.iter().find(|one| one.subject == "mbr_slow").unwrap();
    assert_eq!((first.state(), first.attempt_count), (WebhookDeliveryState::Due, 1));
    assert_eq!(first.attempts[0].status_code, 500);
    assert!(first.attempts[0].answer.starts_with("thank you") && first.attempts[0].answer.len() == 512);
    let waiting = log.iter().filter(|one| one.state() == WebhookDeliveryState::Waiting);
    assert_eq!(waiting.count(), 4);

    // Every second try fails.
    let tries = std::sync::atomic::AtomicUsize::new(0);
    receiver.behave(
        move |_| match tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst) % 2 {
            0 => Answer::Status(503),
            _ => Answer::Status(200),
        },
    );
    until("all come", vec![1, 2, 3, 4, 5], async || {
        brand.harness.clock.advance(Duration::from_secs(20));
        brand.harness.settle().await;
        receiver.taken("mbr_slow")
    })
    .await;
    let arrivals = receiver.arrivals();
    let mut ids: Vec<&str> = arrivals
        .iter()
        .filter(|arrival| arrival.amount() == 3)
        .map(|arrival| &*arrival.id)
        .collect();
    ids.dedup();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2, "a fact has one id, however often it is sent: {ids:?}");
}

#[tokio::test]
async fn a_filter_chooses_by_what_the_fact_says() {
    let (brand, receiver) = (brand().await, Receiver::start().await);
    let filtered = WebhookSubscription {
        target_url: receiver.url(),
        filter: r#"fact.data.amount >= 100 && !(fact.subject in ["mbr_not"]) && !has(fact.data.post_time)"#.to_owned(),
        ..wanted()
    };
    let (made, _) = brand.create("filtered", filtered).await.unwrap();
    for (member, amount) in [("mbr_1", 99), ("mbr_1", 100), ("mbr_not", 500), ("mbr_2", 101)] {
        brand.earn(member, amount);
    }
    until("two are wanted", 2, async || {
        brand.harness.settle().await;
        receiver.arrivals().len()
    })
    .await;
    let amounts: Vec<i64> = receiver.arrivals().iter().map(Arrival::amount).collect();
    assert_eq!(amounts.iter().sum::<i64>(), 201);
    assert_eq!(brand.deliveries(&made.subscription_id).await.len(), 2);
}

#[tokio::test]
async fn while_secrets_rotate_a_delivery_bears_two_signatures() {
    let (brand, receiver) = (brand().await, Receiver::start().await);
    let (id, first) = brand.subscribe(&receiver.url()).await;
    let (_, second) = brand.rotate("rotate", &id, None).await.unwrap();
    brand.earn("mbr_1", 1);
    until("it arrives", 1, async || {
        brand.harness.settle().await;
        receiver.arrivals().len()
    })
    .await;
    let arrival = receiver.arrivals().remove(0);
    assert_eq!((arrival.signed_by(&first), arrival.signed_by(&second)), (1, 1));
    brand.harness.clock.advance(Duration::from_hours(24));
    brand.earn("mbr_1", 2);
    until("the next one arrives", 2, async || {
        brand.harness.settle().await;
        receiver.arrivals().len()
    })
    .await;
    let arrival = receiver.arrivals().remove(1);
    assert_eq!((arrival.signed_by(&first), arrival.signed_by(&second)), (0, 1));
}

#[tokio::test]
async fn a_test_is_sent_at_once_and_once_for_its_request() {
    let (brand, receiver) = (brand().await, Receiver::start().await);
    let (id, secret) = brand.subscribe(&receiver.url()).await;
    let sent = brand.test("send a test", &id).await;
    assert_eq!((sent.status_code, sent.failure.as_str()), (204, ""));
    assert_eq!(brand.test("send a test", &id).await, sent);
    let arrivals = receiver.arrivals();
    assert_eq!(arrivals.len(), 1);
    assert_eq!(arrivals[0].body["type"], "channels.test");
    assert_eq!(arrivals[0].body["data"]["subscriptionId"], id);
    assert_eq!(arrivals[0].signed_by(&secret), 1);
    assert!(brand.deliveries(&id).await.is_empty());
}

#[tokio::test]
async fn another_tenant_is_told_nothing() {
    let (brand, receiver) = (brand().await, Receiver::start().await);
    let (id, _) = brand.subscribe(&receiver.url()).await;
    let other = brand.harness.other_tenant();
    brand
        .harness
        .publish_of(other, "points", &crate::brand::earned("mbr_1", 1), "mbr_1");
    brand.harness.settle().await;
    assert!(brand.deliveries(&id).await.is_empty());
}

#[tokio::test]
async fn what_was_delivered_goes_after_three_days() {
    let (brand, receiver) = (brand().await, Receiver::start().await);
    let (id, _) = brand.subscribe(&receiver.url()).await;
    brand.earn("mbr_1", 1);
    until("it is delivered", WebhookDeliveryState::Delivered, async || {
        brand.harness.settle().await;
        brand
            .deliveries(&id)
            .await
            .first()
            .map_or(WebhookDeliveryState::Unspecified, WebhookDelivery::state)
    })
    .await;
    brand.harness.clock.advance(Duration::from_hours(73));
    brand.harness.settle().await;
    assert!(brand.deliveries(&id).await.is_empty());
}
