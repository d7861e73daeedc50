//! Whether those who trust a set of CAs accept a certificate.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kernel::Time;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{CertificateError, Error, RootCertStore};

use crate::provider;

/// Why a certificate is not accepted.
#[derive(Debug)]
pub(crate) enum Refused {
    /// None of the CAs has issued it.
    Issuer,
    /// It is not for this side of a connection.
    Use(Side),
    /// Something else, for this side of a connection.
    Other(Side, Error),
}

/// A side of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Side {
    Client,
    Server,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Server => "server",
        })
    }
}

/// Asks the verifiers of both sides. The first certificate is the own one, the others are those between it and its CA.
pub(crate) fn on_both_sides(chain: &[CertificateDer<'_>], roots: &RootCertStore, now: Time) -> Result<(), Refused> {
    let Some((own, between)) = chain.split_first() else {
        return Err(Refused::Issuer);
    };
    let millis = u64::try_from(now.millis()).unwrap_or_default();
    let now = UnixTime::since_unix_epoch(Duration::from_millis(millis));
    as_server(own, between, roots, now).map_err(|error| refused(Side::Server, error))?;
    as_client(own, between, roots, now).map_err(|error| refused(Side::Client, error))
}

fn as_server(
    own: &CertificateDer<'_>,
    between: &[CertificateDer<'_>],
    roots: &RootCertStore,
    now: UnixTime,
) -> Result<(), Error> {
    let own = ParsedCertificate::try_from(own)?;
    let algorithms = provider().signature_verification_algorithms.all;
    verify_server_cert_signed_by_trust_anchor(&own, roots, between, now, algorithms)
}

fn as_client(
    own: &CertificateDer<'_>,
    between: &[CertificateDer<'_>],
    roots: &RootCertStore,
    now: UnixTime,
) -> Result<(), Error> {
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots.clone()), provider()).build();
    let verifier = verifier.map_err(|error| Error::General(error.to_string()))?;
    verifier.verify_client_cert(own, between, now).map(drop)
}

fn refused(side: Side, error: Error) -> Refused {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => Refused::Issuer,
        Error::InvalidCertificate(
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. },
        ) => Refused::Use(side),
        other => Refused::Other(side, other),
    }
}
