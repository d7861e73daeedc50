//! Replicas that find each other through a real etcd, whatever becomes of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use etcd_client::{Client, PutOptions};
use futures::StreamExt;
use mesh::{Discovery, Entry, Etcd, EtcdConfig, Registration};
use tempfile::TempDir;
use testkit::{EtcdNodes, until};

const PREFIX: &str = "/quanyu/test";
/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

struct Mesh {
    nodes: EtcdNodes,
    folder: TempDir,
}

impl Mesh {
    async fn of(nodes: usize) -> Self {
        let nodes = EtcdNodes::start(nodes).await;
        let folder = tempfile::tempdir().unwrap();
        Self { nodes, folder }
    }

    fn file(&self, process: &str) -> PathBuf {
        self.folder.path().join(format!("{process}.json"))
    }

    /// How a process is with etcd.
    fn process(&self, process: &str) -> Etcd {
        self.process_of(process, None)
    }

    /// The same, by the name and the password of a user.
    fn process_of(&self, process: &str, user: Option<(&str, &str)>) -> Etcd {
        Etcd::start(EtcdConfig {
            endpoints: self.nodes.endpoints(),
            user: user.map(|(name, password)| (name.to_owned(), password.to_owned())),
            tls: None,
            prefix: PREFIX.to_owned(),
            zone: None,
            lease: Duration::from_secs(2),
            file: self.file(process),
        })
    }

    async fn client(&self) -> Client {
        Client::connect(self.nodes.endpoints(), None).await.unwrap()
    }

    /// The lease that an instance is registered under.
    async fn lease(&self, instance: &str) -> Option<i64> {
        let found = self.client().await.get(entry(instance).key(), None).await.ok()?;
        found.kvs().first().map(etcd_client::KeyValue::lease)
    }
}

trait Key {
    fn key(&self) -> String;
}

impl Key for Entry {
    fn key(&self) -> String {
        format!("{PREFIX}/{}/{}", self.role, self.instance)
    }
}

fn entry(instance: &str) -> Entry {
    Entry {
        address: format!("http://{instance}:7401"),
        role: "points".to_owned(),
        version: "0.1.0".to_owned(),
        zone: None,
        instance: instance.to_owned(),
    }
}

/// A replica: its process, and what that has registered.
fn replica(mesh: &Mesh, instance: &str) -> (Etcd, Registration) {
    let etcd = mesh.process(instance);
    let registration = etcd.register(entry(instance));
    (etcd, registration)
}

async fn found(etcd: &Etcd) -> Vec<String> {
    let set = etcd.addresses("points").next().await.unwrap();
    set.iter().map(|address| address.host().to_owned()).collect()
}

async fn until_found(etcd: &Etcd, expected: &[&str]) {
    let expected: Vec<String> = expected.iter().map(|name| (*name).to_owned()).collect();
    until("the replicas that are found", expected, async || found(etcd).await).await;
}

async fn until_well(etcd: &Etcd) {
    until("what is wrong with etcd", Vec::<String>::new(), async || {
        etcd.standing().troubles
    })
    .await;
}

async fn until_troubled(etcd: &Etcd) {
    until("whether etcd is away", true, async || {
        !etcd.standing().troubles.is_empty()
    })
    .await;
}

