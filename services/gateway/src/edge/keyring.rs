use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use fault::{Common, Fault};
use http::HeaderValue;
use kernel::{Clock, Id, Principal, PrincipalKind, Tenant, Time};
use rpc::Signer;
use store::Db;
use tokio::time::Instant;
use tracing::Instrument;

use crate::domain::api_key::{ApiKey, Key, State};
use crate::domain::secret::{Secret, SecretHash};
use crate::store::api_keys;

/// How long what was read of a key holds: half of the second within which a revocation takes effect everywhere. It is the
/// machine's time, for a platform's clock that is turned by hand must not make revoked keys live.
const FRESH: Duration = Duration::from_millis(500);
/// How many keys are kept in mind. Keys in use come back at once when they were forgotten.
const ENTRIES_MAX: usize = 10_000;
/// How exactly the last use of a key is known.
const LAST_USE_STEP: Duration = Duration::from_mins(10);

/// Which secrets open what, as far as the database has been asked.
pub(super) struct Keyring {
    db: Db,
    clock: Clock,
    signer: Signer,
    entries: RwLock<HashMap<SecretHash, Arc<Entry>>>,
}

/// Who calls.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    /// Says and proves it to the services.
    pub(super) principal: HeaderValue,
    pub(super) tenant: Tenant,
    /// The id of the key, which is no secret.
    pub(super) key: Arc<str>,
}

struct Entry {
    opened: Opened,
    scopes: kernel::Scopes,
    /// When the key or its secret ends.
    end: Option<Time>,
    signed_at: Instant,
    read_at: Instant,
}

impl Keyring {
    pub(super) fn new(db: Db, clock: Clock, signer: Signer) -> Self {
        Self {
            db,
            clock,
            signer,
            entries: RwLock::default(),
        }
    }

    /// Who presents this secret; refuses one that is unknown, expired or revoked.
    pub(super) async fn open(&self, secret: &Secret) -> Result<Opened, Fault> {
        let hash = secret.hash();
        let known = self
            .entries
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&hash)
            .cloned();
        let (now, at) = (self.clock.now(), Instant::now());
        if let Some(entry) = &known
            && entry.holds(now, at)
        {
            return Ok(entry.opened.clone());
        }
        let read = api_keys::by_secret(self.db.read(), hash).await?;
        let entry = match read.ok_or_else(unknown).and_then(|(tenant, key)| {
            check(&key, now)?;
            self.entry(tenant, &key, known.as_deref(), at)
                .map(|entry| (tenant, key, entry))
        }) {
            Ok((tenant, key, entry)) => {
                self.note_use(tenant, &key, now);
                Arc::new(entry)
            }
            Err(fault) => {
                self.entries
                    .write()
                    .unwrap_or_else(PoisonError::into_inner)
                    .remove(&hash);
                return Err(fault);
            }
        };
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= ENTRIES_MAX {
            entries.clear();
        }
        entries.insert(hash, Arc::clone(&entry));
        Ok(entry.opened.clone())
    }

    /// What is kept in mind of a key. The signature of the former entry is used again while it may be.
    fn entry(&self, tenant: Tenant, key: &ApiKey, former: Option<&Entry>, at: Instant) -> Result<Entry, Fault> {
        let ends = [
            key.expire_time,
            key.secrets.first().and_then(|secret| secret.expire_time),
        ];
        let end = ends.into_iter().flatten().min();
        let reusable =
            former.filter(|former| former.scopes == key.scopes && at.duration_since(former.signed_at) < Signer::REUSE);
        let (opened, signed_at) = if let Some(former) = reusable {
            (former.opened.clone(), former.signed_at)
        } else {
            (self.sign(tenant, key)?, at)
        };
        Ok(Entry {
            opened,
            scopes: key.scopes.clone(),
            end,
            signed_at,
            read_at: at,
        })
    }

    fn sign(&self, tenant: Tenant, key: &ApiKey) -> Result<Opened, Fault> {
        let subject = key.id.to_string();
        let kind = PrincipalKind::Key;
        let principal = Principal {
            tenant,
            subject: subject.clone(),
            scopes: key.scopes.clone(),
            kind,
        };
        Ok(Opened {
            principal: self.signer.sign(&principal)?,
            tenant,
            key: subject.into(),
        })
    }

    /// Writes down that the key is in use, now and then, and without anybody waiting for it.
    fn note_use(&self, tenant: Tenant, key: &ApiKey, now: Time) {
        if key.last_use_time.is_some_and(|last| now < last.plus(LAST_USE_STEP)) {
            return;
        }
        let (db, id, known) = (self.db.clone(), key.id, key.last_use_time);
        let write = async move {
            if let Err(fault) = write_use(&db, tenant, id, known, now).await {
                // The next request that reads the key tries again.
                tracing::warn!(%fault, api_key_id = %id, "the last use of an API key was not written");
            }
        };
        tokio::spawn(write.in_current_span());
    }
}

async fn write_use(db: &Db, tenant: Tenant, id: Id<Key>, known: Option<Time>, now: Time) -> Result<(), Fault> {
    let tx = db.begin().await?;
    api_keys::used(&*tx, tenant, id, known, now).await?;
    tx.commit().await
}

impl Entry {
    /// Whether the entry still says who calls: read just now, signed not too long ago, and not past its end.
    fn holds(&self, now: Time, at: Instant) -> bool {
        at.duration_since(self.read_at) < FRESH
            && at.duration_since(self.signed_at) < Signer::REUSE
            && self.end.is_none_or(|end| now < end)
    }
}

/// Refuses a key that opens nothing with the secret that was presented. Who holds the secret may know why.
fn check(key: &ApiKey, now: Time) -> Result<(), Fault> {
    let refuse = |what: &str| {
        Err(Fault::refused(
            Common::Unauthenticated,
            format!("{what}: use another one"),
        ))
    };
    match key.state(now) {
        State::Revoked => refuse("the API key was revoked"),
        State::Expired { .. } => refuse("the API key has expired"),
        State::Active if key.open_secrets(now).next().is_none() => {
            refuse("the API key has a newer secret, and this one ended")
        }
        State::Active => Ok(()),
    }
}

fn unknown() -> Fault {
    Fault::refused(Common::Unauthenticated, "there is no such API key")
}
