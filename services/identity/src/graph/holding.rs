//! Whose ids are, many at a time: lists that come while others are looked up share the next statements.

use std::collections::{BTreeSet, HashMap};

use kernel::Tenant;
use runtime::{Asked, Batch, Batcher, Bounds, Outcomes};
use store::Db;

use super::identity;
use super::key::Key;
use super::member::MemberId;
use super::value::Value;
use crate::blocked_value;

/// How many keys share their statements.
const KEYS_MAX: u32 = 5_000;

/// Looks up the holders of many lists of keys by one set of statements.
pub(crate) struct Holding {
    db: Db,
}

/// A list of keys.
pub(crate) struct Keys {
    pub(crate) tenant: Tenant,
    pub(crate) keys: Vec<Key>,
}

/// Whose a key is.
pub(crate) enum Held {
    /// The member's whom it leads to.
    By(MemberId),
    /// Nobody's yet.
    Free,
    /// Nobody's, and it can stand for nobody.
    Blocked,
}

impl Batch for Holding {
    const NOUN: &'static str = "lists of ids";
    const FULL: &'static str = "as many ids wait to be looked up as can be looked up in time";
    const STOPPED: &'static str = "the service is stopping: repeat the call";

    type Ask = Keys;
    /// Of each key in its place.
    type Answer = Vec<Held>;
    type Key = ();

    fn key(_: &Keys) {}

    fn weight(ask: &Keys) -> u32 {
        u32::try_from(ask.keys.len()).unwrap_or(u32::MAX)
    }

    async fn run(&self, asked: &[Asked<Self>]) -> Outcomes<Self> {
        let conn = self.db.read();
        let mut named: BTreeSet<(Tenant, &Key)> = BTreeSet::new();
        for Asked { ask, .. } in asked {
            named.extend(ask.keys.iter().map(|key| (ask.tenant, key)));
        }
        let named: Vec<(Tenant, &Key)> = named.into_iter().collect();
        let holders: HashMap<(Tenant, Key), MemberId> = identity::rows::holders(conn, &named).await?;
        let holder = |tenant: Tenant, key: &Key| holders.get(&(tenant, key.clone())).copied();
        let unheld = named.into_iter().filter(|(tenant, key)| holder(*tenant, key).is_none());
        let unheld: Vec<(Tenant, &Key)> = unheld.collect();
        let blocklists = blocked_value::rows::among_tenants(conn, &unheld).await?;
        let held = |tenant: Tenant, key: &Key| match holder(tenant, key) {
            Some(member) => Held::By(member),
            None if is_blocked_everywhere(key) || blocklists.of(tenant).blocks(key) => Held::Blocked,
            None => Held::Free,
        };
        let outcome = |Asked { ask, .. }: &Asked<Self>| Ok(ask.keys.iter().map(|key| held(ask.tenant, key)).collect());
        Ok(asked.iter().map(outcome).collect())
    }
}

fn is_blocked_everywhere(key: &Key) -> bool {
    Value::parse(key.kind, &key.value).is_ok_and(|value| value.blocked)
}

impl Holding {
    pub(crate) fn start(db: Db) -> Batcher<Self> {
        Batcher::start(Self { db }, Bounds::of_look_ups(KEYS_MAX))
    }
}
