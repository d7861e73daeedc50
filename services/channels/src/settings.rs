//! What is set of channels, as the service takes it.

use runtime::Secret;

use crate::sealing::Sealer;

/// What is set of channels.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Seals the secrets in the database; without it they stand there as they are.
    pub secrets_key: Option<Secret>,
    /// Opens secrets that were sealed by a former key.
    pub secrets_key_honoured: Option<Secret>,
}

impl Settings {
    pub(crate) fn sealer(&self) -> Sealer {
        Sealer::new(self.secrets_key.as_ref(), self.secrets_key_honoured.as_ref())
    }
}
