use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use rpc::{Address, Channel, Contract, Transport};

/// The addresses of the replicas of a service, as often as they change: a whole set each time.
pub type AddressSets = BoxStream<'static, BTreeSet<Address>>;

/// Finds the replicas of services.
pub trait Discovery: Send + Sync {
    /// Where the service of a name is ("ledger"), from what is known now on. A set without any address says that nobody is
    /// known by now; it takes nobody away from those who call.
    fn addresses(&self, service: &str) -> AddressSets;
}

/// A channel to each of these services of a contract, over the addresses that are found. A service that is not found is a
/// peer that is away.
pub fn peers<'a>(
    transport: &Transport,
    discovery: &dyn Discovery,
    contract: &'static Contract,
    services: impl IntoIterator<Item = &'a str>,
) -> BTreeMap<String, Channel> {
    let channel = |service: &str| transport.discovered(service, contract, discovery.addresses(service));
    services
        .into_iter()
        .map(|service| (service.to_owned(), channel(service)))
        .collect()
}

/// Addresses that stay as the configuration names them.
#[derive(Debug, Clone, Default)]
pub struct Fixed(BTreeMap<String, BTreeSet<Address>>);

impl Fixed {
    /// By the names of the services.
    pub fn new(addresses: BTreeMap<String, BTreeSet<Address>>) -> Self {
        Self(addresses)
    }
}

impl Discovery for Fixed {
    fn addresses(&self, service: &str) -> AddressSets {
        let set = self.0.get(service).cloned().unwrap_or_default();
        stream::once(std::future::ready(set)).boxed()
    }
}
