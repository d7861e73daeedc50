use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use futures::stream;
use rpc::Address;
use tokio::net::lookup_host;

use crate::discovery::{AddressSets, Discovery};

/// How often names are looked up. A new replica gets calls after this at the latest; one that has gone is left out by
/// the callers as soon as it does not answer.
const LOOK_UP_EVERY: Duration = Duration::from_secs(5);

/// The machines behind the names that the configuration has: of a name with several A or AAAA records, as a headless service
/// of Kubernetes has one for each of its pods, each is a replica.
#[derive(Debug, Clone)]
pub struct Dns {
    names: BTreeMap<String, BTreeSet<Address>>,
    every: Duration,
}

impl Dns {
    /// Names with their ports, by the names of the services.
    pub fn new(names: BTreeMap<String, BTreeSet<Address>>) -> Self {
        let every = LOOK_UP_EVERY;
        Self { names, every }
    }
}

impl Discovery for Dns {
    fn addresses(&self, service: &str) -> AddressSets {
        let names = self.names.get(service).cloned().unwrap_or_default();
        let (service, every) = (service.to_owned(), self.every);
        stream::unfold(Duration::ZERO, move |pause| {
            let (service, names) = (service.clone(), names.clone());
            async move {
                kernel::pause(pause).await;
                Some((look_up(&service, &names).await, every))
            }
        })
        .boxed()
    }
}

/// All machines behind the names. Empty where one of them was not answered: half of an answer would take the others away.
async fn look_up(service: &str, names: &BTreeSet<Address>) -> BTreeSet<Address> {
    let found = names.iter().map(async |name| {
        let machines = lookup_host((name.host(), name.port())).await?;
        Ok::<_, std::io::Error>(machines.filter_map(|machine| name.at(machine.ip())).collect::<Vec<_>>())
    });
    let found: Result<Vec<Vec<Address>>, std::io::Error> = join_all(found).await.into_iter().collect();
    found.map_or_else(
        |error| {
            tracing::warn!(peer = service, %error, "the names of {service} are not known; those found last stay");
            BTreeSet::new()
        },
        |found| found.into_iter().flatten().collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Dns {
        let names = text.split(' ').map(|name| name.parse().unwrap()).collect();
        Dns {
            names: BTreeMap::from([("ledger".to_owned(), names)]),
            every: Duration::from_millis(1),
        }
    }

    #[tokio::test]
    async fn names_are_looked_up_again_and_again() {
        let mut sets = names("http://localhost:7401").addresses("ledger");
        let here: Address = "http://127.0.0.1:7401".parse().unwrap();
        for _ in 0..3 {
            let found = sets.next().await.unwrap();
            assert!(found.contains(&here), "{found:?}");
        }
    }

    #[tokio::test]
    async fn an_unknown_name_takes_nobody_away_and_is_looked_up_again() {
        let mut sets = names("http://localhost:7401 http://nowhere.invalid:7401").addresses("ledger");
        for _ in 0..2 {
            assert!(sets.next().await.unwrap().is_empty());
        }
    }
}
