use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kernel::Time;
use rustls::RootCertStore;
use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;

use crate::accepted::{self, Refused};
use crate::certificate::{names, validity};
use crate::provider;

/// The longest file that is read: bundles of public CAs have some hundred kilobytes.
const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The files of one use of TLS, in PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// The certificates of the CAs that are trusted; during a change of CAs, of both.
    pub ca: Option<PathBuf>,
    /// The own certificate, then those between it and its CA.
    pub cert: Option<PathBuf>,
    /// The private key of the own certificate.
    pub key: Option<PathBuf>,
    /// A name that the own certificate must have.
    pub name: Option<ServerName<'static>>,
    /// Whether the own certificate is shown to those who trust these same CAs, as a client and as a server.
    pub is_mutual: bool,
}

/// One of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// That of the CAs.
    Ca,
    /// That of the own certificate.
    Cert,
    /// That of its key.
    Key,
}

impl File {
    /// As the settings call it.
    pub fn setting(self) -> &'static str {
        match self {
            Self::Ca => "ca_file",
            Self::Cert => "cert_file",
            Self::Key => "key_file",
        }
    }
}

/// What is wrong with a file, and how it is mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Which one.
    pub file: File,
    /// The sentence.
    pub message: String,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.setting(), self.message)
    }
}

/// What the files held when they were read, byte for byte.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Bytes {
    ca: Option<Vec<u8>>,
    cert: Option<Vec<u8>>,
    key: Option<Vec<u8>>,
}

/// What connections are made with.
#[derive(Debug)]
pub(crate) struct Material {
    /// The CAs that are trusted.
    pub(crate) roots: Arc<RootCertStore>,
    /// The own certificate and its key.
    pub(crate) own: Option<Arc<CertifiedKey>>,
    /// When the first of the own certificates ends.
    pub(crate) expires: Option<Time>,
}

impl Files {
    /// Everything that is wrong with the files at this time.
    pub fn check(&self, now: Time) -> Vec<Trouble> {
        self.load(now).err().unwrap_or_default()
    }

    /// When the first of the own certificates ends, where the files are good at this time.
    pub fn expires(&self, now: Time) -> Option<Time> {
        self.load(now).ok()?.expires
    }

    fn load(&self, now: Time) -> Result<Material, Vec<Trouble>> {
        self.parse(&self.read()?, now)
    }

    pub(crate) fn read(&self) -> Result<Bytes, Vec<Trouble>> {
        let mut troubles = Vec::new();
        let mut read = |file: File, path: &Option<PathBuf>| good(file, content(path.as_deref()?), &mut troubles);
        let bytes = Bytes {
            ca: read(File::Ca, &self.ca),
            cert: read(File::Cert, &self.cert),
            key: read(File::Key, &self.key),
        };
        match troubles.is_empty() {
            true => Ok(bytes),
            false => Err(troubles),
        }
    }

    /// What the bytes are worth at this time, or everything that is wrong with them.
    pub(crate) fn parse(&self, bytes: &Bytes, now: Time) -> Result<Material, Vec<Trouble>> {
        let mut troubles = Vec::new();
        let roots = match (&bytes.ca, &self.ca) {
            (Some(pem), Some(path)) => good(File::Ca, roots(pem, path, now), &mut troubles),
            _ => Some(RootCertStore::empty()),
        };
        let chain = match (&bytes.cert, &self.cert) {
            (Some(pem), Some(path)) => {
                let chain = chain(pem, path, self.name.as_ref(), now);
                good(File::Cert, chain, &mut troubles)
            }
            _ => None,
        };
        let key = match (&bytes.key, &self.key) {
            (Some(pem), Some(path)) => good(File::Key, key(pem, path), &mut troubles),
            _ => None,
        };
        if let (true, Some(roots), Some(chain)) = (self.is_mutual, &roots, &chain) {
            good(File::Cert, self.mutual(chain, roots, now), &mut troubles);
        }
        let expires = chain.as_ref().and_then(|chain| {
            let ends = chain.iter().filter_map(validity);
            ends.map(|(_, end)| end).min()
        });
        let own = match (chain, key) {
            (Some(chain), Some(key)) => good(File::Key, self.pair(chain, key), &mut troubles),
            _ => None,
        };
        match roots {
            Some(roots) if troubles.is_empty() => Ok(Material {
                roots: Arc::new(roots),
                own: own.map(Arc::new),
                expires,
            }),
            Some(_) | None => Err(troubles),
        }
    }

