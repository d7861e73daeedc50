//! Whether a process can do its work, and what is missing.
//!
//! What is the process's own is told apart from what is others'. Without its database, or with one that takes no writes, a
//! process is not ready, and balancers leave it out. That a peer is away makes it degraded, and no more: all replicas see
//! that peer alike, so that leaving them out would turn the loss of one service into the loss of all, and what needs no
//! word of that peer goes on.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use fault::Fault;
use futures::future::join_all;
use rpc::Channel;
use serde::Serialize;
use store::Db;

/// How long a peer may take to say that it can work.
const PEER_TIMEOUT: Duration = Duration::from_millis(800);
/// How long an answer holds: however many ask, databases and peers are asked once in this time.
const HOLDS: Duration = Duration::from_secs(1);

/// What is known of a process. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    /// What the process waits for as long as it has not started.
    waits_for: Mutex<String>,
    parts: OnceLock<Parts>,
    others: Mutex<Vec<Other>>,
    last: tokio::sync::Mutex<Option<(Instant, Report)>>,
    is_stopping: OnceLock<()>,
}

#[derive(Debug)]
struct Parts {
    databases: Arc<BTreeMap<&'static str, Db>>,
    peers: BTreeMap<String, Channel>,
}

/// Somebody else without whom a process goes on, and what is wrong with him.
struct Other {
    name: &'static str,
    troubles: Box<dyn Fn() -> Vec<String> + Send + Sync>,
}

impl fmt::Debug for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// How a process stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Standing {
    /// It can do all of its work.
    Serving,
    /// It can do what needs no word of a peer that is missing.
    Degraded,
    /// It cannot work.
    NotServing,
}

/// How a process stands, and everything that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How it stands.
    pub status: Standing,
    /// What is wrong, in no order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What has it: "database of ledger", "peer ledger".
    pub of: String,
    /// Its name in the contract: "`STORAGE_FULL`".
    pub reason: String,
    /// What it is and how it is mended.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

impl Finding {
    fn new(of: String, fault: &Fault) -> Self {
        Self {
            of,
            reason: fault.reason().to_owned(),
            message: fault.to_string(),
        }
    }
}

impl Report {
    fn of(own: Vec<Finding>, peers: Vec<Finding>) -> Self {
        let status = match (own.is_empty(), peers.is_empty()) {
            (false, _) => Standing::NotServing,
            (true, false) => Standing::Degraded,
            (true, true) => Standing::Serving,
        };
        let findings = own.into_iter().chain(peers).collect();
        Self { status, findings }
    }

    /// Whether calls should be sent here.
    pub fn is_ready(&self) -> bool {
        match self.status {
            Standing::Serving | Standing::Degraded => true,
            Standing::NotServing => false,
        }
    }
}

impl Readiness {
    /// The process has not started, because it waits for this.
    pub fn waits_for(&self, fault: &Fault) {
        *self.0.waits_for.lock().unwrap_or_else(PoisonError::into_inner) = fault.to_string();
    }

    /// The process has started: with these databases, and peers in other processes.
    pub fn started(&self, databases: Arc<BTreeMap<&'static str, Db>>, peers: BTreeMap<String, Channel>) {
        let is_first = self.0.parts.set(Parts { databases, peers }).is_ok();
        assert!(is_first, "a process starts once");
    }

    /// Asks one more, by whom the process is degraded and no more: what is wrong, or nothing.
    pub fn degraded_by(&self, name: &'static str, troubles: impl Fn() -> Vec<String> + Send + Sync + 'static) {
        let troubles = Box::new(troubles);
        self.0.others().push(Other { name, troubles });
    }

