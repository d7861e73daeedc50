//! Who wants to hear what. Filters are compiled once for each version of a subscription.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use fault::Fault;
use kernel::{Id, Tenant};
use sea_orm::ConnectionTrait;

use crate::fact::wishes::Wishes;
use crate::subscription::{Subscription, Webhook, rows};

/// How many subscriptions are kept compiled; those in use come back at once when they were forgotten.
const KEPT_MAX: usize = 10_000;

/// A subscription, ready to judge facts.
pub(crate) struct Listener {
    pub(crate) subscription: Subscription,
    /// What happened before it was made is none of its own.
    pub(crate) wishes: Wishes,
}

/// All that were asked for of late.
#[derive(Clone, Default)]
pub(crate) struct Listeners(Arc<Mutex<HashMap<Id<Webhook>, Arc<Listener>>>>);

impl Listener {
    pub(crate) fn new(subscription: Subscription) -> Self {
        let Subscription {
            fact_types,
            filter,
            create_time,
            ..
        } = &subscription;
        Self {
            wishes: Wishes::new(fact_types, filter, *create_time),
            subscription,
        }
    }
}

impl Listeners {
    /// The active subscriptions of tenants.
    pub(crate) async fn of(
        &self,
        conn: &impl ConnectionTrait,
        tenants: &BTreeSet<Tenant>,
    ) -> Result<BTreeMap<Tenant, Vec<Arc<Listener>>>, Fault> {
        let mut listeners: BTreeMap<Tenant, Vec<Arc<Listener>>> = BTreeMap::new();
        for (tenant, subscription) in rows::active(conn, tenants).await? {
            listeners.entry(tenant).or_default().push(self.compiled(subscription));
        }
        Ok(listeners)
    }

    fn compiled(&self, subscription: Subscription) -> Arc<Listener> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listener) = kept.get(&subscription.id)
            && listener.subscription == subscription
        {
            return Arc::clone(listener);
        }
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        let id = subscription.id;
        let listener = Arc::new(Listener::new(subscription));
        kept.insert(id, Arc::clone(&listener));
        listener
    }
}
