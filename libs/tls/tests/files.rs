//! What is said of files that are wrong: all of it at once, with its cure.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use kernel::Clock;
use testkit::{Authority, Issued, MountedSecret};
use tls::{Files, ServerName};

fn told(files: &Files) -> Vec<String> {
    let troubles = files.check(Clock::system().now());
    troubles.iter().map(ToString::to_string).collect()
}

/// What is told of a secret with this content; each sentence has the words that are expected of it.
fn tells(ca: &str, own: &Issued, name: Option<&str>, expected: &[&str]) {
    let secret = MountedSecret::new(ca, own);
    let files = Files {
        name: name.map(|name| ServerName::try_from(name.to_owned()).unwrap()),
        ..secret.files()
    };
    let told = told(&files);
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (told, expected) in told.iter().zip(expected) {
        let has_all = expected.split(" … ").all(|words| told.contains(words));
        assert!(has_all, "{told} has not: {expected}");
    }
}

#[test]
fn files_are_checked_as_a_whole() {
    let ca = Authority::new("platform");
    let good = ca.issue(&["points.quanyu"]);
    let of = |cert: &str, key: &str| Issued {
        cert: cert.to_owned(),
        key: key.to_owned(),
    };
    tells(ca.pem(), &good, Some("points.quanyu"), &[]);
    let expired = ca.issue_until(&["points.quanyu"], time::Duration::minutes(-1));
    tells(
        ca.pem(),
        &expired,
        None,
        &["cert_file: … has expired at … issue it anew"],
    );
    let other = ca.issue(&["points.quanyu"]);
    tells(
        ca.pem(),
        &of(&good.cert, &other.key),
        None,
        &["key_file: … is not the key of the certificate in"],
    );
    let of_others = ["cert_file: … issued for rights.quanyu: issue it for points.quanyu as a DNS name"];
    tells(
        ca.pem(),
        &ca.issue(&["rights.quanyu"]),
        Some("points.quanyu"),
        &of_others,
    );
    tells(
        "none",
        &of("none", "none"),
        None,
        &[
            "ca_file: … has no certificate: put PEM there",
            "cert_file: … has no certificate: put PEM there",
            "key_file: … has no private key",
        ],
    );
    let torn = good.cert.replace("-----END CERTIFICATE-----", "");
    tells(ca.pem(), &of(&torn, &good.key), None, &["cert_file: … is no PEM"]);
    let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    tells(
        empty,
        &good,
        None,
        &["ca_file: … cannot be read: put it there as it was issued"],
    );

    let secret = MountedSecret::new(ca.pem(), &good);
    std::fs::remove_file(secret.ca()).unwrap();
    std::fs::remove_file(secret.key()).unwrap();
    let told = told(&secret.files());
    assert!(
        told.len() == 2 && told.iter().all(|told| told.contains("see that it is there")),
        "{told:?}"
    );
}

#[test]
fn a_certificate_that_peers_would_refuse_is_wrong_where_they_trust_the_same_cas() {
    let (ca, stranger) = (Authority::new("platform"), Authority::new("stranger"));
    let told_of = |ca: &str, own: &Issued, is_mutual: bool| {
        let secret = MountedSecret::new(ca, own);
        told(&Files {
            is_mutual,
            ..secret.files()
        })
    };
    let name = ["points.quanyu"];
    for (own, words) in [
        (stranger.issue(&name), "is not issued by a CA in"),
        (ca.issue_for_server(&name), "may not be used as a client: issue it anew"),
        (ca.issue_for_client(&name), "may not be used as a server: issue it anew"),
    ] {
        let told = told_of(ca.pem(), &own, true);
        assert!(
            told.len() == 1 && told[0].starts_with("cert_file: ") && told[0].contains(words),
            "{told:?} has not: {words}"
        );
        assert_eq!(told_of(ca.pem(), &own, false), Vec::<String>::new());
    }
    // While one CA is followed by another, both are trusted.
    let both = format!("{}{}", stranger.pem(), ca.pem());
    for own in [ca.issue(&name), stranger.issue(&name)] {
        assert_eq!(told_of(&both, &own, true), Vec::<String>::new());
    }
}
