//! What a process works with that is no part of the platform: etcd, which tells who is where, NATS, which moves facts, and
//! its certificates. It goes on without the first two, and with the certificates that it has read before.

use std::sync::Arc;

use events::{JetStream, PeerFacts};
use fault::Fault;
use mesh::Etcd;
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
            Some(nats) => Some(JetStream::start(nats).await?),
            None => None,
        };
        Ok(Self { held, etcd, nats })
    }

    /// Of a process that plays all roles, and has certificates alone.
    pub(crate) fn holding(held: Held) -> Self {
        Self {
            held,
            ..Self::default()
        }
    }

    /// Has the process be degraded, and no more, where something is wrong with them.
    pub(crate) fn degrades(&self, readiness: &Readiness) {
        self.held.degrades(readiness);
        if let Some(etcd) = self.etcd.clone() {
            readiness.degraded_by("etcd", move || troubles(&etcd));
        }
        if let Some(nats) = self.nats.clone() {
            readiness.degraded_by("nats", move || nats.standing().troubles);
        }
    }

    /// What the process has seen of them.
    pub(crate) fn standing(&self) -> Beside {
        Beside {
            etcd: self.etcd.as_ref().map(Etcd::standing),
            nats: self.nats.as_ref().map(JetStream::standing),
            certificates: self.held.standing(),
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

/// What is wrong with etcd. Calls go on as before: nobody is lost who is known.
fn troubles(etcd: &Etcd) -> Vec<String> {
    let standing = etcd.standing();
    if standing.troubles.is_empty() && standing.is_registered == Some(false) {
        return vec!["this process is not registered, and new callers do not find it".to_owned()];
    }
    standing.troubles
}
