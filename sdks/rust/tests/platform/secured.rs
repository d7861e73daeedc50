//! Over TLS.

use std::path::Path;
use std::process::Command;

use quanyu_sdk::{Client, Options, Tls};

use crate::process::{Platform, balance_request, open_shop};

#[tokio::test]
#[ignore = "needs a platform: sdks/rust/test"]
async fn over_tls_with_a_ca_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path());
    let at = |name: &str| folder.path().join(name);
    let platform = Platform::start(vec![
        ("QUANYU_TLS__CERT_FILE", at("quanyu.pem").to_str().unwrap().to_owned()),
        ("QUANYU_TLS__KEY_FILE", at("quanyu.key").to_str().unwrap().to_owned()),
    ])
    .await;
    let address = platform.address().replace("http:", "https:");
    let client = |tls| {
        let options = Options {
            tls,
            ..Options::default()
        };
        Client::with(&address, platform.key.as_str(), options)
    };
    let (ca_file, server_name) = (Some(at("ca.pem")), Some("quanyu.test".to_owned()));
    let trusting = client(Tls {
        ca_file: ca_file.clone(),
        server_name: server_name.clone(),
        ..Tls::default()
    });
    open_shop(&trusting.unwrap()).await;
    let alone = Tls {
        ca_file,
        ..Tls::default()
    };
    let named = Tls {
        server_name,
        ..Tls::default()
    };
    for tls in [Tls::default(), alone, named] {
        let stranger = client(tls).unwrap();
        let error = stranger
            .points()
            .get_balance(balance_request("mbr_1"))
            .await
            .unwrap_err();
        assert_eq!(error.attempts, 1, "{error}");
    }
    let missing = Tls {
        ca_file: Some(at("absent.pem")),
        ..Tls::default()
    };
    assert!(client(missing).unwrap_err().message.contains("absent.pem"));
}

/// A CA, and a certificate of it for quanyu.test.
fn make_certificates(folder: &Path) {
    let made = Command::new("sh")
        .args(["-ec", "
            new='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
            openssl req -x509 $new -days 2 -subj /CN=CA -keyout ca.key -out ca.pem
            openssl req $new -subj /CN=quanyu -keyout quanyu.key -out quanyu.csr
            printf 'subjectAltName=DNS:quanyu.test' >san
            openssl x509 -req -in quanyu.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out quanyu.pem
        "])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}
