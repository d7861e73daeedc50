//! What can be set of certificates.

use std::path::PathBuf;

use documented::DocumentedFields;
use kernel::Clock;
use rpc::tls_name;
use runtime::Problem;
use serde::{Deserialize, Serialize};
use tls::{File, Files};

use super::{Config, Discovery};
use crate::roles::Role;

/// The certificate that clients of the gateway see.
#[derive(Debug, Clone, Default, Serialize, Deserialize, DocumentedFields)]
#[serde(default, deny_unknown_fields)]
pub struct TlsSettings {
    /// The certificate that the gateway shows to clients at `listen`, then those between it and its CA, as PEM; absent: clients
    /// speak plain text. A file that changes is read again, without a restart.
    pub cert_file: Option<PathBuf>,
    /// The certificate's private key.
    pub key_file: Option<PathBuf>,
}

/// The certificates that services show each other.
#[derive(Debug, Clone, Default, Serialize, Deserialize, DocumentedFields)]
#[serde(default, deny_unknown_fields)]
pub struct MeshTlsSettings {
    /// The CAs that issue the certificates of this platform's services, as PEM; absent: services speak plain text with each
    /// other. With it a service is called over TLS alone, by services alone that may call it, and calls its peers over TLS,
    /// whatever their addresses begin with. Files that change are read again, without a restart.
    pub ca_file: Option<PathBuf>,
    /// This service's certificate, with its role as a DNS name: "points.quanyu".
    pub cert_file: Option<PathBuf>,
    /// The certificate's private key.
    pub key_file: Option<PathBuf>,
}

/// Something that was set, and its file.
type Named<'a> = (File, &'a Option<PathBuf>);

