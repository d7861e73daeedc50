//! Receivers that fail, hang or want nothing any more.

use std::time::{Duration, Instant};

use contracts_channels::v1::*;
use testkit::until;

use crate::brand::brand;
use crate::receiver::{Answer, Receiver};

#[tokio::test]
async fn a_receiver_that_hangs_delays_nobody() {
    let brand = brand().await;
    let (hanging, quick) = (Receiver::start().await, Receiver::start().await);
    hanging.behave(|_| Answer::Silence);
    let (stuck, _) = brand.subscribe(&hanging.url()).await;
    brand.subscribe(&quick.url()).await;
    for number in 0..200 {
        brand.earn(&format!("mbr_{number}"), number);
    }
    let began = Instant::now();
    let arrived = async |expected: usize| {
        while quick.arrivals().len() < expected {
            // Not to its end: the one that hangs is tried again and again.
            let _ = tokio::time::timeout(Duration::from_millis(300), brand.harness.settle()).await;
            assert!(began.elapsed() < Duration::from_secs(20), "{}", quick.arrivals().len());
        }
    };
    arrived(200).await;
    // Those under way to the one that hangs have ended by now or not: the others never waited for them.
    for number in 200..400 {
        brand.earn(&format!("mbr_{number}"), number);
    }
    arrived(400).await;
    assert!(hanging.arrivals().len() < 100, "{}", hanging.arrivals().len());
    let attempts = brand.deliveries(&stuck).await;
    assert!(attempts.iter().all(|one| one.state() == WebhookDeliveryState::Due));
}

#[tokio::test]
async fn who_answers_410_is_told_nothing_more_and_the_brand_is() {
    let (brand, receiver) = (brand().await, Receiver::start().await);
    receiver.behave(|_| Answer::Status(410));
    let (id, _) = brand.subscribe(&receiver.url()).await;
    brand.earn("mbr_1", 1);
    until("it is disabled", WebhookState::Disabled, async || {
        brand.harness.settle().await;
        brand.get(&id).await.unwrap().state()
    })
    .await;
    let disabled = brand.get(&id).await.unwrap();
    assert_eq!(disabled.disable_reason(), WebhookDisableReason::Gone);
    let published = brand.harness.published().await;
    let kinds: Vec<&str> = published.iter().map(|fact| &*fact.kind).collect();
    assert_eq!(kinds, ["channels.webhook_disabled"]);
    assert_eq!(published[0].subject, id);

    // What happens meanwhile is not kept; what waited goes on.
    brand.earn("mbr_2", 2);
    brand.harness.clock.advance(Duration::from_hours(10));
    brand.harness.settle().await;
    assert_eq!(receiver.arrivals().len(), 1);
    receiver.behave(|_| Answer::Status(200));
    brand.enable("enable", &id).await;
    until("what waited comes", vec![1], async || {
        brand.harness.settle().await;
        receiver.taken("mbr_1")
    })
    .await;
    assert!(receiver.taken("mbr_2").is_empty());
}

#[tokio::test]
async fn after_three_days_in_vain_the_subscription_is_disabled_with_a_notice() {
    let (brand, receiver) = (brand().await, Receiver::start().await);
    receiver.behave(|_| Answer::Status(500));
    let (id, _) = brand.subscribe(&receiver.url()).await;
    brand.earn("mbr_1", 1);
    for hour in 0..71 {
        brand.harness.settle().await;
        assert_eq!(
            brand.get(&id).await.unwrap().state(),
            WebhookState::Active,
            "hour {hour}"
        );
        brand.harness.clock.advance(Duration::from_hours(1));
    }
    let tries = receiver.arrivals().len();
    assert!(tries > 50, "it is tried for three days: {tries}");
    brand.harness.clock.advance(Duration::from_hours(2));
    until("it is disabled", WebhookDisableReason::Unreachable, async || {
        brand.harness.settle().await;
        brand.get(&id).await.unwrap().disable_reason()
    })
    .await;
    let log = brand.deliveries(&id).await.remove(0);
    assert!(
        log.attempt_count > 50 && log.attempts.len() == 20,
        "{}",
        log.attempt_count
    );
    // It is given three days anew.
    brand.enable("enable", &id).await;
    until("it is tried again", true, async || {
        brand.harness.settle().await;
        receiver.arrivals().len() > tries + 1
    })
    .await;
    assert_eq!(brand.get(&id).await.unwrap().state(), WebhookState::Active);
}

#[tokio::test]
async fn a_receiver_says_when_it_wants_to_be_asked_again() {
    let (brand, receiver) = (brand().await, Receiver::start().await);
    receiver.behave(|_| Answer::RetryAfter(429, 3_600));
    let (id, _) = brand.subscribe(&receiver.url()).await;
    brand.earn("mbr_1", 1);
    until("it is refused", 1, async || {
        brand.harness.settle().await;
        brand.deliveries(&id).await.first().map_or(0, |one| one.attempt_count)
    })
    .await;
    receiver.behave(|_| Answer::Status(200));
    brand.harness.clock.advance(Duration::from_mins(59));
    brand.harness.settle().await;
    assert_eq!(receiver.arrivals().len(), 1);
    brand.harness.clock.advance(Duration::from_mins(2));
    until("it is taken", vec![1], async || {
        brand.harness.settle().await;
        receiver.taken("mbr_1")
    })
    .await;
}

#[tokio::test]
async fn who_is_away_is_told_when_it_is_back() {
    let brand = brand().await;
    let address = testkit::free_address();
    let (id, _) = brand.subscribe(&format!("http://{address}/hook")).await;
    brand.earn("mbr_1", 1);
    until("it is tried", 1, async || {
        brand.harness.settle().await;
        brand.deliveries(&id).await.first().map_or(0, |one| one.attempt_count)
    })
    .await;
    let attempt = brand.deliveries(&id).await.remove(0).attempts.remove(0);
    assert_eq!(attempt.status_code, 0);
    assert!(attempt.failure.contains("refused"), "{}", attempt.failure);
}
