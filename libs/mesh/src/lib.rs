//! Who serves what, where, and who of several replicas does what only one may do.
//!
//! The traits are what the services see; the implementations here go by the configuration alone.

mod static_mesh;

use async_trait::async_trait;
use fault::Fault;
use rpc::Channel;
use tokio::sync::watch;

pub use static_mesh::StaticMesh;

/// Finds the peers of a service.
pub trait Discovery: Send + Sync {
    /// A channel to whoever serves `service` ("points"), now and later; none where nobody is known to.
    fn channel(&self, service: &str) -> Option<Channel>;
}

/// Chooses one of several replicas.
#[async_trait]
pub trait Leadership: Send + Sync {
    /// Waits until this process leads in `role` ("points.workers").
    async fn lead(&self, role: &str) -> Result<Lease, Fault>;
}

/// Leadership, for as long as it lasts. Dropping it gives it up.
#[derive(Debug)]
pub struct Lease {
    lost: watch::Receiver<bool>,
}

impl Lease {
    /// A lease that is lost when the sender says so or goes away.
    pub fn new(lost: watch::Receiver<bool>) -> Self {
        Self { lost }
    }

    /// Resolves when another replica may lead.
    pub async fn lost(&mut self) {
        // The sender going away is a loss too.
        let _ = self.lost.wait_for(|lost| *lost).await;
    }
}
