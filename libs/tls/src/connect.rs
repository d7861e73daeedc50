use std::io;
use std::sync::Arc;

use rustls::client::{ClientConfig, Resumption, WebPkiServerVerifier};
use rustls::pki_types::ServerName;
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, CertificateError, Error};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::certificates::Certificates;
use crate::made::Made;
use crate::provider;

/// Opens connections over TLS, for HTTP/2, to those whose certificate one of the CAs has issued for the name that is called;
/// shows the own certificate, where there is one. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Connector(Made<ClientConfig>);

impl Connector {
    /// With these certificates.
    pub fn new(certificates: &Certificates) -> Self {
        Self(Made::of(certificates, |material| {
            let verifier = WebPkiServerVerifier::builder_with_provider(material.roots.clone(), provider()).build();
            let verifier = verifier.map_err(|error| Error::General(error.to_string()))?;
            let builder = ClientConfig::builder_with_provider(provider())
                .with_protocol_versions(&[&TLS13, &TLS12])?
                .with_webpki_verifier(verifier);
            let mut config = match &material.own {
                Some(own) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(own.clone()))),
                None => builder.with_no_client_auth(),
            };
            config.alpn_protocols = vec![b"h2".to_vec()];
            config.resumption = Resumption::disabled();
            Ok(config)
        }))
    }

    /// Connects to a machine and agrees on TLS with the owner of a name there.
    pub async fn open(&self, name: ServerName<'static>, host: &str, port: u16) -> io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        self.connect(name, stream).await
    }

    /// Agrees on TLS with the owner of a name. An error says what is to be mended.
    pub async fn connect(&self, name: ServerName<'static>, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let called = name.to_str().into_owned();
        let connecting = TlsConnector::from(self.0.newest()?).connect(name, stream);
        connecting.await.map_err(|error| explained(&called, error))
    }
}

/// What is said of the other side where it answers in plain text.
pub const SPEAKS_NO_TLS: &str = "speaks no TLS there";

/// An error of the other side's, or of ours with it, with what is to be mended.
pub fn explained(called: &str, error: io::Error) -> io::Error {
    let said = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let told = match said {
        Some(Error::InvalidMessage(_)) => format!("{called} {SPEAKS_NO_TLS}: give it its certificates"),
        Some(Error::InvalidCertificate(wrong)) => refused(called, wrong),
        Some(Error::AlertReceived(AlertDescription::CertificateRequired | AlertDescription::NoCertificate)) => {
            format!("{called} asks for a certificate, and this process shows none: name its cert_file and key_file")
        }
        Some(Error::AlertReceived(alert)) if is_of_certificate(*alert) => format!(
            "{called} does not accept the certificate of this process ({alert:?}): its log says why; see who issued it, for \
             which name, and until when"
        ),
        Some(_) | None => return error,
    };
    io::Error::new(io::ErrorKind::InvalidData, told)
}

/// Why the certificate of the other side is not accepted here, and what is done about it.
fn refused(called: &str, wrong: &CertificateError) -> String {
    let cure = match wrong {
        CertificateError::UnknownIssuer => {
            return format!(
                "none of the CAs that are trusted here has issued the certificate of {called}: add the one that has to ca_file \
                 here, or issue the certificate by one of these"
            );
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "issue it anew there, and see that the clock here is right"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "see that the clocks of both sides are right"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "issue it for that DNS name (subjectAltName), and see that the address is the right one"
        }
        _ => "issue it anew by a CA that is trusted here",
    };
    format!("the certificate of {called} is not accepted: {wrong}: {cure}")
}

fn is_of_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError
    )
}

/// Whether a sentence tells of trouble with certificates, which says by itself what is to be mended: the other side is there.
pub fn tells_of_certificates(told: &str) -> bool {
    told.contains("certificate") || told.contains(SPEAKS_NO_TLS)
}

#[cfg(test)]
mod tests {
    use rustls::InvalidMessage;

    use super::*;

    fn told(error: Error) -> String {
        explained("points.quanyu", io::Error::new(io::ErrorKind::InvalidData, error)).to_string()
    }

    #[test]
    fn whatever_is_wrong_with_a_certificate_is_told_with_who_mends_it() {
        for (error, words) in [
            (
                Error::InvalidCertificate(CertificateError::UnknownIssuer),
                "to ca_file here",
            ),
            (
                Error::InvalidCertificate(CertificateError::Expired),
                "issue it anew there",
            ),
            (
                Error::InvalidCertificate(CertificateError::NotValidYet),
                "the clocks of both sides",
            ),
            (
                Error::InvalidCertificate(CertificateError::NotValidForName),
                "issue it for that DNS name",
            ),
            (
                Error::InvalidCertificate(CertificateError::BadSignature),
                "issue it anew by a CA",
            ),
            (
                Error::InvalidMessage(InvalidMessage::InvalidContentType),
                "speaks no TLS there: give it its certificates",
            ),
            (
                Error::AlertReceived(AlertDescription::CertificateRequired),
                "name its cert_file and key_file",
            ),
            (
                Error::AlertReceived(AlertDescription::CertificateExpired),
                "does not accept the certificate of this process",
            ),
            (
                Error::AlertReceived(AlertDescription::UnknownCA),
                "does not accept the certificate of this process",
            ),
        ] {
            let told = told(error);
            assert!(
                told.contains(words) && told.contains("points.quanyu"),
                "{words}: {told}"
            );
            assert!(tells_of_certificates(&told), "{told}");
        }
        assert!(!tells_of_certificates(&told(Error::HandshakeNotComplete)));
    }
}
