//! What a process works with that is no part of the platform: etcd, which tells who is where, NATS, which moves facts, and
//! its certificates. It goes on without the first two, and with the certificates that it has read before.

use std::sync::Arc;
use std::time::Duration;

use events::{JetStream, PeerFacts};
use fault::Fault;
use gateway::IssuerStandings;
use mesh::{Etcd, Standing};
use rpc::Peers;
use runtime::{Facts, Readiness, Worker};
use store::Db;

use crate::certificates::Held;
use crate::config::{Config, Discovery};
use crate::metrics::Beside;
use crate::roles::{self, Role};

/// What the configuration says that a process works with. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Outside {
    pub(crate) held: Held,
    pub(crate) etcd: Option<Etcd>,
    nats: Option<JetStream>,
    /// The issuers of tokens, which the gateway alone works with.
    pub(crate) issuers: IssuerStandings,
}

impl Outside {
    /// Begins to speak with them. Whoever is away is not waited for.
    pub(crate) async fn start(config: &Config, role: &Role) -> Result<Self, Fault> {
        let held = Held::of_role(config, role)?;
        let etcd = match config.discovery {
            Discovery::Etcd => {
                let etcd = config.etcd(role.name, held.of_etcd());
                let etcd = etcd.map_err(|problem| Fault::invalid(problem.setting, problem.message))?;
                Some(Etcd::start(etcd))
            }
            Discovery::Static | Discovery::Dns => None,
        };
        let nats = match config.nats(role.name) {
            Some(nats) => {
                let is_on_several = nats.replicas > 1;
                let nats = JetStream::start(nats).await?;
                if is_on_several {
                    tokio::spawn(tell_of_too_few_servers(nats.clone(), role.name));
                }
                Some(nats)
            }
            None => None,
        };
        Ok(Self {
            held,
            etcd,
            nats,
            issuers: IssuerStandings::default(),
        })
    }

    /// Of a process that plays all roles, and works with certificates and issuers alone.
    pub(crate) fn of_all(held: Held, issuers: IssuerStandings) -> Self {
        Self {
            held,
            issuers,
            ..Self::default()
        }
    }

    /// Has the process be degraded, and no more, where something is wrong with them.
    pub(crate) fn degrades(&self, readiness: &Readiness) {
        self.held.degrades(readiness);
        if let Some(etcd) = self.etcd.clone() {
            readiness.degraded_by("etcd", move || troubles(etcd.standing()));
        }
        if let Some(nats) = self.nats.clone() {
            readiness.degraded_by("nats", move || {
                nats.standing().troubles.into_iter().map(with_mend).collect()
            });
        }
    }

    /// What the process has seen of them.
    pub(crate) fn standing(&self) -> Beside {
        Beside {
            etcd: self.etcd.as_ref().map(Etcd::standing),
            nats: self.nats.as_ref().map(JetStream::standing),
            certificates: self.held.standing(),
            issuers: self.issuers.read(),
        }
    }

    /// The way of other services' facts to this process.
    pub(crate) fn facts(&self, peers: &Peers) -> Arc<dyn Facts> {
        let by_peers = Arc::new(PeerFacts::new(peers.clone()));
        match &self.nats {
            Some(nats) => Arc::new(nats.facts(by_peers)),
            None => by_peers,
        }
    }

    /// The worker that publishes the facts of a role which others hear.
    pub(crate) fn publisher(&self, role: &Role, db: &Db) -> Option<Box<dyn Worker>> {
        let is_heard = roles::heard().any(|heard| heard == role.name);
        self.nats
            .as_ref()
            .filter(|_| is_heard)
            .map(|nats| nats.publisher(role.name, db))
    }
}

/// What is done where NATS does not keep a stream on as many servers as it should.
pub(crate) const MEND_REPLICAS: &str =
    "set nats.replicas = 1 for a single server, and to no more than it has servers for a cluster";
/// What NATS says then (its errors 10074 and 10005).
const TOO_FEW_SERVERS: [&str; 2] = ["replicas > 1 not supported", "no suitable peers for placement"];
/// How often it is looked whether NATS says so.
const LOOK_EVERY: Duration = Duration::from_secs(1);

fn is_of_too_few_servers(trouble: &str) -> bool {
    TOO_FEW_SERVERS.iter().any(|words| trouble.contains(words))
}

/// A trouble with NATS, with what is done about it where the settings are to be changed.
fn with_mend(trouble: String) -> String {
    match is_of_too_few_servers(&trouble) {
        true => format!("{trouble}: {MEND_REPLICAS}"),
        false => trouble,
    }
}

/// Says in the log, once, that NATS has fewer servers than the settings believe: no check of the settings can know. Ends when
/// the facts of the service are published.
async fn tell_of_too_few_servers(nats: JetStream, service: &str) {
    loop {
        let standing = nats.standing();
        if let Some(trouble) = standing
            .troubles
            .into_iter()
            .find(|trouble| is_of_too_few_servers(trouble))
        {
            return tracing::error!("{}", with_mend(trouble));
        }
        if standing.published.contains_key(service) {
            return;
        }
        kernel::pause(LOOK_EVERY).await;
    }
}

/// What is wrong with etcd. Calls go on as before: nobody is lost who is known.
fn troubles(standing: Standing) -> Vec<String> {
    if standing.troubles.is_empty() && standing.is_registered == Some(false) {
        return vec!["this process is not registered, and new callers do not find it".to_owned()];
    }
    // Of one that is away, who learns from it tells the same as who registers there, perhaps of another node: it is one finding.
    let mut troubles = standing.troubles;
    troubles.dedup();
    match troubles.is_empty() {
        true => troubles,
        false => vec![troubles.join("; ")],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn that_nats_has_too_few_servers_is_told_with_what_is_done_about_it() {
        let told = |trouble: &str| with_mend(trouble.to_owned());
        let single = told("the stream cannot be made: replicas > 1 not supported in non-clustered mode");
        assert!(single.ends_with(MEND_REPLICAS), "{single}");
        assert!(told("no suitable peers for placement").ends_with(MEND_REPLICAS));
        assert_eq!(told("NATS is away"), "NATS is away");
    }

    #[test]
    fn etcd_is_one_finding_whatever_is_wrong_with_it() {
        let told = |is_registered, wrong: &[&str]| {
            troubles(Standing {
                is_registered,
                replicas: BTreeMap::new(),
                last_word: Duration::ZERO,
                troubles: wrong.iter().map(|&trouble| trouble.to_owned()).collect(),
            })
        };
        assert_eq!(told(Some(true), &[]), Vec::<String>::new());
        assert_eq!(told(Some(false), &[]).len(), 1);
        assert_eq!(told(Some(false), &["it is away", "it is away"]), ["it is away"]);
        assert_eq!(told(None, &["a is away", "b is away"]), ["a is away; b is away"]);
    }
}
