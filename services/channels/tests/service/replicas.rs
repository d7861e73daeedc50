//! Processes that die, and several at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use contracts_channels::v1::webhook_subscription_service_client::WebhookSubscriptionServiceClient;
use contracts_channels::v1::*;
use testkit::Fleet;

use crate::brand::{earned, service, wanted};
use crate::receiver::{Answer, Arrival, Receiver};

const MEMBERS: i64 = 8;
const FACTS: i64 = 25;

/// The amounts of each subject in the order in which they were first taken, and the ids of each amount.
fn first_taken(arrivals: &[Arrival]) -> BTreeMap<String, Vec<i64>> {
    let mut taken: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for arrival in arrivals.iter().filter(|arrival| arrival.status == 200) {
        let of_subject = taken
            .entry(arrival.body["subject"].as_str().unwrap().to_owned())
            .or_default();
        if !of_subject.contains(&arrival.amount()) {
            of_subject.push(arrival.amount());
        }
    }
    taken
}

/// Two replicas work at the same time, as they do for a moment when one takes over; each is killed again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_dies_nothing_is_lost_and_each_subject_keeps_its_order() {
    let fleet = Fleet::new(channels::NAME, channels::migrations, service).await;
    let receiver = Receiver::start().await;
    let tries = std::sync::atomic::AtomicUsize::new(0);
    receiver.behave(
        move |_| match tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst) % 5 {
            0 => Answer::Status(503),
            _ => Answer::Status(200),
        },
    );
    let first = fleet.start().await;
    let link = first.link();
    let channel = link.channel();
    let request = CreateWebhookSubscriptionRequest {
        request_id: "create".to_owned(),
        subscription: Some(WebhookSubscription {
            target_url: receiver.url(),
            ..wanted()
        }),
    };
    link.run(async move {
        WebhookSubscriptionServiceClient::new(channel)
            .create_webhook_subscription(request)
            .await
    })
    .await
    .unwrap()
    .unwrap();
    first.kill();
    let began = Instant::now();
    let mut told = 0;
    let is_done = |arrivals: &[Arrival]| {
        let taken = first_taken(arrivals);
        taken.values().map(Vec::len).sum::<usize>() == usize::try_from(MEMBERS * FACTS).unwrap()
    };
    while told < FACTS || !is_done(&receiver.arrivals()) {
        for _ in 0..5 {
            for member in (0..MEMBERS).filter(|_| told < FACTS) {
                let member = format!("mbr_{member}");
                fleet.publish("points", &earned(&member, told), &member);
            }
            told += 1;
        }
        let replicas = [fleet.start().await, fleet.start().await];
        // A replica that is killed while it settles has settled nothing.
        for replica in &replicas {
            let _ = tokio::time::timeout(Duration::from_millis(400), replica.settle()).await;
        }
        replicas.into_iter().for_each(testkit::Replica::kill);
        fleet.clock.advance(Duration::from_secs(30));
        assert!(
            began.elapsed() < Duration::from_mins(2),
            "{:?}",
            first_taken(&receiver.arrivals())
        );
    }
    let in_order: Vec<i64> = (0..FACTS).collect();
    let arrivals = receiver.arrivals();
    for (subject, taken) in first_taken(&arrivals) {
        assert_eq!(taken, in_order, "{subject}");
    }
    let ids: BTreeSet<&str> = arrivals.iter().map(|arrival| &*arrival.id).collect();
    assert_eq!(
        ids.len(),
        usize::try_from(MEMBERS * FACTS).unwrap(),
        "a fact has one id, however often it is sent"
    );
}
