//! Processes that show each other certificates: the same story, told through a change of CAs; and what they say of files that
//! are wrong.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use kernel::Clock;
use quanyu::roles::ROLES;
use testkit::{Authority, Issued, MountedSecret};
use tests::brand::TMALL;
use tests::{Api, Rest, story, until};
use tls::{Certificates, Connector, Files, ServerName};
use tonic::transport::Endpoint;
use tower::service_fn;

use crate::process::{Process, free_address, quanyu};
use crate::separate_processes::{Beside, Roles, SIGNING_KEY};
use crate::server::Server;

const HERE: &str = "localhost";

fn name(role: &str) -> String {
    format!("{role}.quanyu")
}

/// The environment that names the files of a group of settings.
fn set(command: &mut Command, group: &str, ca: Option<&Path>, secret: &MountedSecret) {
    if let Some(ca) = ca {
        command.env(format!("QUANYU_{group}__CA_FILE"), ca);
    }
    command.env(format!("QUANYU_{group}__CERT_FILE"), secret.cert());
    command.env(format!("QUANYU_{group}__KEY_FILE"), secret.key());
}

/// A client of the gateway that trusts a CA.
fn over_tls(ca: &MountedSecret, address: &str, key: &str) -> (Api, Certificates) {
    let files = Files {
        ca: Some(ca.ca()),
        ..Files::default()
    };
    let certificates = Certificates::watch("client", files).unwrap();
    let (connector, address) = (Connector::new(&certificates), address.to_owned());
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let channel = endpoint.connect_with_connector_lazy(service_fn(move |_| {
        let (connector, address) = (connector.clone(), address.clone());
        async move {
            let (host, port) = address.rsplit_once(':').unwrap();
            let name = ServerName::try_from(HERE).unwrap();
            let opened = connector.open(name, host, port.parse().unwrap()).await;
            opened.map(TokioIo::new)
        }
    }));
    (Api::over(channel, key), certificates)
}

/// The value of a metric of a process.
async fn metric(admin: &str, begins: &str) -> Option<String> {
    let text = Rest::new(admin, None).get("/metrics").await.text;
    let line = text.lines().find(|line| line.starts_with(begins))?;
    line.rsplit(' ').next().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_is_told_over_tls_and_a_change_of_cas_fails_no_call() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let both = format!("{}{}", old.pem(), new.pem());
    let mut secrets: BTreeMap<&'static str, MountedSecret> = ROLES
        .iter()
        .map(|role| (role.name, MountedSecret::new(&both, &old.issue(&[&name(role.name)]))))
        .collect();
    let public = MountedSecret::new(old.pem(), &old.issue(&[HERE]));
    let admin: BTreeMap<&'static str, String> = ROLES.iter().map(|role| (role.name, free_address())).collect();
    let files: BTreeMap<&'static str, [std::path::PathBuf; 3]> = secrets
        .iter()
        .map(|(role, secret)| (*role, [secret.ca(), secret.cert(), secret.key()]))
        .collect();
    let (cert, key, listens) = (public.cert(), public.key(), admin.clone());
    let server = Server::new().await;
    let roles = Roles::start_with(&server, Beside::default(), move |role, command| {
        let [ca, own, own_key] = &files[role];
        command.env("QUANYU_MESH_TLS__CA_FILE", ca);
        command.env("QUANYU_MESH_TLS__CERT_FILE", own);
        command.env("QUANYU_MESH_TLS__KEY_FILE", own_key);
        command
            .env("QUANYU_TLS__CERT_FILE", &cert)
            .env("QUANYU_TLS__KEY_FILE", &key);
        command.args(["--admin-listen", &listens[role]]);
    });
    let (api, _client) = over_tls(&public, &roles.gateway().address, &roles.gateway().first_key());
    story::order_to_coupon(&api).await;

    // In plain text nobody gets anything.
    let plain = rpc::Channel::remote(
        "points",
        &contracts_points::CONTRACT,
        &format!("http://{}", roles.address("points")).parse().unwrap(),
    );
    let refused = plain.check(Duration::from_secs(5)).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("a peer that has mesh_tls takes callers alone"),
        "{refused}"
    );

    // Someone calls all the time while all show what another CA has issued, and then nobody trusts the old one.
    let member = story::arrive(&api, TMALL, "tb-2", None).await.unwrap();
    let (calls, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let calling = tokio::spawn({
        let (calls, is_over, api, member) = (calls.clone(), is_over.clone(), api.clone(), member.clone());
        async move {
            while !is_over.load(Ordering::SeqCst) {
                let request_id = format!("call-{}", calls.fetch_add(1, Ordering::SeqCst));
                story::earn(&api, &request_id, &member, 1).await.unwrap();
            }
        }
    });
    for (left, trusted) in [(2, both.as_str()), (3, new.pem())] {
        let mut ends = BTreeMap::new();
        for (role, secret) in &mut secrets {
            ends.insert(*role, expiry(&admin[role]).await);
            let own = new.issue_until(&[&name(role)], time::Duration::hours(left));
            secret.put(trusted, &own);
        }
        for (role, before) in ends {
            until("whether the new certificate is used", true, async || {
                expiry(&admin[role]).await != before
            })
            .await;
        }
        let enough = calls.load(Ordering::SeqCst) + 20;
        until("whether there were calls", true, async || {
            calls.load(Ordering::SeqCst) > enough
        })
        .await;
    }
    is_over.store(true, Ordering::SeqCst);
    calling.await.unwrap();
    let order = story::Order {
        channel: TMALL,
        external_id: "tb-2",
        number: "order-2",
        time: Clock::system().now(),
        yuan: 100,
    };
    let earned = i64::try_from(calls.load(Ordering::SeqCst)).unwrap();
    order.pay(&api).await.unwrap();
    until("points by rule", earned + 100, async || {
        story::balance(&api, &member, tests::brand::POINTS).await
    })
    .await;
    roles.stop().await;
    server.remove().await;
}

