//! How many streams there may be at a time: each reads the facts of all services.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fault::Fault;
use kernel::Tenant;
use uuid::Uuid;

/// How many streams a process serves at a time, and how many of one tenant.
const STREAMS_MAX: usize = 256;
const OF_TENANT_MAX: usize = 16;
/// After how long somebody who was turned away may ask again.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Streams under way, by their numbers.
#[derive(Clone)]
pub(crate) struct Places {
    process: Uuid,
    taken: Arc<Mutex<BTreeMap<usize, Tenant>>>,
}

/// One of them; it is free again when this is dropped.
pub(crate) struct Place {
    places: Places,
    number: usize,
}

impl Places {
    /// All free, in this process.
    pub(crate) fn new(process: Uuid) -> Self {
        Self {
            process,
            taken: Arc::default(),
        }
    }

    /// A place for one more stream, if there is one.
    pub(crate) fn take(&self, tenant: Tenant) -> Result<Place, Fault> {
        let mut taken = self.taken();
        let own = taken.values().filter(|of| **of == tenant).count();
        let free = (0..STREAMS_MAX).find(|number| !taken.contains_key(number));
        let Some(number) = free.filter(|_| own < OF_TENANT_MAX) else {
            let message = format!(
                "there are {own} streams of facts of yours at this replica, and {} in all: it serves {OF_TENANT_MAX} of one \
                 brand and {STREAMS_MAX} in all; let one stream serve several readers",
                taken.len()
            );
            return Err(Fault::overloaded(message, RETRY_AFTER));
        };
        taken.insert(number, tenant);
        Ok(Place {
            places: self.clone(),
            number,
        })
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<usize, Tenant>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Under which name facts are read: no two that read at a time have the same, and a transport that keeps something for
    /// each name keeps it for so many as there are places.
    pub(crate) fn reader(&self) -> String {
        format!("channels.stream_facts.{}.{}", self.places.process.simple(), self.number)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_so_many_streams_at_a_time_and_another_one_still_gets_its_own() {
        let places = Places::new(Uuid::nil());
        let tenant = |number| Tenant::from_uuid(Uuid::from_u128(number));
        let mut held: Vec<Place> = (0..OF_TENANT_MAX).map(|_| places.take(tenant(1)).unwrap()).collect();
        assert!(places.take(tenant(1)).is_err());
        assert!(places.take(tenant(2)).is_ok());
        assert_ne!(held[0].reader(), held[1].reader());
        held.pop();
        assert!(places.take(tenant(1)).is_ok());
        drop(held);
        assert!(places.taken().is_empty());
    }
}
