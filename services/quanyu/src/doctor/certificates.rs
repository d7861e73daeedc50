use std::time::Duration;

use kernel::{Clock, Time};
use rpc::Transport;
use tls::{Certificates, Connector, Files};

use super::{Report, good};
use crate::config::Config;

/// How long before its end a certificate should have been issued anew.
const LEFT_MIN: Duration = Duration::from_hours(7 * 24);

/// Whether the files of the certificates are good and for how long; answers how peers are called with them.
pub(super) fn look(config: &Config, report: &mut Report) -> Transport {
    let mesh = config.mesh_files(None);
    let all = [
        ("tls", config.listener_files()),
        ("mesh_tls", mesh.clone()),
        ("etcd", config.etcd_files()),
    ];
    if all.iter().all(|(_, files)| files.is_none()) {
        good("none are configured: clients, services and etcd speak plain text");
    }
    let now = Clock::system().now();
    for (setting, files) in all
        .iter()
        .filter_map(|(setting, files)| Some((setting, files.as_ref()?)))
    {
        file(setting, files, now, report);
    }
    let mesh = mesh.and_then(|files| Certificates::watch("mesh_tls", files).ok());
    mesh.map_or(Transport::Plain, |mesh| Transport::Tls(Connector::new(&mesh)))
}

/// What is done about a peer that is there, and with which no connection comes about because of certificates; none where it is
/// something else. The sentence itself says which certificate, and why.
pub(super) fn mend(told: &str) -> Option<&'static str> {
    if told.contains(OF_PLAIN_TEXT) {
        return Some(
            "set mesh_tls.ca_file, cert_file and key_file for this command too, as its service has them; if none of its \
             processes has them, see that it runs and that no firewall lies between",
        );
    }
    if told.contains(tls::SPEAKS_NO_TLS) {
        return Some("set mesh_tls for that service as for all others, and start it again; or for none of them");
    }
    if told.contains("of this process") || told.contains("this process shows none") {
        return Some(
            "have doctor show the gateway's certificate (mesh_tls.cert_file and key_file), which may call every service: one \
             that has not expired, issued by a CA that the peer trusts. The services themselves may be well",
        );
    }
    tls::tells_of_certificates(told).then_some(
        "issue that service's certificate anew, for its name and by a CA in mesh_tls.ca_file, and put it in its place: it is \
         taken up without a restart",
    )
}

/// Said of a peer that cuts off who calls it in plain text.
const OF_PLAIN_TEXT: &str = "a peer that has mesh_tls takes callers alone that have it too";

fn file(setting: &str, files: &Files, now: Time, report: &mut Report) {
    const MEND: &str =
        "processes that run go on with what they read before, as long as that lasts; one that starts does not";
    let troubles = files.check(now);
    for trouble in &troubles {
        report.bad(format_args!("{setting}.{trouble}"), MEND);
    }
    match files.expires(now) {
        Some(end) if end.since(now) < LEFT_MIN => report.bad(
            format_args!("{setting}: the certificate ends at {end}"),
            "issue it anew and put it in its place: processes take it up by themselves",
        ),
        Some(end) => good(format_args!("{setting}: the certificate is good until {end}")),
        None if troubles.is_empty() => good(format_args!("{setting}: the CAs are good")),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rpc::{incoming, tls_name};
    use testkit::{Authority, Issued, MountedSecret};
    use tls::Acceptor;
    use tokio::net::TcpListener;
    use tonic::service::Routes;
    use tonic::transport::Server;

    use super::*;

    fn held(ca: &str, own: &Issued) -> (MountedSecret, Certificates) {
        let secret = MountedSecret::new(ca, own);
        let certificates = Certificates::watch("mesh_tls", secret.files()).unwrap();
        (secret, certificates)
    }

    #[tokio::test]
    async fn a_peer_that_is_refused_or_refuses_is_told_with_the_certificate_that_is_to_be_mended() {
        let (ca, stranger) = (Authority::new("platform"), Authority::new("stranger"));
        let serve = async |own: &Issued| {
            let (secret, certificates) = held(ca.pem(), own);
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let acceptor = Acceptor::of_callers(&certificates, vec![tls_name("gateway").unwrap()]);
            let server = Server::builder().add_routes(Routes::default());
            tokio::spawn(server.serve_with_incoming(incoming(listener, Some(acceptor))));
            (address, secret)
        };
        let (points, _secret) = serve(&ca.issue(&["points.quanyu"])).await;
        let (other, _secret) = serve(&ca.issue(&["rights.quanyu"])).await;
        let told = async |address: std::net::SocketAddr, transport: Transport| {
            let address = format!("http://{address}").parse().unwrap();
            let channel = transport.remote("points", &contracts_all::CONTRACT, &address);
            channel.check(Duration::from_secs(5)).await.unwrap_err().to_string()
        };
        let with = |ca: &Authority, own: &Issued| {
            let (secret, certificates) = held(ca.pem(), own);
            (secret, Transport::Tls(Connector::new(&certificates)))
        };
        let gateway = ca.issue(&["gateway.quanyu"]);
        for (address, (_secret, transport), words) in [
            (
                points,
                with(&ca, &stranger.issue(&["gateway.quanyu"])),
                "the gateway's certificate",
            ),
            (
                points,
                with(&ca, &ca.issue(&["tagging.quanyu"])),
                "the gateway's certificate",
            ),
            (points, with(&stranger, &gateway), "that service's certificate anew"),
            (other, with(&ca, &gateway), "that service's certificate anew"),
        ] {
            let told = told(address, transport).await;
            assert!(mend(&told).is_some_and(|mend| mend.contains(words)), "{words}: {told}");
        }
        let plain = told(points, Transport::Plain).await;
        assert!(
            mend(&plain).is_some_and(|mend| mend.contains("set mesh_tls.ca_file")),
            "{plain}"
        );
        let away = told("127.0.0.1:1".parse().unwrap(), Transport::Plain).await;
        assert_eq!(mend(&away), None, "{away}");
    }
}