async fn expiry(admin: &str) -> String {
    let begins = "tls_certificate_expiry_timestamp_seconds{setting=\"mesh_tls\"}";
    metric(admin, begins).await.expect("it is told")
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_files_stop_a_start_and_are_told_by_a_process_that_runs() {
    let ca = Authority::new("platform");
    let good = ca.issue(&[HERE]);
    let mut secret = MountedSecret::new(ca.pem(), &good);
    let (folder, admin) = (tempfile::tempdir().unwrap(), free_address());
    let command = |words: &[&str]| {
        let mut command = quanyu();
        set(&mut command, "TLS", None, &secret);
        command.args(words).arg("--folder").arg(folder.path());
        command
    };
    let started = command(&["up", "--listen", "127.0.0.1:0", "--admin-listen", &admin]);
    let (mut checked, mut doctor) = (command(&["up", "--check-config"]), command(&["doctor"]));
    let platform = Process::start(started);
    let key = platform.first_key();
    let before = said(&mut doctor);
    assert!(
        before.contains("WRONG tls: the certificate ends at"),
        "within the hour: {before}"
    );

    // A command of the platform's own calls over TLS too.
    let import = |address: String, trusts: bool| {
        let file = folder.path().join("members.csv");
        std::fs::write(&file, "external_id,channel_code\n1,pos\n").unwrap();
        let mut command = quanyu();
        command
            .args(["import", "members", "--dry-run", "--key", &key, "--address", &address])
            .arg(file);
        if trusts {
            command.arg("--ca-file").arg(secret.ca());
        }
        let seen = command.output().unwrap();
        String::from_utf8(seen.stdout).unwrap() + &String::from_utf8(seen.stderr).unwrap()
    };
    let port = platform.address.rsplit_once(':').unwrap().1;
    let seen = import(format!("https://{HERE}:{port}"), true);
    assert!(seen.contains("UNKNOWN_CHANNEL") || seen.contains("rejected"), "{seen}");
    let seen = import(format!("https://{HERE}:{port}"), false);
    assert!(seen.contains("--ca-file"), "{seen}");

    let wrong = Issued {
        key: ca.issue(&[HERE]).key,
        ..good
    };
    secret.put(ca.pem(), &wrong);
    until("whether wrong files are told", Some("1".to_owned()), async || {
        metric(&admin, "tls_certificate_files_wrong{setting=\"tls\"}").await
    })
    .await;
    let ready = Rest::new(&admin, None).get("/readyz").await;
    assert_eq!(ready.status, 200);
    for words in [
        "DEGRADED",
        "certificates",
        "tls.key_file",
        "is not the key of the certificate",
    ] {
        assert!(ready.text.contains(words), "{words}: {}", ready.text);
    }
    let refused = checked.output().unwrap();
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(
        refused.status.code() == Some(64) && told.contains("tls.key_file"),
        "{told}"
    );
    let after = said(&mut doctor);
    assert!(after.contains("WRONG tls.key_file"), "{after}");
}

/// What a command says that ends by itself.
fn said(command: &mut Command) -> String {
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn everything_that_is_wrong_with_the_files_of_a_role_is_told_at_once() {
    let ca = Authority::new("platform");
    let ended = ca.issue_until(&["rights.quanyu"], time::Duration::hours(-1));
    let secret = MountedSecret::new("nothing", &ended);
    let mut command = quanyu();
    set(&mut command, "MESH_TLS", Some(&secret.ca()), &secret);
    command
        .args(["--check-config", "serve", "identity"])
        .env("QUANYU_SIGNING_KEY", SIGNING_KEY);
    let checked = command.output().unwrap();
    let said = String::from_utf8(checked.stderr).unwrap();
    assert_eq!(checked.status.code(), Some(64), "{said}");
    for words in [
        "mesh_tls.ca_file",
        "has no certificate",
        "mesh_tls.cert_file",
        "has expired at",
        "issue it anew",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}
