mod create_api_key;
pub(crate) mod keyring;
mod list_api_keys;
pub mod operator;
mod refusals;
mod revoke_api_key;
mod rotate_api_key;
pub(crate) mod rows;
pub(crate) mod scope;
pub(crate) mod secret;
mod service;
pub(crate) mod succession;
mod update_api_key;
pub(crate) mod wire;

use std::time::Duration;

use kernel::{Clock, Id, Kind, Scopes, Time};

use secret::{Secret, SecretHash};

use crate::limit::RequestLimits;

/// The kind of an API key's id.
#[derive(Debug)]
pub(crate) enum Key {}

impl Kind for Key {
    const PREFIX: &'static str = "key";
    const NOUN: &'static str = "API key";
}

/// A credential of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiKey {
    pub(crate) id: Id<Key>,
    pub(crate) display_name: String,
    pub(crate) scopes: Scopes,
    /// How many requests it may make, as far as it has limits of its own.
    pub(crate) limits: RequestLimits,
    /// The maker: a key's id, [`BOOTSTRAP`] or [`OPERATOR`].
    pub(crate) creator: String,
    pub(crate) create_time: Time,
    pub(crate) expire_time: Option<Time>,
    pub(crate) revoke_time: Option<Time>,
    pub(crate) last_use_time: Option<Time>,
    /// The newest first; those that have ended too.
    pub(crate) secrets: Vec<KeptSecret>,
}

/// The maker of a tenant's first key.
pub(crate) const BOOTSTRAP: &str = "bootstrap";
/// The maker of a key that was made at the database.
pub(crate) const OPERATOR: &str = "operator";

/// One of a key's secrets, as it is stored: without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptSecret {
    /// Its place among the secrets of its key: 1, 2, 3 and so on.
    pub(crate) ordinal: i64,
    pub(crate) hash: SecretHash,
    pub(crate) prefix: String,
    pub(crate) create_time: Time,
    pub(crate) expire_time: Option<Time>,
}

/// Whether a key opens anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Active,
    Expired { since: Time },
    Revoked,
}

/// A decided rotation: when the secrets before the new one end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rotation {
    /// The new secret's place.
    pub(crate) ordinal: i64,
    pub(crate) ends: Vec<(SecretHash, Time)>,
}

/// Why a key gets no new secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RotateError {
    Revoked,
    Expired { since: Time },
}

/// The scopes of a tenant's first key: everything of the tenant.
pub(crate) fn tenant_scopes() -> Scopes {
    Scopes::new(["*".to_owned()])
}

/// The scopes of the platform's first key: everything of the tenant, and everything of the platform, such as making further
/// tenants.
pub(crate) fn operator_scopes() -> Scopes {
    Scopes::new(["*", "platform.*"].map(str::to_owned))
}

impl ApiKey {
    /// A key with its first secret.
    pub(crate) fn new(
        clock: &Clock,
        display_name: &str,
        scopes: Scopes,
        creator: &str,
        expire_time: Option<Time>,
        secret: &Secret,
    ) -> Self {
        let now = clock.now();
        Self {
            id: Id::generate(clock),
            display_name: display_name.to_owned(),
            scopes,
            limits: RequestLimits::default(),
            creator: creator.to_owned(),
            create_time: now,
            expire_time,
            revoke_time: None,
            last_use_time: None,
            secrets: vec![KeptSecret::new(1, secret, now)],
        }
    }

    pub(crate) fn state(&self, now: Time) -> State {
        match (self.revoke_time, self.expire_time) {
            (Some(_), _) => State::Revoked,
            (None, Some(since)) if since <= now => State::Expired { since },
            (None, Some(_) | None) => State::Active,
        }
    }

    /// The secrets that open now.
    pub(crate) fn open_secrets(&self, now: Time) -> impl Iterator<Item = &KeptSecret> {
        let is_active = self.state(now) == State::Active;
        self.secrets
            .iter()
            .filter(move |secret| is_active && secret.is_open(now))
    }

