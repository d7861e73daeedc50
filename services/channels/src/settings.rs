//! What is set of channels, as the service takes it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kernel::Clock;
use runtime::Secret;

use crate::delivery::{Sender, WHOLE_TIMEOUT};
use crate::guard::resolver::OfMachine;
use crate::guard::{Guard, Names, Network};
use crate::sealing::Sealer;

/// What is set of channels.
#[derive(Clone)]
pub struct Settings {
    /// Seals the secrets in the database; without it they stand there as they are.
    pub secrets_key: Option<Secret>,
    /// Opens secrets that were sealed by a former key.
    pub secrets_key_honoured: Option<Secret>,
    /// Networks that are no part of the public Internet, and to which webhooks are sent all the same.
    pub allowed_networks: Vec<Network>,
    /// What resolves the names of targets.
    pub names: Arc<dyn Names>,
    /// How long a try to deliver may take.
    pub try_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            secrets_key: None,
            secrets_key_honoured: None,
            allowed_networks: Vec::new(),
            names: Arc::new(OfMachine),
            try_timeout: WHOLE_TIMEOUT,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("allowed_networks", &self.allowed_networks)
            .finish_non_exhaustive()
    }
}

impl Settings {
    pub(crate) fn sender(&self, clock: &Clock) -> Sender {
        let guard = Guard::new(self.allowed_networks.clone());
        Sender::new(clock, guard, Arc::clone(&self.names), self.try_timeout)
    }

    pub(crate) fn sealer(&self) -> Sealer {
        Sealer::new(self.secrets_key.as_ref(), self.secrets_key_honoured.as_ref())
    }
}
