//! Who is let in, over real connections, and what both sides are told.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use testkit::{Authority, Issued, MountedSecret, until};
use tls::{Acceptor, Certificates, Connector, Files, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const EVERY: Duration = Duration::from_millis(20);

fn name(of: &str) -> ServerName<'static> {
    ServerName::try_from(format!("{of}.quanyu")).unwrap()
}

fn held(ca: &str, own: &Issued) -> (MountedSecret, Certificates) {
    let secret = MountedSecret::new(ca, own);
    let certificates = Certificates::watch_every(EVERY, "mesh_tls", secret.files()).unwrap();
    (secret, certificates)
}

/// A server that greets whom it lets in, and tells why it does not.
async fn serve(acceptor: Acceptor) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    stream.write_all(b"welcome").await.unwrap();
                    let mut rest = Vec::new();
                    let _ = stream.read_to_end(&mut rest).await;
                }
            });
        }
    });
    address
}

/// What a caller is told: a greeting, or what is to be mended.
async fn call(connector: &Connector, address: std::net::SocketAddr) -> Result<String, String> {
    let stream = TcpStream::connect(address).await.unwrap();
    let told = |error| tls::explained("ledger.quanyu", error).to_string();
    let mut stream = connector
        .connect(name("ledger"), stream)
        .await
        .map_err(|error| error.to_string())?;
    let mut greeting = [0; 7];
    stream.read_exact(&mut greeting).await.map_err(told)?;
    Ok(String::from_utf8(greeting.to_vec()).unwrap())
}

#[tokio::test]
async fn a_caller_is_let_in_by_its_issuer_its_name_and_its_time() {
    let (ca, stranger) = (Authority::new("platform"), Authority::new("stranger"));
    let (_server, certificates) = held(ca.pem(), &ca.issue(&["ledger.quanyu"]));
    let address = serve(Acceptor::of_callers(&certificates, vec![name("shop"), name("edge")])).await;
    let calls = async |ca: &str, own: &Issued| {
        let (_secret, certificates) = held(ca, own);
        call(&Connector::new(&certificates), address).await
    };
    assert_eq!(
        calls(ca.pem(), &ca.issue(&["shop.quanyu"])).await.as_deref(),
        Ok("welcome")
    );
    assert_eq!(
        calls(ca.pem(), &ca.issue(&["edge.quanyu", "other.quanyu"]))
            .await
            .as_deref(),
        Ok("welcome")
    );
    let refused = "ledger.quanyu does not accept the certificate of this process";
    for (own, alert) in [
        (stranger.issue(&["shop.quanyu"]), "UnknownCA"),
        (ca.issue(&["other.quanyu"]), "CertificateUnknown"),
    ] {
        let told = calls(ca.pem(), &own).await.unwrap_err();
        assert!(told.starts_with(refused) && told.contains(alert), "{told}");
    }
    let told = calls(stranger.pem(), &ca.issue(&["shop.quanyu"])).await.unwrap_err();
    let unknown =
        "none of the CAs that are trusted here has issued the certificate of ledger.quanyu: add the one that has";
    assert!(told.starts_with(unknown), "{told}");
    let secret = MountedSecret::new(ca.pem(), &ca.issue(&["shop.quanyu"]));
    let ca_alone = Files {
        ca: Some(secret.ca()),
        ..Files::default()
    };
    let nameless = Certificates::watch_every(EVERY, "mesh_tls", ca_alone).unwrap();
    let told = call(&Connector::new(&nameless), address).await.unwrap_err();
    let asked = "ledger.quanyu asks for a certificate, and this process shows none";
    assert!(told.starts_with(asked), "{told}");
}

#[tokio::test]
async fn a_certificate_that_ends_while_it_is_used_is_refused_by_the_other_side() {
    let ca = Authority::new("platform");
    let lasting = held(ca.pem(), &ca.issue(&["ledger.quanyu", "shop.quanyu"])).1;
    let ending = held(
        ca.pem(),
        &ca.issue_until(&["ledger.quanyu", "shop.quanyu"], time::Duration::seconds(2)),
    )
    .1;
    let of_lasting = serve(Acceptor::of_callers(&lasting, vec![name("shop")])).await;
    let of_ending = serve(Acceptor::of_callers(&ending, vec![name("shop")])).await;
    until("what the caller is told", true, async || {
        let told = call(&Connector::new(&ending), of_lasting).await;
        told.is_err_and(|told| told.contains("does not accept") && told.contains("CertificateExpired"))
    })
    .await;
    let told = call(&Connector::new(&lasting), of_ending).await.unwrap_err();
    assert!(
        told.contains("the certificate of ledger.quanyu is not accepted: certificate expired"),
        "{told}"
    );
}

#[tokio::test]
async fn a_server_under_another_name_is_refused_and_so_is_plain_text_both_ways() {
    let ca = Authority::new("platform");
    let (_secret, certificates) = held(ca.pem(), &ca.issue(&["shop.quanyu"]));
    let connector = Connector::new(&certificates);
    let address = serve(Acceptor::of_callers(&certificates, vec![name("shop")])).await;
    let told = call(&connector, address).await.unwrap_err();
    assert!(
        told.contains("ledger.quanyu is not accepted") && told.contains("shop.quanyu"),
        "{told}"
    );

    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert_eq!(
        answer.first(),
        Some(&21),
        "an alert of TLS, and nothing else: {answer:?}"
    );

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    });
    let told = call(&connector, plain).await.unwrap_err();
    assert_eq!(told, "ledger.quanyu speaks no TLS there: give it its certificates");
}

