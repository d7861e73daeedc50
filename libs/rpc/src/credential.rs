use std::time::Duration;

use fault::{Common, Fault};
use http::{HeaderName, HeaderValue};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
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
/// It always goes by the machine's clock: a platform clock that is turned by hand must not age credentials.
#[derive(Clone)]
pub struct Signer {
    signing: EncodingKey,
    verifying: DecodingKey,
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
            verifying: DecodingKey::from_secret(secret),
            validation,
        }
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
        let claims = jsonwebtoken::decode::<Claims>(header.as_bytes(), &self.verifying, &self.validation);
        let claims = claims.map_err(|_| refuse())?.claims;
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
}
