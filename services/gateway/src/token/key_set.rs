use jsonwebtoken::jwk::AlgorithmParameters;
use jsonwebtoken::jwk::{EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde::Deserialize;
use serde_json::Value;

/// How many keys of a set are looked at.
const KEYS_MAX: usize = 100;
/// The shortest RSA key that is used (NIST SP 800-131A).
const RSA_BYTES_MIN: usize = 2048 / 8;

/// The public keys of an issuer: a JWK Set (RFC 7517).
#[derive(Debug)]
pub(super) struct KeySet {
    /// The keys as they were published, by which two sets are compared.
    published: Vec<Value>,
    /// Those that are of use here.
    usable: Vec<PublicKey>,
}

impl PartialEq for KeySet {
    fn eq(&self, other: &Self) -> bool {
        self.published == other.published
    }
}

#[derive(Debug)]
struct PublicKey {
    /// The name of the key, by which a token says which one has signed it. It is compared and nothing else.
    kid: Option<String>,
    /// The algorithms that the key is good for.
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a set. Keys of a kind that is not known here, and those that are not for signatures, are left out (RFC 7517,
    /// section 5), so that an issuer can bring in a new kind; a set without any other one is refused.
    pub(super) fn read(json: &[u8]) -> Result<Self, String> {
        let Keys { keys: published } =
            serde_json::from_slice(json).map_err(|error| format!("it is no set of keys: {error}"))?;
        if published.len() > KEYS_MAX {
            let message = format!("it has {} keys, of which {KEYS_MAX} are the most", published.len());
            return Err(message);
        }
        let usable: Vec<PublicKey> = published.iter().filter_map(PublicKey::read).collect();
        match usable.is_empty() {
            true => {
                Err("no key of it is for signatures by RSA (2048 bits or more), P-256, P-384 or Ed25519".to_owned())
            }
            false => Ok(Self { published, usable }),
        }
    }

    /// The keys that may have signed a token that names this key, or none, and this algorithm. Without a name it is clear
    /// which one is meant only where there is one.
    pub(super) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Vec<&DecodingKey> {
        let good = self
            .usable
            .iter()
            .filter(|key| key.algorithms.contains(&algorithm) && (kid.is_none() || key.kid.as_deref() == kid));
        good.map(|key| &key.key).collect()
    }
}

impl PublicKey {
    fn read(published: &Value) -> Option<Self> {
        let jwk = Jwk::deserialize(published).ok()?;
        let is_for_signatures = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
        let operations = jwk.common.key_operations.as_ref();
        let verifies = operations.is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        if !is_for_signatures || !verifies {
            return None;
        }
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        let mut algorithms = algorithms(&jwk, &key)?;
        if let Some(alone) = jwk.common.key_algorithm {
            algorithms.retain(|algorithm| is(alone, *algorithm));
        }
        (!algorithms.is_empty()).then_some(Self {
            kid: jwk.common.key_id,
            algorithms,
            key,
        })
    }
}

/// What a key is good for by its kind. A shared secret is good for nothing here: whoever verifies by it could sign.
fn algorithms(jwk: &Jwk, key: &DecodingKey) -> Option<Vec<Algorithm>> {
    match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => {
            let DecodingKeyKind::RsaModulusExponent { n, .. } = key.kind() else {
                return None;
            };
            let length = n.iter().skip_while(|byte| **byte == 0).count();
            (length >= RSA_BYTES_MIN).then(|| {
                vec![
                    Algorithm::RS256,
                    Algorithm::RS384,
                    Algorithm::RS512,
                    Algorithm::PS256,
                    Algorithm::PS384,
                    Algorithm::PS512,
                ]
            })
        }
        AlgorithmParameters::EllipticCurve(parameters) => match parameters.curve {
            EllipticCurve::P256 => Some(vec![Algorithm::ES256]),
            EllipticCurve::P384 => Some(vec![Algorithm::ES384]),
            EllipticCurve::P521 | EllipticCurve::Ed25519 => None,
        },
        AlgorithmParameters::OctetKeyPair(parameters) => match parameters.curve {
            EllipticCurve::Ed25519 => Some(vec![Algorithm::EdDSA]),
            EllipticCurve::P256 | EllipticCurve::P384 | EllipticCurve::P521 => None,
        },
        AlgorithmParameters::OctetKey(_) => None,
    }
}

/// Whether the algorithm that a key says it is for is the given one.
fn is(said: KeyAlgorithm, algorithm: Algorithm) -> bool {
    said.to_string().parse() == Ok(algorithm)
}
