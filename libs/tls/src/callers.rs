use std::fmt;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore, SignatureScheme,
};

use crate::certificate::names;
use crate::provider;

/// Callers whose certificate a trusted CA has issued, for one of the names that may call.
#[derive(Debug)]
pub(crate) struct Callers {
    issued: Arc<dyn ClientCertVerifier>,
    names: Arc<[ServerName<'static>]>,
}

/// A certificate of the platform whose owner has no business here.
#[derive(Debug)]
struct MayNotCall {
    names: String,
}

impl fmt::Display for MayNotCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it is issued for {}, which may not call here", self.names)
    }
}

impl std::error::Error for MayNotCall {}

impl Callers {
    pub(crate) fn new(roots: Arc<RootCertStore>, names: Arc<[ServerName<'static>]>) -> Result<Self, Error> {
        let issued = WebPkiClientVerifier::builder_with_provider(roots, provider()).build();
        let issued = issued.map_err(|error| Error::General(error.to_string()))?;
        Ok(Self { issued, names })
    }
}

impl ClientCertVerifier for Callers {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.issued.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.issued.verify_client_cert(certificate, between, now)?;
        let parsed = ParsedCertificate::try_from(certificate)?;
        if self.names.iter().any(|name| verify_server_name(&parsed, name).is_ok()) {
            return Ok(verified);
        }
        let names = names(certificate);
        Err(CertificateError::Other(OtherError(Arc::new(MayNotCall { names }))).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.issued.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.issued.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.issued.supported_verify_schemes()
    }
}
