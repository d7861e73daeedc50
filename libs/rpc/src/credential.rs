use std::time::Duration;

use fault::{Common, Fault};
use http::{HeaderName, HeaderValue};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, TokenData, Validation};
use kernel::{Principal, PrincipalKind, Scopes};
use serde::{Deserialize, Serialize};

/// Where the signed principal travels between the processes of the platform. The gateway drops it from what comes in.
pub const PRINCIPAL_HEADER: HeaderName = HeaderName::from_static("x-quanyu-principal");

/// How long a signed principal is honoured: longer than a call and the difference of two clocks, shorter than a worry.
const LIFETIME: Duration = Duration::from_mins(5);
/// By how much the clocks of two processes may differ.
const LEEWAY_SECONDS: u64 = 30;
const ISSUER: &str = "quanyu";

/// Signs and verifies principals with the key that the processes of one platform share: a JWT (RFC 7519) with HS256.
///
/// A second key is honoured beside it, so that the processes can change over from one key to another one by one.
///
/// It always goes by the machine's clock: a platform clock that is turned by hand must not age credentials.
#[derive(Clone)]
pub struct Signer {
    signing: EncodingKey,
    /// The key that signs, and the others that are honoured.
    verifying: Vec<DecodingKey>,
    validation: Validation,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    exp: u64,
    sub: String,
    tenant: String,
    scopes: Scopes,
    kind: PrincipalKind,
}

impl Signer {
    /// A signer with the given secret, of 32 bytes or more.
    pub fn new(secret: &[u8]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.leeway = LEEWAY_SECONDS;
        Self {
            signing: EncodingKey::from_secret(secret),
            verifying: vec![DecodingKey::from_secret(secret)],
            validation,
        }
    }

    /// The same signer, which honours another secret as well: the one that peers sign with before a change of keys reaches
    /// them, or after it has.
    #[must_use]
    pub fn honouring(mut self, secret: &[u8]) -> Self {
        self.verifying.push(DecodingKey::from_secret(secret));
        self
    }

    /// For how long a signature may be kept and sent again: half of what it is honoured for.
    pub const REUSE: Duration = Duration::from_secs(LIFETIME.as_secs() / 2);

    /// The header that says, and proves, who calls.
    pub fn sign(&self, principal: &Principal) -> Result<HeaderValue, Fault> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            exp: jsonwebtoken::get_current_timestamp().saturating_add(LIFETIME.as_secs()),
            sub: principal.subject.clone(),
            tenant: principal.tenant.to_string(),
            scopes: principal.scopes.clone(),
            kind: principal.kind,
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing);
        HeaderValue::try_from(token.map_err(Fault::internal)?).map_err(Fault::internal)
    }

    /// Who calls, if the header proves it.
    pub fn verify(&self, header: &HeaderValue) -> Result<Principal, Fault> {
        let refuse = || {
            Fault::refused(
                Common::Unauthenticated,
                "the signed principal is not valid: call the gateway",
            )
        };
        let mut read = self
            .verifying
            .iter()
            .map(|key| jsonwebtoken::decode(header.as_bytes(), key, &self.validation));
        let token: TokenData<Claims> = read.find_map(Result::ok).ok_or_else(refuse)?;
        let claims = token.claims;
        let tenant = claims.tenant.parse().map_err(|_| refuse())?;
        Ok(Principal {
            tenant,
            subject: claims.sub,
            scopes: claims.scopes,
            kind: claims.kind,
        })
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Tenant;

    #[test]
    fn a_signature_proves_the_principal_and_nothing_else_does() {
        let signer = Signer::new(&[7; 32]);
        let principal = Principal::service("points", Tenant::PLATFORM);
        let header = signer.sign(&principal).unwrap();
        assert_eq!(signer.verify(&header).unwrap(), principal);
        assert!(Signer::new(&[8; 32]).verify(&header).is_err());
        assert!(signer.verify(&HeaderValue::from_static("e30.e30.")).is_err());
        // A token without a signature, as in RFC 8725 section 2.1.
        let unsigned = HeaderValue::from_static("eyJhbGciOiJub25lIn0.eyJpc3MiOiJxdWFueXUifQ.");
        assert!(signer.verify(&unsigned).is_err());
    }

    #[test]
    fn keys_change_over_one_process_after_the_other() {
        let (old, new, unknown) = ([7; 32], [8; 32], [9; 32]);
        let principal = Principal::service("points", Tenant::PLATFORM);
        // Before the change, while it reaches one process after the other, and once all sign with the new key.
        let steps = [
            Signer::new(&old),
            Signer::new(&old).honouring(&new),
            Signer::new(&new).honouring(&old),
            Signer::new(&new),
        ];
        for pair in steps.windows(2) {
            for (one, other) in [(&pair[0], &pair[1]), (&pair[1], &pair[0])] {
                assert_eq!(one.verify(&other.sign(&principal).unwrap()).unwrap(), principal);
            }
        }
        // The key that comes first signs.
        let signed = steps[2].sign(&principal).unwrap();
        assert!(steps[0].verify(&signed).is_err() && steps[3].verify(&signed).is_ok());
        let forged = Signer::new(&unknown).sign(&principal).unwrap();
        assert!(steps.iter().all(|signer| signer.verify(&forged).is_err()));
    }
}