/// Files that belong together and are not all named.
pub(super) fn incomplete(group: &str, files: &[Named<'_>]) -> Vec<Problem> {
    if files.iter().all(|(_, path)| path.is_none()) {
        return Vec::new();
    }
    let missing = files.iter().filter(|(_, path)| path.is_none());
    missing
        .map(|(file, _)| {
            let others = files.iter().filter(|(_, path)| path.is_some());
            let others: Vec<String> = others.map(|(file, _)| format!("{group}.{}", file.setting())).collect();
            Problem::new(
                format!("{group}.{}", file.setting()),
                format!("must be set beside {}", others.join(" and ")),
            )
        })
        .collect()
}

/// What is wrong with the files themselves.
pub(super) fn wrong(group: &str, files: Option<Files>) -> Vec<Problem> {
    let troubles = files
        .map(|files| files.check(Clock::system().now()))
        .unwrap_or_default();
    troubles
        .into_iter()
        .map(|trouble| Problem::new(format!("{group}.{}", trouble.file.setting()), trouble.message))
        .collect()
}

impl Config {
    /// Files that are named without those that belong to them.
    pub(super) fn problems_of_certificates(&self) -> Vec<Problem> {
        let Self {
            tls, mesh_tls, etcd, ..
        } = self;
        let mut problems = incomplete("tls", &[(File::Cert, &tls.cert_file), (File::Key, &tls.key_file)]);
        let of_mesh = [
            (File::Ca, &mesh_tls.ca_file),
            (File::Cert, &mesh_tls.cert_file),
            (File::Key, &mesh_tls.key_file),
        ];
        problems.extend(incomplete("mesh_tls", &of_mesh));
        let of_etcd = [
            (File::Ca, &etcd.ca_file),
            (File::Cert, &etcd.cert_file),
            (File::Key, &etcd.key_file),
        ];
        // CAs alone are enough where etcd asks for no certificate.
        if etcd.cert_file.is_some() || etcd.key_file.is_some() {
            problems.extend(incomplete("etcd", &of_etcd));
        }
        if self.mesh_tls.ca_file.is_none() {
            let safe = self.peer_addresses().into_iter();
            let safe = safe.filter(|(_, addresses)| addresses.iter().any(rpc::Address::is_https));
            problems.extend(safe.map(|(peer, _)| {
                Problem::new(
                    format!("peers.{peer}"),
                    "begins with https: set mesh_tls, or write http",
                )
            }));
        }
        problems
    }

    /// What is wrong with the files of certificates, for a process that plays a role.
    pub(super) fn problems_of_files(&self, role: &Role) -> Vec<Problem> {
        let mut problems = wrong("mesh_tls", self.mesh_files(Some(role.name)));
        if role.name == gateway::NAME {
            problems.extend(self.problems_of_opener());
        }
        if self.discovery == Discovery::Etcd {
            problems.extend(wrong("etcd", self.etcd_files()));
        }
        problems
    }

    /// What is wrong with the files that a process needs which opens the gateway: of the certificate that clients see, and of
    /// the issuers whose tokens they bring.
    pub fn problems_of_opener(&self) -> Vec<Problem> {
        let mut problems = wrong("tls", self.listener_files());
        problems.extend(self.problems_of_issuers());
        problems
    }

    /// The certificate that clients see.
    pub(crate) fn listener_files(&self) -> Option<Files> {
        let cert = self.tls.cert_file.as_ref()?;
        Some(Files {
            cert: Some(cert.clone()),
            key: self.tls.key_file.clone(),
            ..Files::default()
        })
    }

    /// The certificates that services show each other; the own one must have the name of the service, where that is known.
    pub(crate) fn mesh_files(&self, service: Option<&str>) -> Option<Files> {
        let ca = self.mesh_tls.ca_file.as_ref()?;
        Some(Files {
            ca: Some(ca.clone()),
            cert: self.mesh_tls.cert_file.clone(),
            key: self.mesh_tls.key_file.clone(),
            name: service.and_then(|service| tls_name(service).ok()),
            is_mutual: true,
        })
    }

    /// Those of etcd, and of this process as its client.
    pub(crate) fn etcd_files(&self) -> Option<Files> {
        let ca = self.etcd.ca_file.as_ref()?;
        Some(Files {
            ca: Some(ca.clone()),
            cert: self.etcd.cert_file.clone(),
            key: self.etcd.key_file.clone(),
            // etcd may trust other CAs than the one that issued its own certificate.
            ..Files::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use runtime::Settings;
    use testkit::{Authority, MountedSecret};

    use super::*;
    use crate::roles;

    fn told(config: &Config, role: &str) -> Vec<String> {
        let role = roles::role(role).unwrap();
        let problems = config.problems().into_iter().chain(config.problems_of_files(role));
        problems.map(|problem| problem.setting).collect()
    }

    fn of_mesh(secret: &MountedSecret) -> MeshTlsSettings {
        MeshTlsSettings {
            ca_file: Some(secret.ca()),
            cert_file: Some(secret.cert()),
            key_file: Some(secret.key()),
        }
    }

    #[test]
    fn files_that_belong_together_are_wanted_together() {
        let mut config = Config::default();
        config.tls.cert_file = Some("tls.crt".into());
        config.mesh_tls.key_file = Some("tls.key".into());
        config.etcd.key_file = Some("etcd.key".into());
        config
            .peers
            .insert("points".to_owned(), "https://points:7401".to_owned());
        let told: Vec<String> = config.problems().iter().map(ToString::to_string).collect();
        let expected = [
            "tls.key_file: must be set beside tls.cert_file",
            "mesh_tls.ca_file: must be set beside mesh_tls.key_file",
            "mesh_tls.cert_file: must be set beside mesh_tls.key_file",
            "etcd.ca_file: must be set beside etcd.key_file",
            "etcd.cert_file: must be set beside etcd.key_file",
            "peers.points: begins with https: set mesh_tls, or write http",
        ];
        let mut told: Vec<&str> = told.iter().map(String::as_str).collect();
        told.sort_by_key(|told| expected.iter().position(|expected| told == expected));
        assert_eq!(told, expected);
    }

    #[test]
    fn a_certificate_is_one_of_the_role_and_each_role_reads_its_own_files() {
        let ca = Authority::new("platform");
        let secret = MountedSecret::new(ca.pem(), &ca.issue(&["points.quanyu"]));
        let mut config = Config {
            mesh_tls: of_mesh(&secret),
            ..Config::default()
        };
        assert_eq!(told(&config, "points"), Vec::<String>::new());
        assert_eq!(told(&config, "rights"), ["mesh_tls.cert_file"]);
        // A file of settings that all roles share names the gateway's certificate too, which the others need not have.
        config.tls = TlsSettings {
            cert_file: Some("nowhere.crt".into()),
            key_file: Some("nowhere.key".into()),
        };
        assert_eq!(told(&config, "points"), Vec::<String>::new());
        let of_gateway = ["mesh_tls.cert_file", "tls.cert_file", "tls.key_file"];
        assert_eq!(told(&config, "gateway"), of_gateway);
    }
}
