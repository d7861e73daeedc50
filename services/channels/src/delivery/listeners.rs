//! Who wants to hear what. Filters are compiled once for each version of a subscription.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use fault::Fault;
use kernel::{Id, Tenant};
use prost_reflect::DynamicMessage;
use sea_orm::ConnectionTrait;

use crate::fact;
use crate::fact::filter::Filter;
use crate::fact::telling::Telling;
use crate::subscription::{Subscription, Webhook, rows};

/// How many subscriptions are kept compiled; those in use come back at once when they were forgotten.
const KEPT_MAX: usize = 10_000;

/// A subscription, ready to judge facts.
pub(crate) struct Listener {
    pub(crate) subscription: Subscription,
    /// By the types that it wants.
    wanted: BTreeMap<String, Option<Filter>>,
}

/// All that were asked for of late.
#[derive(Clone, Default)]
pub(crate) struct Listeners(Arc<Mutex<HashMap<Id<Webhook>, Arc<Listener>>>>);

impl Listener {
    pub(crate) fn new(subscription: Subscription) -> Self {
        let wanted = subscription.fact_types.iter().map(|fact_type| {
            let message = fact::message(fact_type).filter(|_| !subscription.filter.is_empty());
            // It was right when it was saved, and contracts only grow.
            let filter = message.and_then(|message| Filter::compile(&subscription.filter, message).ok());
            (fact_type.clone(), filter)
        });
        Self {
            wanted: wanted.collect(),
            subscription,
        }
    }

    /// Whether it may want facts of a type.
    pub(crate) fn hears(&self, fact_type: &str) -> bool {
        self.wanted.contains_key(fact_type)
    }

    /// Whether it wants a fact. What happened before it was made is none of its own.
    pub(crate) fn wants(&self, told: &Telling, message: &DynamicMessage) -> bool {
        told.time >= self.subscription.create_time
            && match self.wanted.get(&told.kind) {
                None => false,
                Some(None) => true,
                Some(Some(filter)) => filter.wants(told, message),
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
