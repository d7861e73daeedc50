use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fault::{Common, Fault};
use kernel::{Clock, Id, Tenant, Time};
use rpc::Signer;
use store::Db;
use tokio::time::Instant;
use tracing::Instrument;

use super::rows;
use super::secret::{Secret, SecretHash};
use super::{ApiKey, Key, State};
use crate::caller::{Caller, Identity};
use crate::recent::Recent;

/// The age at which an entry is read again, by one request, while the others go on with the old one.
const FRESH: Duration = Duration::from_millis(500);
/// After how long nobody goes on with it: a revocation takes effect everywhere within a second. It is the machine's time,
/// for a platform's clock that is turned by hand must not make revoked keys live.
const STALE: Duration = Duration::from_millis(900);
/// How many keys are kept in mind. Keys in use come back at once when they were forgotten.
const ENTRIES_MAX: usize = 10_000;
/// How exactly the last use of a key is known.
const LAST_USE_STEP: Duration = Duration::from_mins(10);

/// The keys that secrets open, as far as the database has been asked.
pub(crate) struct Keyring {
    db: Db,
    clock: Clock,
    signer: Signer,
    entries: Recent<SecretHash, Arc<Entry>>,
}

struct Entry {
    caller: Caller,
    /// When the key or its secret ends.
    end: Option<Time>,
    signed_at: Instant,
    read_at: Instant,
    /// Whether somebody reads it again already.
    is_being_read: AtomicBool,
}

impl Keyring {
    pub(crate) fn new(db: Db, clock: Clock, signer: Signer) -> Self {
        Self {
            db,
            clock,
            signer,
            entries: Recent::new(ENTRIES_MAX),
        }
    }

    /// The caller that presents this secret. Refuses a secret whose key is unknown, expired or revoked.
    pub(crate) async fn open(&self, secret: &Secret) -> Result<Caller, Fault> {
        let hash = secret.hash();
        let known = self.entries.find(&hash);
        let (now, at) = (self.clock.now(), Instant::now());
        if let Some(entry) = known.as_deref().filter(|entry| entry.holds(now, at)) {
            return Ok(entry.caller.clone());
        }
        let read = rows::by_secret(self.db.read(), hash).await?;
        let entry = read.ok_or_else(unknown).and_then(|(tenant, key)| {
            check(&key, now)?;
            self.note_use(tenant, &key, now);
            self.entry(tenant, &key, known.as_deref(), at)
        });
        match entry {
            Ok(entry) => {
                let caller = entry.caller.clone();
                self.entries.keep(hash, Arc::new(entry));
                Ok(caller)
            }
            Err(fault) => {
                self.entries.forget(&hash);
                Err(fault)
            }
        }
    }

    /// The entry of a key. It takes over the signature of the former entry while that is valid.
    fn entry(&self, tenant: Tenant, key: &ApiKey, former: Option<&Entry>, at: Instant) -> Result<Entry, Fault> {
        let ends = [
            key.expire_time,
            key.secrets.first().and_then(|secret| secret.expire_time),
        ];
        let end = ends.into_iter().flatten().min();
        let reusable = former.filter(|former| {
            *former.caller.scopes == key.scopes
                && at.duration_since(former.signed_at) < Signer::REUSE
                // A clock that was set forward has ended it, however young it is.
                && self.signer.verify(&former.caller.principal).is_ok()
        });
        let (caller, signed_at) = if let Some(former) = reusable {
            (former.caller.clone(), former.signed_at)
        } else {
            let identity = Identity::Key(key.id.to_string().into());
            (Caller::signed(&self.signer, tenant, identity, key.scopes.clone())?, at)
        };
        let caller = Caller {
            limits: key.limits,
            ..caller
        };
        Ok(Entry {
            caller,
            end,
            signed_at,
            read_at: at,
            is_being_read: AtomicBool::new(false),
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
    rows::used(&*tx, tenant, id, known, now).await?;
    tx.commit().await
}

impl Entry {
    /// Whether a request may go on with it: read just now, or being read again by another request, and not past its end.
    fn holds(&self, now: Time, at: Instant) -> bool {
        let age = at.duration_since(self.read_at);
        let is_left_to_others = || age < STALE && self.is_being_read.swap(true, Ordering::Relaxed);
        self.end.is_none_or(|end| now < end) && (age < FRESH || is_left_to_others())
    }
}

/// Refuses a key that opens nothing with the secret that was presented. The holder of the secret may know why.
fn check(key: &ApiKey, now: Time) -> Result<(), Fault> {
    let refuse = |cause: &str| {
        Err(Fault::refused(
            Common::Unauthenticated,
            format!("{cause}: use another one"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::RequestLimits;

    const NOW: Time = Time::from_seconds(1_000);

    fn entry(read_at: Instant, end: Option<Time>) -> Entry {
        let caller = Caller {
            principal: http::HeaderValue::from_static("principal"),
            tenant: Tenant::PLATFORM,
            identity: Identity::Key("key_1".into()),
            scopes: Arc::default(),
            limits: RequestLimits::default(),
        };
        let is_being_read = AtomicBool::new(false);
        Entry {
            caller,
            end,
            signed_at: read_at,
            read_at,
            is_being_read,
        }
    }

    #[test]
    fn one_request_reads_a_key_again_while_the_others_go_on() {
        let start = Instant::now();
        let entry = entry(start, None);
        assert!(entry.holds(NOW, start + FRESH - Duration::from_millis(1)));
        assert!(!entry.holds(NOW, start + FRESH), "the first one reads");
        assert!(entry.holds(NOW, start + FRESH), "the next one need not");
        assert!(!entry.holds(NOW, start + STALE), "nobody goes on for longer");
    }

    #[test]
    fn nobody_goes_on_past_the_end() {
        let start = Instant::now();
        assert!(entry(start, Some(NOW.plus(Duration::from_micros(1)))).holds(NOW, start));
        assert!(!entry(start, Some(NOW)).holds(NOW, start));
    }

    #[tokio::test]
    async fn a_signature_is_sent_again_while_it_is_honoured_and_not_after_the_clock_has_ended_it() {
        let db = testkit::TestDb::new(crate::migrations()).await;
        let clock = Clock::manual(NOW);
        let keyring = Keyring::new(db.db(), clock.clone(), Signer::new(&[1; 32]));
        let key = ApiKey {
            id: Id::generate(&clock),
            display_name: "POS".to_owned(),
            scopes: kernel::Scopes::default(),
            limits: RequestLimits::default(),
            creator: "test".to_owned(),
            create_time: NOW,
            expire_time: None,
            revoke_time: None,
            last_use_time: None,
            secrets: Vec::new(),
        };
        let (start, later) = (Instant::now(), Instant::now() + Duration::from_secs(1));
        let signed_at = |former: &Entry| {
            let entry = keyring.entry(Tenant::PLATFORM, &key, Some(former), later);
            entry.unwrap().signed_at
        };
        let honoured = keyring.entry(Tenant::PLATFORM, &key, None, start).unwrap();
        assert_eq!(signed_at(&honoured), start);
        assert_eq!(signed_at(&entry(start, None)), later, "no service honours it");
    }
}
