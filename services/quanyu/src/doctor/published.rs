use std::collections::BTreeMap;
use std::time::Duration;

use events::{JetStream, JetStreamConfig};
use store::Db;

use super::{BEHIND_MAX, Report, good};
use crate::outside;
use crate::roles;

/// How long NATS may take to answer.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Said where connections are encrypted: the client does not say why none comes about.
const MEND_TLS: &str = "the CA in nats.ca_file must have issued the servers' certificates, and these must have the names in nats.urls; \
     servers that ask for a certificate take one by a CA of theirs (nats.cert_file and key_file)";

/// Of a stream that is to be on several servers and is on none: NATS refuses it where it has fewer.
fn too_few_servers(replicas: usize) -> String {
    match replicas {
        0 | 1 => String::new(),
        _ => format!(
            ", which NATS refuses where it has fewer than {replicas} servers in a cluster: {}",
            outside::MEND_REPLICAS
        ),
    }
}

/// Whether NATS answers, and what it holds of the facts of each service.
pub(super) async fn look(nats: JetStreamConfig, databases: &BTreeMap<&'static str, Db>, report: &mut Report) {
    const AWAY: &str = "see that NATS runs, that nats.urls names it and that it admits this process: until then facts are read from \
         the services that tell them, and nothing is lost";
    let replicas = nats.replicas;
    let is_over_tls =
        nats.ca_file.is_some() || nats.own_files.is_some() || nats.urls.iter().any(|url| url.starts_with("tls:"));
    let nats = match JetStream::start(nats).await {
        Ok(nats) => nats,
        Err(fault) => return report.bad(fault, "mend the setting"),
    };
    if !nats.connected_within(TIMEOUT).await {
        let told = nats.standing().troubles.join("; ");
        let mend = match is_over_tls {
            true => format!("{AWAY}. Over TLS {MEND_TLS}"),
            false => AWAY.to_owned(),
        };
        return report.bad(format_args!("NATS does not answer: {told}"), &mend);
    }
    good("NATS answers");
    for service in roles::heard() {
        let window = match nats.window(service).await {
            Ok(window) => window,
            Err(fault) => {
                return report.bad(
                    fault,
                    "see that NATS has JetStream, and that this process may use its API",
                );
            }
        };
        let head = match databases.get(service) {
            Some(db) => db.last_position().await.ok(),
            None => None,
        };
        let Some(window) = window else {
            report.bad(
                format_args!("{service}: its facts have no stream"),
                &format!(
                    "see that `quanyu serve {service}` runs with facts = \"jetstream\": it makes the stream{}",
                    too_few_servers(replicas)
                ),
            );
            continue;
        };
        let behind = head.map_or(0, |head| head.saturating_sub(window.last));
        if behind < 0 {
            report.bad(
                format_args!(
                    "{service}: its stream goes to {}, and its outbox to {} only: the database was brought back to an earlier moment",
                    window.last,
                    window.last.saturating_add(behind)
                ),
                &format!("see that `quanyu serve {service}` runs and reaches NATS: it makes the stream anew, and nobody reads it before"),
            );
        } else if window.missing > 0 || behind > BEHIND_MAX {
            report.bad(
                format_args!(
                    "{service}: its stream holds {} to {}, {} in between are gone, and the outbox is {behind} ahead",
                    window.first, window.last, window.missing
                ),
                &format!("see that `quanyu serve {service}` runs and reaches NATS: it mends the stream by itself"),
            );
        } else {
            good(format_args!(
                "{service}: its stream holds {} to {}, {behind} behind the outbox",
                window.first, window.last
            ));
        }
    }
}
