use std::collections::BTreeMap;

use async_trait::async_trait;
use fault::Fault;
use http::Uri;
use rpc::Channel;
use tokio::sync::watch;

use crate::{Discovery, Leadership, Lease};

/// Peers at addresses that the configuration names, and a replica that leads in everything: it has been started as the
/// only one, or its workers leave the choice to the locks of the database.
#[derive(Debug)]
pub struct StaticMesh {
    channels: BTreeMap<String, Channel>,
    leading: watch::Sender<bool>,
}

impl StaticMesh {
    /// Peers by the names of their services.
    pub fn new(addresses: &BTreeMap<String, Uri>) -> Self {
        let channels = addresses
            .iter()
            .map(|(service, address)| (service.clone(), Channel::remote(service, address)))
            .collect();
        Self {
            channels,
            leading: watch::Sender::new(false),
        }
    }
}

impl Discovery for StaticMesh {
    fn channel(&self, service: &str) -> Option<Channel> {
        self.channels.get(service).cloned()
    }
}

#[async_trait]
impl Leadership for StaticMesh {
    async fn lead(&self, _: &str) -> Result<Lease, Fault> {
        Ok(Lease::new(self.leading.subscribe()))
    }
}
