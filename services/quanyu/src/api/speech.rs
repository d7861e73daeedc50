//! Whether an address speaks TLS, as those who call it believe.

use std::time::Duration;

use fault::Fault;
use rpc::Address;
use tls::Connector;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::name_of;

/// How long the other side may take. One that is slow is called, and so is one that is away: the calls tell of that.
const PATIENCE: Duration = Duration::from_secs(2);
/// What a client says first in HTTP/2 (RFC 9113, section 3.4): the preface, and settings that change nothing.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// How a record begins by which TLS refuses what it does not understand (RFC 8446, section 5.1). As the first frame of HTTP/2
/// it would be settings of more than a million bytes.
const ALERT: u8 = 21;

/// Refuses an address that does not speak as it is called.
pub(super) async fn check(address: &Address, tls: Option<&Connector>) -> Result<(), Fault> {
    let looked = async {
        match tls {
            None => speaks_tls(address).await.unwrap_or(false).then(|| {
                format!(
                    "{address} speaks TLS: write https://{}:{}, and name the CAs that you trust with --ca-file",
                    address.host(),
                    address.port()
                )
            }),
            Some(connector) => speaks_plain_text(address, connector).await.then(|| {
                format!(
                    "{address} speaks no TLS: write http://{}:{}, without --ca-file",
                    address.host(),
                    address.port()
                )
            }),
        }
    };
    match tokio::time::timeout(PATIENCE, looked).await {
        Ok(Some(wrong)) => Err(Fault::invalid("address", wrong)),
        Ok(None) | Err(_) => Ok(()),
    }
}

async fn speaks_tls(address: &Address) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect((address.host(), address.port())).await?;
    stream.write_all(PREFACE).await?;
    Ok(stream.read_u8().await? == ALERT)
}

async fn speaks_plain_text(address: &Address, connector: &Connector) -> bool {
    let Ok(name) = name_of(address) else { return false };
    let opened = connector.open(name, address.host(), address.port()).await;
    opened.is_err_and(|error| error.to_string().contains(tls::SPEAKS_NO_TLS))
}

#[cfg(test)]
mod tests {
    use rpc::incoming;
    use testkit::{Authority, MountedSecret};
    use tls::{Acceptor, Certificates, Files};
    use tokio::net::TcpListener;
    use tonic::service::Routes;
    use tonic::transport::Server;

    use super::*;

    /// A server on this machine, over TLS or in plain text; answers its port.
    async fn serve(acceptor: Option<Acceptor>) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Server::builder().add_routes(Routes::default());
        tokio::spawn(server.serve_with_incoming(incoming(listener, acceptor)));
        port
    }

    #[tokio::test]
    async fn an_address_is_called_as_it_speaks_or_told_how_to_be_called() {
        let ca = Authority::new("public");
        let secret = MountedSecret::new(ca.pem(), &ca.issue(&["localhost"]));
        let files = Files {
            ca: Some(secret.ca()),
            cert: Some(secret.cert()),
            key: Some(secret.key()),
            ..Files::default()
        };
        let certificates = Certificates::watch("tls", files).unwrap();
        let connector = Connector::new(&certificates);
        let safe = serve(Some(Acceptor::of_anybody(&certificates))).await;
        let plain = serve(None).await;
        let told = async |scheme: &str, port: u16, tls: Option<&Connector>| {
            let address = format!("{scheme}://localhost:{port}").parse().unwrap();
            check(&address, tls).await.map_err(|fault| fault.to_string())
        };
        assert_eq!(told("http", plain, None).await, Ok(()));
        assert_eq!(told("https", safe, Some(&connector)).await, Ok(()));
        let wrong = told("http", safe, None).await.unwrap_err();
        assert!(
            wrong.contains(&format!("speaks TLS: write https://localhost:{safe}")),
            "{wrong}"
        );
        let wrong = told("https", plain, Some(&connector)).await.unwrap_err();
        assert!(
            wrong.contains(&format!("speaks no TLS: write http://localhost:{plain}")),
            "{wrong}"
        );
        // Whoever is away is told of by the calls.
        assert_eq!(told("http", 1, None).await, Ok(()));
        assert_eq!(told("https", 1, Some(&connector)).await, Ok(()));
    }
}
