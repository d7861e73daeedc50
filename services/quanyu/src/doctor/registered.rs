use mesh::Etcd;
use rpc::{Address, Transport};
use tls::{Certificates, Connector};

use super::{PEER_TIMEOUT, Report, certificates, good};
use crate::config::Config;
use crate::roles;

/// Whether etcd can be asked, who is registered there, and whether each of them answers.
pub(super) async fn look(config: &Config, transport: &Transport, report: &mut Report) {
    let connector = config
        .etcd_files()
        .and_then(|files| Certificates::watch("etcd", files).ok());
    let etcd = match config.etcd("doctor", connector.as_ref().map(Connector::new)) {
        Ok(etcd) => etcd,
        Err(problem) => return report.bad(problem, "mend the setting"),
    };
    let prefix = etcd.prefix.clone();
    let entries = match Etcd::ask(etcd).await {
        Ok(entries) => entries,
        Err(fault) => {
            const GO_ON: &str =
                "until then processes go on with the replicas that they know, and nobody finds new ones";
            let told = fault.to_string();
            let mend = match tls::tells_of_certificates(&told) {
                true => "mend the certificates (etcd.ca_file, etcd.cert_file and etcd.key_file are this side's)",
                false => "see that etcd runs, that etcd.endpoints names it, and that its user may read the keys",
            };
            return report.bad(told, &format!("{mend}: {GO_ON}"));
        }
    };
    good(format_args!(
        "etcd answers, {} are registered below {prefix}",
        entries.len()
    ));
    for entry in &entries {
        let zone = entry
            .zone
            .as_ref()
            .map(|zone| format!(" in zone {zone}"))
            .unwrap_or_default();
        let what = format!("{} {} at {}{zone}", entry.role, entry.version, entry.address);
        let Ok(address) = entry.address.parse::<Address>() else {
            report.bad(
                format_args!("{what}: that is no address"),
                "set advertise of that process to where others call it",
            );
            continue;
        };
        // The edge speaks with clients, not with its peers.
        if entry.role == gateway::NAME {
            good(format_args!("{what} is registered"));
            continue;
        }
        match transport
            .remote(&entry.role, &contracts_all::CONTRACT, address.uri())
            .check(PEER_TIMEOUT)
            .await
        {
            Ok(()) => good(format_args!("{what} is registered and answers")),
            Err(fault) => {
                let told = fault.to_string();
                let mend = certificates::mend(&told).unwrap_or(
                    "see that its advertise is where others call it, and that no firewall lies between; one that was killed \
                     goes when its lease ends",
                );
                report.bad(format_args!("{what} is registered: {told}"), mend);
            }
        }
    }
    for name in roles::names().filter(|name| entries.iter().all(|entry| entry.role != *name)) {
        report.bad(
            format_args!("nobody serves {name}, as far as etcd knows"),
            &format!("start `quanyu serve {name}` with the same etcd.prefix"),
        );
    }
}