    /// Decides a rotation: the newest secret stays open for the overlap, an older one ends now, so that with the new one
    /// there are never more than two.
    pub(crate) fn rotate(&self, now: Time, overlap: Duration) -> Result<Rotation, RotateError> {
        match self.state(now) {
            State::Active => {}
            State::Expired { since } => return Err(RotateError::Expired { since }),
            State::Revoked => return Err(RotateError::Revoked),
        }
        let mut open = self.open_secrets(now);
        let newest = open.next().map(|secret| {
            let end = now.plus(overlap);
            (secret.hash, secret.expire_time.map_or(end, |earlier| earlier.min(end)))
        });
        let older = open.map(|secret| (secret.hash, now));
        let ordinal = self
            .secrets
            .first()
            .map_or(0, |secret| secret.ordinal)
            .saturating_add(1);
        Ok(Rotation {
            ordinal,
            ends: newest.into_iter().chain(older).collect(),
        })
    }

    /// The key after a rotation.
    pub(crate) fn rotated(mut self, rotation: &Rotation, newest: KeptSecret) -> Self {
        for (hash, end) in &rotation.ends {
            for secret in self.secrets.iter_mut().filter(|secret| secret.hash == *hash) {
                secret.expire_time = Some(*end);
            }
        }
        self.secrets.insert(0, newest);
        self
    }
}

impl KeptSecret {
    /// A secret that lasts as long as its key.
    pub(crate) fn new(ordinal: i64, secret: &Secret, now: Time) -> Self {
        Self {
            ordinal,
            hash: secret.hash(),
            prefix: secret.prefix().to_owned(),
            create_time: now,
            expire_time: None,
        }
    }

    pub(crate) fn is_open(&self, now: Time) -> bool {
        self.expire_time.is_none_or(|end| now < end)
    }
}

#[cfg(test)]
mod tests {
    use super::secret::Secret;
    use super::*;

    const NOW: Time = Time::from_seconds(1_000_000);
    const DAY: Duration = Duration::from_hours(24);

    fn secret(create_time: Time, expire_time: Option<Time>) -> KeptSecret {
        let secret = Secret::generate().unwrap();
        KeptSecret {
            ordinal: 1,
            hash: secret.hash(),
            prefix: secret.prefix().to_owned(),
            create_time,
            expire_time,
        }
    }

    fn key(secrets: Vec<KeptSecret>) -> ApiKey {
        ApiKey {
            id: Id::generate(&Clock::system()),
            display_name: "POS".to_owned(),
            scopes: Scopes::new(["*".to_owned()]),
            limits: RequestLimits::default(),
            creator: BOOTSTRAP.to_owned(),
            create_time: Time::EPOCH,
            expire_time: None,
            revoke_time: None,
            last_use_time: None,
            secrets,
        }
    }

    #[test]
    fn a_rotation_leaves_two_open_secrets_at_the_most() {
        let (newest, older, ended) = (
            secret(NOW, None),
            secret(NOW, Some(NOW.plus(DAY))),
            secret(NOW, Some(NOW)),
        );
        let expected = vec![(newest.hash, NOW.plus(DAY)), (older.hash, NOW)];
        assert_eq!(
            key(vec![newest, older, ended]).rotate(NOW, DAY),
            Ok(Rotation {
                ordinal: 2,
                ends: expected
            })
        );
    }

    #[test]
    fn an_overlap_never_lengthens_a_secret_s_life() {
        let soon = NOW.plus(Duration::from_secs(1));
        let only = secret(NOW, Some(soon));
        let expected = vec![(only.hash, soon)];
        assert_eq!(
            key(vec![only]).rotate(NOW, DAY),
            Ok(Rotation {
                ordinal: 2,
                ends: expected
            })
        );
    }

    #[test]
    fn a_key_that_opens_nothing_gets_no_new_secret() {
        let revoked = ApiKey {
            revoke_time: Some(NOW),
            ..key(vec![secret(NOW, None)])
        };
        assert_eq!(revoked.rotate(NOW, DAY), Err(RotateError::Revoked));
        assert_eq!(revoked.open_secrets(NOW).count(), 0);
        let expired = ApiKey {
            expire_time: Some(NOW),
            ..key(vec![secret(NOW, None)])
        };
        assert_eq!(expired.rotate(NOW, DAY), Err(RotateError::Expired { since: NOW }));
        assert_eq!(expired.open_secrets(NOW).count(), 0);
    }
}