    /// The databases of the process, once it has started.
    pub fn databases(&self) -> Option<&Arc<BTreeMap<&'static str, Db>>> {
        self.0.parts.get().map(|parts| &parts.databases)
    }

    /// The process takes nothing new.
    pub fn stops(&self) {
        let _ = self.0.is_stopping.set(());
    }

    /// What a stranger may know of it: how it stands, and of what something is wrong. Addresses and causes are not among it.
    pub async fn public_report(&self) -> Report {
        let mut report = self.report().await;
        for finding in &mut report.findings {
            finding.message.clear();
        }
        report
    }

    /// How the process stands; asks its databases and its peers, for a second at the most.
    pub async fn report(&self) -> Report {
        if self.0.is_stopping.get().is_some() {
            return own("process", "the process is stopping");
        }
        let Some(parts) = self.0.parts.get() else {
            let waits_for = self.0.waits_for.lock().unwrap_or_else(PoisonError::into_inner).clone();
            return own("process", &format!("the process is starting; {waits_for}"));
        };
        // A probe that comes meanwhile waits for the same answer.
        let mut last = self.0.last.lock().await;
        if let Some((time, report)) = &*last
            && time.elapsed() < HOLDS
        {
            return report.clone();
        }
        let report = parts.report(&self.0).await;
        *last = Some((Instant::now(), report.clone()));
        report
    }
}

impl Known {
    fn others(&self) -> MutexGuard<'_, Vec<Other>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Parts {
    async fn report(&self, known: &Known) -> Report {
        let databases = self.databases.iter().map(async |(name, db)| {
            let checked = db.check().await.err();
            checked.map(|fault| Finding::new(format!("database of {name}"), &fault))
        });
        let peers = self.peers.iter().map(async |(name, channel)| {
            let checked = channel.check(PEER_TIMEOUT).await.err();
            checked.map(|fault| Finding::new(format!("peer {name}"), &fault))
        });
        let (databases, peers) = futures::join!(join_all(databases), join_all(peers));
        let met = |findings: Vec<Option<Finding>>| findings.into_iter().flatten().collect();
        let mut missing: Vec<Finding> = met(peers);
        for other in known.others().iter() {
            let found = |trouble: String| Finding::new(other.name.to_owned(), &Fault::unavailable(trouble));
            missing.extend((other.troubles)().into_iter().map(found));
        }
        Report::of(met(databases), missing)
    }
}

fn own(of: &str, message: &str) -> Report {
    Report::of(
        vec![Finding::new(of.to_owned(), &Fault::unavailable(message))],
        Vec::new(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(of: &str) -> Finding {
        Finding::new(of.to_owned(), &Fault::unavailable("it is away"))
    }

    #[test]
    fn a_missing_peer_degrades_and_a_missing_database_stops() {
        assert_eq!(Report::of(vec![], vec![]).status, Standing::Serving);
        assert_eq!(
            Report::of(vec![], vec![finding("peer ledger")]).status,
            Standing::Degraded
        );
        let both = Report::of(vec![finding("database of ledger")], vec![finding("peer till")]);
        assert_eq!(both.status, Standing::NotServing);
        assert_eq!(both.findings.len(), 2, "all of it is told");
        assert!(!both.is_ready());
    }

    #[test]
    fn a_report_is_told_as_json() {
        let report = Report::of(vec![], vec![finding("peer ledger")]);
        assert_eq!(
            serde_json::to_value(&report).unwrap(),
            serde_json::json!({
                "status": "DEGRADED",
                "findings": [{"of": "peer ledger", "reason": "UNAVAILABLE", "message": "it is away"}]
            })
        );
        let well = serde_json::to_string(&Report::of(vec![], vec![])).unwrap();
        assert_eq!(well, "{\"status\":\"SERVING\"}", "as it always was");
    }

    #[tokio::test]
    async fn somebody_else_who_is_away_degrades_and_no_more() {
        let readiness = Readiness::default();
        readiness.degraded_by("nats", Vec::new);
        readiness.degraded_by("etcd", || vec!["it is away".to_owned()]);
        readiness.started(Arc::default(), BTreeMap::new());
        let report = readiness.report().await;
        assert_eq!(
            (report.status, report.findings),
            (Standing::Degraded, vec![finding("etcd")])
        );
    }

    #[tokio::test]
    async fn who_waits_for_its_database_says_so() {
        let readiness = Readiness::default();
        readiness.waits_for(&Fault::unavailable("the database of till is away"));
        let report = readiness.report().await;
        assert!(!report.is_ready());
        assert!(report.findings[0].message.contains("the database of till is away"));
    }
}
