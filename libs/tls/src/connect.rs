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

/// An error of the other side's, or of ours with it, with what is to be mended.
pub fn explained(called: &str, error: io::Error) -> io::Error {
    let said = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let told = match said {
        Some(Error::InvalidMessage(_)) => format!("{called} speaks no TLS there: give it its certificates"),
        Some(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            format!("none of the CAs that are trusted here has issued the certificate of {called}")
        }
        Some(Error::InvalidCertificate(wrong)) => format!("the certificate of {called} is not accepted: {wrong}"),
        Some(Error::AlertReceived(alert)) if is_of_certificate(*alert) => format!(
            "{called} does not accept the certificate of this process ({alert:?}): its log says why; see who issued it, for \
             which name, and until when"
        ),
        Some(_) | None => return error,
    };
    io::Error::new(io::ErrorKind::InvalidData, told)
}

fn is_of_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::NoCertificate
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError
            | AlertDescription::CertificateRequired
    )
}