/// Every set that a caller is told from now on.
fn told(etcd: &Etcd) -> Arc<Mutex<Vec<BTreeSet<String>>>> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (mut sets, kept) = (etcd.addresses("points"), told.clone());
    tokio::spawn(async move {
        while let Some(set) = sets.next().await {
            let set = set.iter().map(|address| address.host().to_owned()).collect();
            kept.lock().unwrap().push(set);
        }
    });
    told
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs etcd on the PATH: run the ignored tests too"]
async fn a_replica_is_found_until_it_is_withdrawn() {
    let mesh = Mesh::of(1).await;
    let caller = mesh.process("caller");
    let (one, kept) = replica(&mesh, "one");
    let (_two, _kept) = replica(&mesh, "two");
    until_found(&caller, &["one", "two"]).await;
    until_found(&one, &["one", "two"]).await;
    until("is registered", Some(true), async || one.standing().is_registered).await;
    assert_eq!(caller.standing().is_registered, None, "who calls need not register");
    assert_eq!(caller.standing().replicas["points"], 2);
    let value = mesh.client().await.get(entry("one").key(), None).await.unwrap();
    let value: serde_json::Value = serde_json::from_slice(value.kvs()[0].value()).unwrap();
    let expected = serde_json::json!({
        "address": "http://one:7401", "role": "points", "version": "0.1.0", "instance": "one"
    });
    assert_eq!(value, expected);

    assert!(kept.withdraw().await, "somebody has to notice");
    assert_eq!(
        mesh.lease("one").await,
        None,
        "withdrawn when it says so, not when its lease ends"
    );
    until_found(&caller, &["two"]).await;
    assert_eq!(one.standing().is_registered, Some(false));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs etcd on the PATH: run the ignored tests too"]
async fn a_dead_replica_is_withdrawn_by_the_end_of_its_lease() {
    let mesh = Mesh::of(1).await;
    let caller = mesh.process("caller");
    let (_one, _kept) = replica(&mesh, "one");
    let mut client = mesh.client().await;
    // As a process leaves it that was killed.
    let lease = client.lease_grant(2, None).await.unwrap().id();
    let value = serde_json::to_vec(&entry("dead")).unwrap();
    let under = PutOptions::new().with_lease(lease);
    client.put(entry("dead").key(), value, Some(under)).await.unwrap();
    until_found(&caller, &["dead", "one"]).await;
    until_found(&caller, &["one"]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs etcd on the PATH: run the ignored tests too"]
async fn a_lost_lease_withdraws_and_is_replaced_by_another_one() {
    let mesh = Mesh::of(1).await;
    let caller = mesh.process("caller");
    let (one, _kept) = replica(&mesh, "one");
    let (_two, _kept) = replica(&mesh, "two");
    until_found(&caller, &["one", "two"]).await;
    let sets = told(&caller);
    let lease = mesh.lease("one").await.unwrap();
    mesh.client().await.lease_revoke(lease).await.unwrap();
    let without = || BTreeSet::from(["two".to_owned()]);
    until("it was withdrawn", true, async || {
        sets.lock().unwrap().contains(&without())
    })
    .await;
    until_found(&caller, &["one", "two"]).await;
    let again = mesh.lease("one").await.unwrap();
    assert_ne!(again, lease);
    until("is registered", Some(true), async || one.standing().is_registered).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs etcd on the PATH: run the ignored tests too"]
async fn an_entry_that_somebody_deletes_comes_back() {
    let mesh = Mesh::of(1).await;
    let caller = mesh.process("caller");
    let (_one, _kept) = replica(&mesh, "one");
    let (_two, _kept) = replica(&mesh, "two");
    until_found(&caller, &["one", "two"]).await;
    let lease = mesh.lease("one").await;
    mesh.client().await.delete(entry("one").key(), None).await.unwrap();
    until_found(&caller, &["two"]).await;
    until_found(&caller, &["one", "two"]).await;
    assert_eq!(mesh.lease("one").await, lease, "its lease was there all the time");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs etcd on the PATH: run the ignored tests too"]
async fn who_is_known_stays_while_etcd_is_away_and_all_goes_on_when_it_is_back() {
    let mut mesh = Mesh::of(1).await;
    let caller = mesh.process("caller");
    let (one, _kept) = replica(&mesh, "one");
    until_found(&caller, &["one"]).await;
    until_well(&one).await;
    mesh.nodes.kill(0);
    until_troubled(&caller).await;
    until_troubled(&one).await;
    until("is registered", Some(false), async || one.standing().is_registered).await;
    assert_eq!(found(&caller).await, ["one"]);
    mesh.nodes.restart(0).await;
    until_well(&caller).await;
    until_well(&one).await;
    until("is registered", Some(true), async || one.standing().is_registered).await;
    let (_two, _kept) = replica(&mesh, "two");
    until_found(&caller, &["one", "two"]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs etcd on the PATH: run the ignored tests too"]
async fn all_register_again_in_an_etcd_that_has_lost_its_data() {
    let mut mesh = Mesh::of(1).await;
    let caller = mesh.process("caller");
    let (one, _kept) = replica(&mesh, "one");
    let (_two, _kept) = replica(&mesh, "two");
    until_found(&caller, &["one", "two"]).await;
    until_well(&one).await;
    let sets = told(&caller);
    mesh.nodes.kill(0);
    until_troubled(&caller).await;
    mesh.nodes.lose_data(0);
    mesh.nodes.restart(0).await;
    until("is registered", true, async || mesh.lease("one").await.is_some()).await;
    until("is registered", true, async || mesh.lease("two").await.is_some()).await;
    until_well(&caller).await;
    until_found(&caller, &["one", "two"]).await;
    let sets = sets.lock().unwrap();
    assert!(sets.iter().all(|set| !set.is_empty()), "{sets:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs etcd on the PATH: run the ignored tests too"]
async fn an_empty_answer_takes_nobody_away() {
    let mesh = Mesh::of(1).await;
    let caller = mesh.process("caller");
    let mut client = mesh.client().await;
    let value = serde_json::to_vec(&entry("one")).unwrap();
    client.put(entry("one").key(), value, None).await.unwrap();
    until_found(&caller, &["one"]).await;
    let sets = told(&caller);
    client.delete(entry("one").key(), None).await.unwrap();
    let other = Entry {
        role: "rights".to_owned(),
        ..entry("other")
    };
    client
        .put(other.key(), serde_json::to_vec(&other).unwrap(), None)
        .await
        .unwrap();
    until("the later change is known", Some(1), async || {
        caller.standing().replicas.get("rights").copied()
    })
    .await;
    assert_eq!(found(&caller).await, ["one"]);
    // Nor does a list that has nobody: a process that starts on the file keeps whom it has.
    let again = mesh.process("caller");
    until_well(&again).await;
    assert_eq!(found(&again).await, ["one"]);
    let sets = sets.lock().unwrap();
    assert!(sets.iter().all(|set| !set.is_empty()), "{sets:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs etcd on the PATH: run the ignored tests too"]
async fn changes_are_seen_after_a_compaction_during_the_watch() {
    let mesh = Mesh::of(1).await;
    let caller = mesh.process("caller");
    let (_one, _kept) = replica(&mesh, "one");
    until_found(&caller, &["one"]).await;
    let mut client = mesh.client().await;
    for number in 0..100 {
        client.put("elsewhere", number.to_string(), None).await.unwrap();
    }
    let revision = client.put("elsewhere", "last", None).await.unwrap();
    let revision = revision.header().unwrap().revision();
    client.compact(revision, None).await.unwrap();
    let (_two, _kept) = replica(&mesh, "two");
    until_found(&caller, &["one", "two"]).await;
    until_well(&caller).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs etcd on the PATH: run the ignored tests too"]
async fn a_change_of_the_leader_takes_nobody_away_and_later_changes_are_seen() {
    let mut mesh = Mesh::of(3).await;
    let caller = mesh.process("caller");
    let (one, _kept) = replica(&mesh, "one");
    let (two, _kept) = replica(&mesh, "two");
    until_found(&caller, &["one", "two"]).await;
    let sets = told(&caller);
    let leader = leader(&mesh).await;
    mesh.nodes.kill(leader);
    let (_three, _kept) = replica(&mesh, "three");
    until_found(&caller, &["one", "three", "two"]).await;
    for process in [&caller, &one, &two] {
        until_well(process).await;
    }
    for process in [&one, &two] {
        until("is registered", Some(true), async || process.standing().is_registered).await;
    }
    let sets = sets.lock().unwrap();
    assert!(
        sets.iter().all(|set| set.contains("one") && set.contains("two")),
        "{sets:?}"
    );
}

/// Which of the nodes leads.
async fn leader(mesh: &Mesh) -> usize {
    for (at, endpoint) in mesh.nodes.endpoints().into_iter().enumerate() {
        let mut client = Client::connect([endpoint], None).await.unwrap();
        let status = client.status().await.unwrap();
        if status.header().unwrap().member_id() == status.leader() {
            return at;
        }
    }
    panic!("nobody leads");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs etcd on the PATH: run the ignored tests too"]
async fn who_starts_while_etcd_is_away_begins_with_those_known_last() {
    let mut mesh = Mesh::of(1).await;
    let caller = mesh.process("caller");
    let (_one, _kept) = replica(&mesh, "one");
    let (_two, _kept) = replica(&mesh, "two");
    until_found(&caller, &["one", "two"]).await;
    until("the file", true, async || {
        std::fs::read_to_string(mesh.file("caller")).is_ok_and(|text| text.contains("one") && text.contains("two"))
    })
    .await;
    drop(caller);
    mesh.nodes.kill(0);
    let again = mesh.process("caller");
    assert_eq!(found(&again).await, ["one", "two"]);
    assert_eq!(found(&mesh.process("stranger")).await, Vec::<String>::new());
    mesh.nodes.restart(0).await;
    until_well(&again).await;
    until_found(&again, &["one", "two"]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs etcd on the PATH: run the ignored tests too"]
async fn a_withdrawal_from_an_etcd_that_is_away_ends() {
    let mut mesh = Mesh::of(1).await;
    let (one, kept) = replica(&mesh, "one");
    until("is registered", Some(true), async || one.standing().is_registered).await;
    mesh.nodes.kill(0);
    let withdrawn = tokio::time::timeout(PATIENCE, kept.withdraw()).await;
    assert!(!withdrawn.expect("it ends"), "nobody can have noticed");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs etcd on the PATH: run the ignored tests too"]
async fn where_etcd_has_users_only_they_are_told_and_register() {
    let mesh = Mesh::of(1).await;
    let mut client = mesh.client().await;
    client.user_add("root", "sesame", None).await.unwrap();
    client.role_add("root").await.unwrap();
    client.user_grant_role("root", "root").await.unwrap();
    client.auth_enable().await.unwrap();
    let known = mesh.process_of("known", Some(("root", "sesame")));
    let _kept = known.register(entry("known"));
    until_found(&known, &["known"]).await;
    until_well(&known).await;
    for (process, user) in [("nobody", None), ("wrong", Some(("root", "open")))] {
        let process = mesh.process_of(process, user);
        let _kept = process.register(entry("stranger"));
        let is_refused = |trouble: &String| trouble.contains("etcdserver: ");
        until("both are refused", true, async || {
            let troubles = process.standing().troubles;
            troubles.len() == 2 && troubles.iter().all(is_refused)
        })
        .await;
        assert_eq!(found(&process).await, Vec::<String>::new());
    }
    assert_eq!(found(&known).await, ["known"]);
}
