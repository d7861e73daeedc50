//! Secrets as the database holds them.
//!
//! A webhook is signed with HMAC, so its secret must be at hand whenever something is sent: a hash, as of an API key, would
//! not do. Under a key from the configuration, which stands in no database, a copy of the database opens nothing. Deriving
//! secrets from such a key was rejected: with the key all of them would change, at every receiver.

use fault::Fault;
use rand::TryRngCore;
use rand::rngs::OsRng;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use runtime::Secret;

/// How a sealed secret begins in the database, and one that is not.
const SEALED: u8 = 1;
const PLAIN: u8 = 0;
/// What the key is for: the same words from the configuration make other keys elsewhere.
const PURPOSE: &[u8] = b"quanyu channels secrets";

/// Seals secrets and opens them.
#[derive(Clone)]
pub(crate) struct Sealer {
    /// What it seals with; without one it does not.
    key: Option<LessSafeKey>,
    /// What it opens with, the one that it seals with first.
    keys: Vec<LessSafeKey>,
}

impl Sealer {
    /// With the platform's key, and with a former one that is honoured.
    pub(crate) fn new(key: Option<&Secret>, honoured: Option<&Secret>) -> Self {
        let key = key.and_then(derived);
        let keys = key.iter().cloned().chain(honoured.and_then(derived)).collect();
        Self { key, keys }
    }

    /// The secret as it is stored at a place. Moved elsewhere it does not open.
    pub(crate) fn seal(&self, place: &[u8], secret: &[u8]) -> Result<Vec<u8>, Fault> {
        let Some(key) = &self.key else {
            return Ok([&[PLAIN], secret].concat());
        };
        let mut nonce = [0; NONCE_LEN];
        OsRng.try_fill_bytes(&mut nonce).map_err(Fault::internal)?;
        let mut sealed = secret.to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut sealed)
            .map_err(|error| Fault::internal(error.to_string()))?;
        Ok([&[SEALED][..], &nonce, &sealed].concat())
    }

    /// The secret that is stored at a place.
    pub(crate) fn open(&self, place: &[u8], stored: &[u8]) -> Result<Vec<u8>, Fault> {
        match stored.split_first() {
            Some((&PLAIN, secret)) => Ok(secret.to_vec()),
            Some((&SEALED, sealed)) => self.unseal(place, sealed),
            Some(_) | None => Err(store::unreadable("webhook_secret", "its form")),
        }
    }

    fn unseal(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Fault> {
        let (nonce, sealed) = sealed
            .split_first_chunk::<NONCE_LEN>()
            .ok_or_else(|| store::unreadable("webhook_secret", "its length"))?;
        let with = |key: &LessSafeKey| {
            let mut opened = sealed.to_vec();
            let opened = key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(place), &mut opened);
            opened.ok().map(|secret| secret.to_vec())
        };
        self.keys.iter().find_map(with).ok_or_else(|| {
            Fault::unavailable(
                "a secret was sealed with another key: set channels.secrets_key, or channels.secrets_key_honoured, to that one",
            )
        })
    }
}

/// The key that words from the configuration make.
fn derived(words: &Secret) -> Option<LessSafeKey> {
    let salt = Salt::new(HKDF_SHA256, PURPOSE);
    let secret = salt.extract(words.expose().as_bytes());
    let material = secret.expand(&[], &AES_256_GCM).ok()?;
    Some(LessSafeKey::new(UnboundKey::from(material)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(key: Option<&str>, honoured: Option<&str>) -> Sealer {
        let [key, honoured] = [key, honoured].map(|words| words.map(Secret::new));
        Sealer::new(key.as_ref(), honoured.as_ref())
    }

    #[test]
    fn a_sealed_secret_opens_at_its_place_with_its_key_alone() {
        let one = sealer(Some("one"), None);
        let stored = one.seal(b"here", b"secret").unwrap();
        assert!(!stored.windows(6).any(|part| part == b"secret"));
        assert_eq!(one.open(b"here", &stored).unwrap(), b"secret");
        assert!(one.open(b"there", &stored).is_err());
        assert!(sealer(Some("two"), None).open(b"here", &stored).is_err());
        assert!(sealer(None, None).open(b"here", &stored).is_err());
        assert_eq!(
            sealer(Some("two"), Some("one")).open(b"here", &stored).unwrap(),
            b"secret"
        );
    }

    #[test]
    fn what_was_stored_before_there_was_a_key_still_opens() {
        let stored = sealer(None, None).seal(b"here", b"secret").unwrap();
        assert_eq!(sealer(Some("one"), None).open(b"here", &stored).unwrap(), b"secret");
    }

    #[test]
    fn no_two_seals_are_alike() {
        let one = sealer(Some("one"), None);
        let seals = [(); 2].map(|()| one.seal(b"here", b"secret").unwrap());
        assert_ne!(seals[0], seals[1]);
    }
}
