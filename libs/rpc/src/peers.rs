use std::collections::BTreeMap;
use std::sync::Arc;

use fault::Fault;
use kernel::{Principal, Tenant};

use crate::{Channel, Signer, remote};

/// The other services, as one service sees them.
#[derive(Clone, Debug)]
pub struct Peers {
    caller: Arc<str>,
    signer: Signer,
    channels: Arc<BTreeMap<String, Channel>>,
    others: Option<Channel>,
}

/// Another service.
#[derive(Clone, Debug)]
pub struct Peer {
    caller: Arc<str>,
    signer: Signer,
    name: String,
    channel: Option<Channel>,
}

impl Peers {
    /// What the service `caller` may call.
    pub fn new(caller: &str, signer: Signer, channels: BTreeMap<String, Channel>) -> Self {
        Self {
            caller: caller.into(),
            signer,
            channels: Arc::new(channels),
            others: None,
        }
    }

    /// The same, with one channel for every service that was not named: tests play all peers at one place.
    #[must_use]
    pub fn with_others(self, others: Channel) -> Self {
        Self {
            others: Some(others),
            ..self
        }
    }

    /// The service of the given name: "identity".
    pub fn channel(&self, name: &str) -> Peer {
        Peer {
            caller: self.caller.clone(),
            signer: self.signer.clone(),
            name: name.to_owned(),
            channel: self.channels.get(name).or(self.others.as_ref()).cloned(),
        }
    }
}

impl Peer {
    /// A channel for work on a tenant's rows, for a generated client.
    pub fn on_behalf_of(&self, tenant: Tenant) -> Result<Channel, Fault> {
        let channel = self.channel.clone().ok_or_else(|| remote::unknown_peer(&self.name))?;
        Ok(channel.with_principal(self.signer.sign(&Principal::service(&self.caller, tenant))?))
    }

    /// A channel for work that belongs to no tenant.
    pub fn on_behalf_of_platform(&self) -> Result<Channel, Fault> {
        self.on_behalf_of(Tenant::PLATFORM)
    }
}
