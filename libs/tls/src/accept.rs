use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::server::{NoServerSessionStorage, ServerConfig};
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, CertificateError, Error, OtherError};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::callers::Callers;
use crate::certificates::Certificates;
use crate::files::Material;
use crate::made::Made;
use crate::provider;
use crate::told::Told;

/// How long a caller may take to agree on TLS.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// Takes connections over TLS. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Acceptor {
    made: Made<ServerConfig>,
    told: Arc<Told>,
}

impl Acceptor {
    /// Of anybody: TLS 1.2 and 1.3, with HTTP/2 and HTTP/1.1 to choose from (ALPN).
    pub fn of_anybody(certificates: &Certificates) -> Self {
        Self::of(certificates, |material| {
            let builder = ServerConfig::builder_with_provider(provider())
                .with_protocol_versions(&[&TLS13, &TLS12])?
                .with_no_client_auth();
            let mut config = builder.with_cert_resolver(own(material)?);
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
            Ok(config)
        })
    }

    /// Of those alone whose certificate one of the CAs has issued for one of these names: TLS 1.3 with HTTP/2. Sessions are not
    /// resumed, so that each connection shows its certificate.
    pub fn of_callers(certificates: &Certificates, names: Vec<ServerName<'static>>) -> Self {
        let names: Arc<[ServerName<'static>]> = names.into();
        Self::of(certificates, move |material| {
            let callers = Callers::new(material.roots.clone(), names.clone())?;
            let builder = ServerConfig::builder_with_provider(provider())
                .with_protocol_versions(&[&TLS13])?
                .with_client_cert_verifier(Arc::new(callers));
            let mut config = builder.with_cert_resolver(own(material)?);
            config.alpn_protocols = vec![b"h2".to_vec()];
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
            Ok(config)
        })
    }

    fn of(
        certificates: &Certificates,
        make: impl Fn(&Material) -> Result<ServerConfig, Error> + Send + Sync + 'static,
    ) -> Self {
        Self {
            made: Made::of(certificates, make),
            told: Arc::default(),
        }
    }

    /// Agrees on TLS with a caller. One that is refused is logged with the cause, at most every ten seconds.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let caller = stream.peer_addr().ok();
        let agreed = async {
            let agreeing = TlsAcceptor::from(self.made.newest()?).accept(stream);
            let in_time = tokio::time::timeout(HANDSHAKE_MAX, agreeing).await;
            in_time.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
        };
        agreed.await.inspect_err(|error| {
            if let Some(count) = self.told.again() {
                let caller = caller.map(|caller| caller.to_string()).unwrap_or_default();
                tracing::warn!(caller, count, "a connection was refused: {}", cause(error));
            }
        })
    }
}

fn own(material: &Material) -> Result<Arc<SingleCertAndKey>, Error> {
    let own = material.own.clone();
    let own = own.ok_or_else(|| Error::General("a server needs a certificate and its key".to_owned()))?;
    Ok(Arc::new(SingleCertAndKey::from(own)))
}

/// Why a caller was refused, for whom it is to mend.
fn cause(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::TimedOut {
        return format!("it did not agree on TLS within {HANDSHAKE_MAX:?}");
    }
    let said = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match said {
        Some(Error::InvalidMessage(_)) => {
            "it speaks no TLS: set the caller's certificates, or https in its address".to_owned()
        }
        Some(Error::NoCertificatesPresented) => "it shows no certificate: set the caller's certificates".to_owned(),
        Some(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            "none of the CAs that are trusted here has issued its certificate".to_owned()
        }
        Some(Error::InvalidCertificate(CertificateError::Other(OtherError(wrong)))) => {
            format!("its certificate is not accepted: {wrong}")
        }
        Some(Error::InvalidCertificate(wrong)) => format!("its certificate is not accepted: {wrong}"),
        Some(Error::AlertReceived(alert @ (AlertDescription::UnknownCA | AlertDescription::BadCertificate))) => {
            format!("it does not accept the certificate shown here ({alert:?})")
        }
        Some(other) => other.to_string(),
        None if error.kind() == io::ErrorKind::UnexpectedEof => "it broke off before TLS was agreed on".to_owned(),
        None => error.source().map_or_else(|| error.to_string(), ToString::to_string),
    }
}

#[cfg(test)]
mod tests {
    use rustls::RootCertStore;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, UnixTime};
    use rustls::server::danger::ClientCertVerifier as _;
    use testkit::Authority;

    use super::*;

    #[test]
    fn a_caller_that_has_no_business_here_is_refused_by_a_sentence() {
        let ca = Authority::new("platform");
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(ca.pem().as_bytes()).unwrap())
            .unwrap();
        let may_call = [ServerName::try_from("shop.quanyu").unwrap()];
        let callers = Callers::new(Arc::new(roots), may_call.to_vec().into()).unwrap();
        let other = CertificateDer::from_pem_slice(ca.issue(&["points.quanyu"]).cert.as_bytes()).unwrap();
        let refused = callers.verify_client_cert(&other, &[], UnixTime::now()).unwrap_err();
        assert_eq!(
            cause(&io::Error::new(io::ErrorKind::InvalidData, refused)),
            "its certificate is not accepted: it is issued for points.quanyu, which may not call here"
        );
    }
}
