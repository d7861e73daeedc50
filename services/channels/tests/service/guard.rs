//! Where the platform does not send to, however it is asked.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use channels::{Names, Settings};
use contracts_channels::v1::*;
use runtime::{Deps, Service};
use testkit::until;

use crate::brand::{Brand, brand, wanted, wrong_fields};
use crate::receiver::{Answer, Receiver};

/// How often the name that changes was asked for.
static ASKED: AtomicUsize = AtomicUsize::new(0);
static PLAYED: LazyLock<Arc<Played>> = LazyLock::new(|| Arc::new(Played));

/// Names as an attacker has them.
struct Played;

#[async_trait]
impl Names for Played {
    async fn look_up(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let addresses: &[&str] = match name {
            "private.example" => &["10.0.0.1"],
            "metadata.example" => &["169.254.169.254"],
            "mixed.example" => &["192.0.2.1", "1.1.1.1", "fd00::1"],
            "mapped.example" => &["::ffff:127.0.0.1"],
            "allowed.example" => &["127.0.0.2"],
            // Right when it was asked for the first time, and then this machine's own.
            "rebinding.example" => match ASKED.fetch_add(1, Ordering::SeqCst) {
                0 => &["127.0.0.2"],
                _ => &["127.0.0.1"],
            },
            _ => return Err(io::Error::other("there is no such name")),
        };
        Ok(addresses.iter().map(|address| address.parse().unwrap()).collect())
    }
}

/// Channels that may send to one address alone that is not public.
fn service(deps: Deps) -> Service {
    let settings = Settings {
        allowed_networks: vec!["127.0.0.2/32".parse().unwrap()],
        names: PLAYED.clone(),
        try_timeout: Duration::from_secs(2),
        ..Settings::default()
    };
    channels::service_with(deps, settings)
}

async fn guarded() -> Brand {
    Brand {
        harness: testkit::harness(channels::NAME, channels::migrations(), service).await,
    }
}

#[tokio::test]
async fn a_target_that_leads_inside_is_refused_however_it_is_written() {
    let brand = guarded().await;
    for (number, target) in [
        "https://127.0.0.1/",
        "https://localhost.localdomain.private.example/../",
        "https://private.example/",
        "https://metadata.example/latest/meta-data",
        "https://mixed.example/",
        "https://mapped.example/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://[64:ff9b::a00:1]/",
        "https://[fd00:ec2::254]/",
        "https://169.254.169.254/",
        "https://100.100.100.200/",
        "https://0/",
        "http://1.1.1.1/",
    ]
    .into_iter()
    .enumerate()
    {
        if number == 1 {
            // A name that leads nowhere is judged when something is sent.
            continue;
        }
        let subscription = WebhookSubscription {
            target_url: target.to_owned(),
            ..wanted()
        };
        let outcome = brand.create(&format!("create {number}"), subscription).await;
        assert_eq!(wrong_fields(outcome), ["subscription.target_url"], "{target}");
    }
    let allowed = WebhookSubscription {
        target_url: "http://allowed.example/".to_owned(),
        ..wanted()
    };
    let (made, _) = brand.create("allowed", allowed.clone()).await.unwrap();
    let moved = WebhookSubscription {
        subscription_id: made.subscription_id,
        target_url: "https://private.example/".to_owned(),
        ..allowed
    };
    let outcome = brand.update("moved", moved, &["target_url"]).await;
    assert_eq!(wrong_fields(outcome), ["subscription.target_url"]);
}

/// The name leads to an allowed address while the subscription is made, and to one where a receiver listens when it is sent to.
#[tokio::test]
async fn a_name_whose_answer_changes_is_judged_at_the_connection() {
    let (brand, receiver) = (guarded().await, Receiver::start().await);
    let subscription = WebhookSubscription {
        target_url: format!("http://rebinding.example:{}/hook", receiver.port()),
        ..wanted()
    };
    let (made, _) = brand.create("rebinding", subscription).await.unwrap();
    let id = made.subscription_id;
    brand.earn("mbr_1", 1);
    until("it is tried", 1, async || {
        brand.harness.settle().await;
        brand.deliveries(&id).await.first().map_or(0, |one| one.attempt_count)
    })
    .await;
    let attempt = brand.deliveries(&id).await.remove(0).attempts.remove(0);
    assert!(
        attempt.failure.contains("127.0.0.1 is no address"),
        "{}",
        attempt.failure
    );
    let tested = brand.test("send a test", &id).await;
    assert!(tested.failure.contains("127.0.0.1 is no address"), "{}", tested.failure);
    assert!(receiver.arrivals().is_empty());
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_leads_nowhere() {
    let (brand, receiver) = (brand().await, Receiver::start().await);
    receiver.behave(|_| Answer::Redirect("http://127.0.0.1:1/elsewhere"));
    let (id, _) = brand.subscribe(&receiver.url()).await;
    let tested = brand.test("send a test", &id).await;
    assert_eq!(tested.status_code, 302);
    assert!(tested.failure.contains("302"), "{}", tested.failure);
    assert_eq!(receiver.arrivals().len(), 1);
}
