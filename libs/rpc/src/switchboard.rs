use std::sync::{Arc, OnceLock};

use tonic::service::Routes;

/// Joins services that share a process. Channels may be handed out before the services exist; a call that comes before
/// is answered as a peer that is away.
#[derive(Clone, Debug, Default)]
pub struct Switchboard(Arc<OnceLock<Routes>>);

impl Switchboard {
    /// Nobody is connected yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts the service behind the channels, once.
    pub fn connect(&self, routes: Routes) {
        assert!(self.0.set(routes.prepare()).is_ok(), "a switchboard is connected once");
    }

    pub(crate) fn routes(&self) -> Option<Routes> {
        self.0.get().cloned()
    }
}
