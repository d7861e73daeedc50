//! An etcd that speaks TLS alone: replicas find each other there, through a change of CAs, and are told what is wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

use std::time::Duration;

use futures::StreamExt;
use mesh::{Discovery, Entry, Etcd, EtcdConfig};
use tempfile::TempDir;
use testkit::{Authority, EtcdNodes, MountedSecret, until};
use tls::{Certificates, Connector};

const EVERY: Duration = Duration::from_millis(50);

fn process(nodes: &EtcdNodes, folder: &TempDir, name: &str, tls: Option<Connector>) -> Etcd {
    Etcd::start(EtcdConfig {
        endpoints: nodes.endpoints(),
        user: None,
        tls,
        prefix: "/quanyu/test".to_owned(),
        zone: None,
        lease: Duration::from_secs(2),
        file: folder.path().join(format!("{name}.json")),
    })
}

fn entry(instance: &str) -> Entry {
    Entry {
        address: format!("https://{instance}:7401"),
        role: "points".to_owned(),
        version: "0.1.0".to_owned(),
        zone: None,
        instance: instance.to_owned(),
    }
}

async fn until_found(etcd: &Etcd, expected: &[&str]) {
    let expected: Vec<String> = expected.iter().map(|name| (*name).to_owned()).collect();
    until("the replicas that are found", expected, async || {
        let set = etcd.addresses("points").next().await.unwrap();
        set.iter().map(|address| address.host().to_owned()).collect()
    })
    .await;
}

/// What is wrong with etcd, once something is.
async fn until_told(etcd: &Etcd, words: &str) {
    until("whether it is told", true, async || {
        let troubles = etcd.standing().troubles;
        troubles.iter().any(|trouble| trouble.contains(words))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs etcd on the PATH: run the ignored tests too"]
async fn etcd_is_reached_over_tls_and_certificates_are_rotated() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let both = format!("{}{}", old.pem(), new.pem());
    let folder = tempfile::tempdir().unwrap();
    let of_nodes = MountedSecret::new(&both, &old.issue(&["127.0.0.1"]));
    let mut nodes = EtcdNodes::start_over_tls(&of_nodes).await;
    let mut secret = MountedSecret::new(&both, &old.issue(&["points.quanyu"]));
    let certificates = Certificates::watch_every(EVERY, "etcd", secret.files()).unwrap();
    let one = process(&nodes, &folder, "one", Some(Connector::new(&certificates)));
    let _one = one.register(entry("one"));
    until_found(&one, &["one"]).await;

    // What the new CA has issued is shown to the next connection: that to a node that comes again.
    let before = certificates.standing().expires;
    secret.put(&both, &new.issue_until(&["points.quanyu"], time::Duration::hours(2)));
    until("whether the new certificate is used", true, async || {
        certificates.standing().expires != before
    })
    .await;
    nodes.kill(0);
    nodes.restart(0).await;
    let two = process(&nodes, &folder, "two", Some(Connector::new(&certificates)));
    let _two = two.register(entry("two"));
    until_found(&one, &["one", "two"]).await;
    until_found(&two, &["one", "two"]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs etcd on the PATH: run the ignored tests too"]
async fn what_hinders_tls_to_etcd_is_told() {
    let (ca, stranger) = (Authority::new("platform"), Authority::new("stranger"));
    let folder = tempfile::tempdir().unwrap();
    let of_nodes = MountedSecret::new(ca.pem(), &ca.issue(&["127.0.0.1"]));
    let nodes = EtcdNodes::start_over_tls(&of_nodes).await;
    let with = |trusted: &Authority, issuer: &Authority| {
        let secret = MountedSecret::new(trusted.pem(), &issuer.issue(&["points.quanyu"]));
        Connector::new(&Certificates::watch_every(EVERY, "etcd", secret.files()).unwrap())
    };
    let suspicious = process(&nodes, &folder, "suspicious", Some(with(&stranger, &ca)));
    until_told(
        &suspicious,
        "none of the CAs that are trusted here has issued the certificate of 127.0.0.1",
    )
    .await;
    let unknown = process(&nodes, &folder, "unknown", Some(with(&ca, &stranger)));
    until_told(&unknown, "etcd at https://127.0.0.1").await;
    assert!(unknown.addresses("points").next().await.unwrap().is_empty());
}
