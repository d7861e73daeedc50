use std::sync::{Arc, OnceLock};

use super::key_source::KeySource;

/// How the issuers of a gateway stand, for those who have no more to do with it than to tell that. Clones are the same; there
/// are none before the gateway is there.
#[derive(Clone, Default)]
pub struct IssuerStandings(Arc<OnceLock<Vec<Arc<KeySource>>>>);

impl IssuerStandings {
    pub(super) fn show(&self, sources: Vec<Arc<KeySource>>) {
        // Of two gateways that share it, it tells the first.
        let _ = self.0.set(sources);
    }

    /// Each issuer by its name, and whether its keys are at hand: without them its tokens open nothing.
    pub fn read(&self) -> Vec<(String, bool)> {
        let sources = self.0.get().map_or(&[][..], Vec::as_slice);
        sources.iter().map(KeySource::standing).collect()
    }
}