    /// Whether those who trust the CAs accept the own certificate on both sides of a connection.
    fn mutual(&self, chain: &[CertificateDer<'_>], roots: &RootCertStore, now: Time) -> Result<(), String> {
        accepted::on_both_sides(chain, roots, now).map_err(|refused| {
            let (cert, ca) = (shown(self.cert.as_deref()), shown(self.ca.as_deref()));
            match refused {
                Refused::Issuer => format!(
                    "{cert} is not issued by a CA in {ca}: issue it by one of these, or add its CA there; CAs between them \
                     belong into {cert}, after the own certificate"
                ),
                Refused::Use(side) => format!(
                    "{cert} may not be used as a {side}: issue it anew with extendedKeyUsage serverAuth and clientAuth"
                ),
                Refused::Other(side, error) => {
                    format!("{cert} is not accepted as that of a {side}: {error}: issue it anew by a CA in {ca}")
                }
            }
        })
    }

    fn pair(&self, chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<CertifiedKey, String> {
        CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => format!(
                "{} is not the key of the certificate in {}: name two files that were issued together",
                shown(self.key.as_deref()),
                shown(self.cert.as_deref())
            ),
            other => format!(
                "{} cannot be used: {other}: make an ECDSA (P-256), Ed25519 or RSA key",
                shown(self.key.as_deref())
            ),
        })
    }
}

/// What is good; what is wrong with it is told with the others'.
fn good<T>(file: File, outcome: Result<T, String>, troubles: &mut Vec<Trouble>) -> Option<T> {
    outcome.map_err(|message| troubles.push(Trouble { file, message })).ok()
}

fn shown(path: Option<&Path>) -> String {
    path.map_or_else(String::new, |path| path.display().to_string())
}

fn content(path: &Path) -> Result<Vec<u8>, String> {
    let wrong = |cause: String| {
        let path = path.display();
        format!("{path} cannot be read: {cause}: see that it is there and that this process may read it")
    };
    let size = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?.len();
    if size > BYTES_MAX {
        return Err(wrong(format!("it has {size} bytes, more than {BYTES_MAX}")));
    }
    std::fs::read(path).map_err(|error| wrong(error.to_string()))
}

fn certificates(pem: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let path = path.display();
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let read =
        read.map_err(|error| format!("{path} is no PEM: {error}: put the certificates there as they were issued"))?;
    if read.is_empty() {
        return Err(format!(
            "{path} has no certificate: put PEM there that begins with -----BEGIN CERTIFICATE-----"
        ));
    }
    match read.iter().all(|certificate| validity(certificate).is_some()) {
        true => Ok(read),
        false => Err(format!(
            "{path} has a certificate that cannot be read: put it there as it was issued"
        )),
    }
}

/// CAs, one of which at least is valid: of two during a change the old one may have ended.
fn roots(pem: &[u8], path: &Path, now: Time) -> Result<RootCertStore, String> {
    let certificates = certificates(pem, path)?;
    let is_valid =
        |certificate: &CertificateDer<'_>| validity(certificate).is_some_and(|(begin, end)| begin <= now && now < end);
    if !certificates.iter().any(is_valid) {
        let path = path.display();
        return Err(format!(
            "{path} has no CA that is valid at {now}: add the one that issues certificates today"
        ));
    }
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots
            .add(certificate)
            .map_err(|error| format!("{} has a certificate that cannot be a CA: {error}", path.display()))?;
    }
    Ok(roots)
}

/// The own certificate first; each of them valid, and the first one with the name that it must have.
fn chain(
    pem: &[u8],
    path: &Path,
    name: Option<&ServerName<'_>>,
    now: Time,
) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain = certificates(pem, path)?;
    let shown = path.display();
    for (begin, end) in chain.iter().filter_map(validity) {
        if now >= end {
            return Err(format!("{shown} has expired at {end}: issue it anew"));
        }
        if now < begin {
            return Err(format!(
                "{shown} is not valid before {begin}, and it is {now}: issue it anew, or set the clock right"
            ));
        }
    }
    if let (Some(name), Some(own)) = (name, chain.first())
        && !ParsedCertificate::try_from(own).is_ok_and(|own| verify_server_name(&own, name).is_ok())
    {
        return Err(format!(
            "{shown} is issued for {}: issue it for {} as a DNS name (subjectAltName)",
            names(own),
            name.to_str()
        ));
    }
    Ok(chain)
}

fn key(pem: &[u8], path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| {
        let path = path.display();
        format!("{path} has no private key ({error}): put one there as PEM, not encrypted, such as PKCS#8")
    })
}