#[tokio::test]
async fn rotated_files_hold_for_the_next_connection_and_open_ones_go_on() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let both = format!("{}{}", old.pem(), new.pem());
    let (mut server, of_server) = held(old.pem(), &old.issue(&["ledger.quanyu"]));
    let (mut caller, of_caller) = held(old.pem(), &old.issue(&["shop.quanyu"]));
    let address = serve(Acceptor::of_callers(&of_server, vec![name("shop")])).await;
    let connector = Connector::new(&of_caller);
    let stream = TcpStream::connect(address).await.unwrap();
    let mut open = connector.connect(name("ledger"), stream).await.unwrap();
    // Both trust both, then each shows what the new CA has issued, then nobody trusts the old one.
    let good = async |step: &str| assert_eq!(call(&connector, address).await.as_deref(), Ok("welcome"), "{step}");
    let left = time::Duration::hours;
    let own = old.issue_until(&["ledger.quanyu"], left(2));
    rotate(&mut server, &of_server, &both, &own).await;
    good("the server trusts both").await;
    let own = new.issue_until(&["shop.quanyu"], left(2));
    rotate(&mut caller, &of_caller, &both, &own).await;
    good("the caller is the new one's").await;
    let own = new.issue_until(&["ledger.quanyu"], left(3));
    rotate(&mut server, &of_server, new.pem(), &own).await;
    good("the server is the new one's").await;
    let own = new.issue_until(&["shop.quanyu"], left(3));
    rotate(&mut caller, &of_caller, new.pem(), &own).await;
    good("nobody trusts the old one").await;
    let late = held(&both, &old.issue(&["shop.quanyu"])).1;
    let told = call(&Connector::new(&late), address).await.unwrap_err();
    assert!(told.contains("UnknownCA"), "{told}");

    let mut greeting = [0; 7];
    open.read_exact(&mut greeting).await.unwrap();
    open.write_all(b"still there").await.unwrap();
    open.flush().await.unwrap();
}

/// Exchanges the content for one that ends at another time, and waits until it is used.
async fn rotate(secret: &mut MountedSecret, certificates: &Certificates, ca: &str, own: &Issued) {
    let before = certificates.standing().expires;
    secret.put(ca, own);
    until("whether the new certificate is used", true, async || {
        certificates.standing().expires != before
    })
    .await;
}

#[tokio::test]
async fn bad_files_change_nothing_and_are_told_until_good_ones_come() {
    let ca = Authority::new("platform");
    let own = ca.issue(&["ledger.quanyu", "shop.quanyu"]);
    let (mut secret, certificates) = held(ca.pem(), &own);
    let expires = certificates.standing().expires.unwrap();
    let address = serve(Acceptor::of_callers(&certificates, vec![name("shop")])).await;
    let connector = Connector::new(&certificates);
    let wrong = Issued {
        key: ca.issue(&["ledger.quanyu"]).key,
        ..ca.issue(&["ledger.quanyu"])
    };
    secret.put(ca.pem(), &wrong);
    until("what is told", vec!["key_file".to_owned()], async || {
        told(&certificates)
    })
    .await;
    assert_eq!(certificates.standing().expires, Some(expires));
    assert_eq!(call(&connector, address).await.as_deref(), Ok("welcome"));

    let later = ca.issue_until(&["ledger.quanyu", "shop.quanyu"], time::Duration::DAY);
    secret.put(ca.pem(), &later);
    until("what is told", Vec::<String>::new(), async || told(&certificates)).await;
    assert!(certificates.standing().expires > Some(expires));
    assert_eq!(call(&connector, address).await.as_deref(), Ok("welcome"));
}

#[tokio::test]
async fn a_rotation_to_a_certificate_that_peers_would_refuse_changes_nothing() {
    let (ca, stranger) = (Authority::new("platform"), Authority::new("stranger"));
    let mut secret = MountedSecret::new(ca.pem(), &ca.issue(&["ledger.quanyu", "shop.quanyu"]));
    let files = tls::Files {
        is_mutual: true,
        ..secret.files()
    };
    let certificates = Certificates::watch_every(EVERY, "mesh_tls", files).unwrap();
    let address = serve(Acceptor::of_callers(&certificates, vec![name("shop")])).await;
    let connector = Connector::new(&certificates);
    secret.put(ca.pem(), &stranger.issue(&["ledger.quanyu", "shop.quanyu"]));
    until("what is told", vec!["cert_file".to_owned()], async || {
        told(&certificates)
    })
    .await;
    assert_eq!(call(&connector, address).await.as_deref(), Ok("welcome"));
}

fn told(certificates: &Certificates) -> Vec<String> {
    let troubles = certificates.standing().troubles;
    troubles
        .iter()
        .map(|trouble| trouble.file.setting().to_owned())
        .collect()
}
