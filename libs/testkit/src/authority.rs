use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

/// A CA of a test. What it issues is valid for both sides of a connection.
pub struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub struct Issued {
    /// The certificate.
    pub cert: String,
    /// Its private key.
    pub key: String,
}

impl Authority {
    /// A new one, valid for a day.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Self { pem, issuer }
    }

    /// Its own certificate.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate for these names, valid for an hour.
    pub fn issue(&self, names: &[&str]) -> Issued {
        self.issue_until(names, Duration::HOUR)
    }

    /// The same, which ends after this time, or has ended where that is negative.
    pub fn issue_until(&self, names: &[&str], left: Duration) -> Issued {
        let both_sides = [ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        self.issue_of(names, left, &both_sides)
    }

    /// A certificate that is good for servers alone, as public CAs issue them.
    pub fn issue_for_server(&self, names: &[&str]) -> Issued {
        self.issue_of(names, Duration::HOUR, &[ExtendedKeyUsagePurpose::ServerAuth])
    }

    /// A certificate that is good for clients alone.
    pub fn issue_for_client(&self, names: &[&str]) -> Issued {
        self.issue_of(names, Duration::HOUR, &[ExtendedKeyUsagePurpose::ClientAuth])
    }

    fn issue_of(&self, names: &[&str], left: Duration, uses: &[ExtendedKeyUsagePurpose]) -> Issued {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        let now =
            OffsetDateTime::from_unix_timestamp(kernel::Clock::system().now().millis().div_euclid(1_000)).unwrap();
        params.not_before = now.saturating_sub(Duration::DAY);
        params.not_after = now.saturating_add(left);
        params.extended_key_usages = uses.to_vec();
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap().pem();
        let key = key.serialize_pem();
        Issued { cert, key }
    }
}

/// A secret as Kubernetes mounts it: files behind a link that is exchanged for another one at once.
pub struct MountedSecret {
    folder: TempDir,
    version: u32,
}

impl MountedSecret {
    /// With its first content: what is trusted, and what is shown.
    pub fn new(ca: &str, own: &Issued) -> Self {
        let mut secret = Self {
            folder: tempfile::tempdir().unwrap(),
            version: 0,
        };
        secret.put(ca, own);
        for name in ["ca.crt", "tls.crt", "tls.key"] {
            let behind = Path::new("..data").join(name);
            std::os::unix::fs::symlink(behind, secret.folder.path().join(name)).unwrap();
        }
        secret
    }

    /// Exchanges the content.
    pub fn put(&mut self, ca: &str, own: &Issued) {
        self.version = self.version.saturating_add(1);
        let data = self.folder.path().join(format!("..{}", self.version));
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join("ca.crt"), ca).unwrap();
        std::fs::write(data.join("tls.crt"), &own.cert).unwrap();
        std::fs::write(data.join("tls.key"), &own.key).unwrap();
        let link = self.folder.path().join("..data_tmp");
        std::os::unix::fs::symlink(&data, &link).unwrap();
        std::fs::rename(link, self.folder.path().join("..data")).unwrap();
    }

    /// The file of the CAs.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// The file of the certificate.
    pub fn cert(&self) -> PathBuf {
        self.folder.path().join("tls.crt")
    }

    /// The file of its key.
    pub fn key(&self) -> PathBuf {
        self.folder.path().join("tls.key")
    }

    /// All of them.
    pub fn files(&self) -> tls::Files {
        tls::Files {
            ca: Some(self.ca()),
            cert: Some(self.cert()),
            key: Some(self.key()),
            ..tls::Files::default()
        }
    }
}
