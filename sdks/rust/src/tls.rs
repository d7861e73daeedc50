use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint, Uri};

use crate::error::Error;

/// How `https://` is spoken, where the system's CAs and no certificate of the caller's own are not right.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// A file of the CAs to trust, as PEM.
    pub ca_file: Option<PathBuf>,
    /// A file of the caller's own certificate, as PEM, where the platform's proxy asks for one.
    pub cert_file: Option<PathBuf>,
    /// A file of its private key, as PEM.
    pub key_file: Option<PathBuf>,
    /// The name in the platform's certificate, where it is not the address's.
    pub server_name: Option<String>,
}

/// A connection over TLS, which is opened when it is first needed.
pub(crate) fn channel(endpoint: &Endpoint, tls: &Tls, host: String, port: u16) -> Result<Channel, Error> {
    let called = tls
        .server_name
        .clone()
        .unwrap_or_else(|| host.trim_matches(['[', ']']).to_owned());
    let name = ServerName::try_from(called.clone())
        .map_err(|_| Error::mistake(format!("{called} is no name that a certificate could bear")))?;
    let connector = TlsConnector::from(Arc::new(config(tls)?));
    Ok(endpoint.connect_with_connector_lazy(tower::service_fn(move |_: Uri| {
        let (connector, name, host) = (connector.clone(), name.clone(), host.clone());
        async move { open(&connector, name, &host, port).await.map(TokioIo::new) }
    })))
}

async fn open(
    connector: &TlsConnector,
    name: ServerName<'static>,
    host: &str,
    port: u16,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
    stream.set_nodelay(true)?;
    connector.connect(name, stream).await
}

fn config(tls: &Tls) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::mistake(error.to_string()))?
        .with_root_certificates(roots(tls)?);
    let mut config = match (&tls.cert_file, &tls.key_file) {
        (Some(cert), Some(key)) => {
            let key_of = PrivateKeyDer::from_pem_file(key)
                .map_err(|error| Error::mistake(format!("{} is no private key as PEM: {error}", key.display())))?;
            builder
                .with_client_auth_cert(certificates(cert)?, key_of)
                .map_err(|error| Error::mistake(format!("{} and {}: {error}", cert.display(), key.display())))?
        }
        (None, None) => builder.with_no_client_auth(),
        (Some(_), None) | (None, Some(_)) => {
            return Err(Error::mistake(
                "a certificate of one's own needs both cert_file and key_file",
            ));
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

fn roots(tls: &Tls) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    let trusted = match &tls.ca_file {
        Some(file) => certificates(file)?,
        // A machine without any is told by the first call: nobody is trusted.
        None => rustls_native_certs::load_native_certs().certs,
    };
    // What cannot be read of the system's is left out, as browsers do.
    roots.add_parsable_certificates(trusted);
    Ok(roots)
}

fn certificates(file: &PathBuf) -> Result<Vec<CertificateDer<'static>>, Error> {
    let wrong = |error: rustls::pki_types::pem::Error| {
        Error::mistake(format!("{} has no certificates as PEM: {error}", file.display()))
    };
    let found: Vec<_> = CertificateDer::pem_file_iter(file)
        .map_err(wrong)?
        .collect::<Result<_, _>>()
        .map_err(wrong)?;
    match found.is_empty() {
        true => Err(Error::mistake(format!("{} holds no certificate", file.display()))),
        false => Ok(found),
    }
}
