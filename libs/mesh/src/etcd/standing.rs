use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::session::Trouble;

/// How a process stands with etcd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whether others find it; nothing where it has not registered.
    pub is_registered: Option<bool>,
    /// How many replicas it knows of each service.
    pub replicas: BTreeMap<String, usize>,
    /// How long ago etcd has last said anything; since the start, where it has not.
    pub last_word: Duration,
    /// What is wrong, as it is told to operators.
    pub troubles: Vec<String>,
}

/// What the tasks tell of themselves.
#[derive(Clone)]
pub(super) struct Told(Arc<Mutex<State>>);

struct State {
    last_word: Instant,
    lease: Option<Duration>,
    confirmed: Option<Instant>,
    directory: Option<String>,
    registration: Option<String>,
}

impl Default for Told {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State {
            last_word: Instant::now(),
            lease: None,
            confirmed: None,
            directory: Some("etcd has not answered yet".to_owned()),
            registration: None,
        })))
    }
}

impl Told {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// A registration begins, under leases of this length.
    pub(super) fn is_to_register(&self, lease: Duration) {
        self.change(|state| state.lease = Some(lease));
    }

    /// The entry of this process is there.
    pub(super) fn is_registered(&self) {
        self.change(|state| {
            if state.registration.take().is_some() {
                tracing::info!("this process is registered in etcd again");
            }
            state.confirmed = Some(Instant::now());
            state.last_word = Instant::now();
        });
    }

    /// The entry of this process has gone.
    pub(super) fn is_lost(&self) {
        self.change(|state| state.confirmed = None);
    }

    /// The entry cannot be looked after by now.
    pub(super) fn cannot_register(&self, trouble: &Trouble) {
        self.change(|state| {
            if state.registration.replace(trouble.to_string()).is_none() {
                tracing::warn!(%trouble, "this process cannot tell others through etcd where it is");
            }
        });
    }

    /// etcd has said something of the others.
    pub(super) fn word(&self) {
        self.change(|state| {
            state.directory = None;
            state.last_word = Instant::now();
        });
    }

    /// Nothing is learnt of the others by now.
    pub(super) fn cannot_learn(&self, trouble: &Trouble) {
        self.change(|state| {
            if state.directory.replace(trouble.to_string()).is_none() {
                tracing::warn!(%trouble, "nothing is learnt from etcd: the replicas known last stay");
            }
        });
    }

    pub(super) fn standing(&self, replicas: BTreeMap<String, usize>) -> Standing {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |lease| state.confirmed.is_some_and(|confirmed| confirmed.elapsed() < lease);
        let troubles = state.directory.iter().chain(&state.registration);
        Standing {
            is_registered: state.lease.map(is_fresh),
            replicas,
            last_word: state.last_word.elapsed(),
            troubles: troubles.cloned().collect(),
        }
    }
}
