//! Tokens (JWT, RFC 7519) of the issuers that the platform's operators trust, beside API keys.
//!
//! - An issuer is named by the configuration, with its audience, its algorithms (asymmetric ones alone) and how its claims
//!   tell the tenant, the scopes and the roles. No tenant can add one: the platform fetches keys from where it is told to.
//! - Its public keys ([`key_set`]) are fetched again now and then, and once where a token names a key that is not among
//!   them, at most so often ([`key_source`]). While it is away, the keys known last go on.
//! - A token is judged by RFC 8725: signature, algorithm, type, issuer, audience and times ([`judgement`]), and then by its
//!   claims ([`claims`]). What came out is kept in mind until it ends or the keys change.

mod claims;
mod issuer;
mod judgement;
mod kept;
mod key_set;
mod key_source;
mod refusals;
mod standing;

use std::fmt;
use std::sync::Arc;

use fault::{Common, Fault};
use kernel::Tenant;
use rpc::Signer;
use store::Db;

pub use issuer::{Issuer, IssuerSettings};
pub use standing::IssuerStandings;

use crate::caller::{Caller, Identity};
use crate::contract;
use crate::key::scope::KnownScopes;
use crate::role::Roles;
use crate::tenant;
use judgement::{Judged, NotValid};
use kept::{Kept, KeptTokens};
use key_source::KeySource;

/// The longest token that is looked at.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// A text in the form of a signed token. Nothing is proved of it yet.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

/// How a text fails to be a token though it is meant to be one. Each is for the holder of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misshapen {
    #[error(
        "the token is longer than {TOKEN_BYTES_MAX} bytes, which is the most: get one with fewer claims from its issuer"
    )]
    TooLong,
    #[error("the token is not signed: get a signed one from its issuer")]
    Unsigned,
    #[error("the token is encrypted (JWE), which is not read here: get a signed one from its issuer")]
    Encrypted,
}

impl Token {
    /// What keeps a text from being a token that is meant to be one; none where it is not meant so.
    pub(crate) fn misshapen(text: &str) -> Option<Misshapen> {
        // Each begins with a JSON object in base64url.
        if !text.starts_with("eyJ") {
            return None;
        }
        let parts: Vec<&str> = text.split('.').take(6).collect();
        match parts[..] {
            [_, _, ""] => Some(Misshapen::Unsigned),
            [_, _, _, _, _] => Some(Misshapen::Encrypted),
            [_, _, _] if text.len() > TOKEN_BYTES_MAX => Some(Misshapen::TooLong),
            _ => None,
        }
    }

    /// The token that a caller presents, where it has a token's form: three parts in base64url, none of them empty.
    pub(crate) fn presented(text: &str) -> Option<Self> {
        let is_base64url = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        let has_form =
            text.len() <= TOKEN_BYTES_MAX && text.split('.').count() == 3 && text.split('.').all(is_base64url);
        has_form.then(|| Self(text.to_owned()))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// The callers that tokens prove.
pub(crate) struct Tokens {
    db: Db,
    signer: Signer,
    issuers: Vec<Trusted>,
    known_scopes: KnownScopes,
    roles: Roles,
    kept: KeptTokens,
}

/// An issuer with its keys.
struct Trusted {
    issuer: Issuer,
    keys: Arc<KeySource>,
}

impl Tokens {
    pub(crate) fn new(db: Db, signer: Signer, issuers: Vec<Issuer>) -> Self {
        // Contracts that leave something open stop the start elsewhere, with everything that they leave open.
        let methods = contracts_all::CONTRACT.methods().ok();
        let trusted = |issuer: Issuer| Trusted {
            keys: Arc::new(KeySource::new(&issuer)),
            issuer,
        };
        Self {
            db,
            signer,
            issuers: issuers.into_iter().map(trusted).collect(),
            known_scopes: KnownScopes::new(methods.into_iter().flat_map(contract::scopes)),
            roles: methods.map_or_else(Roles::default, Roles::of),
            kept: KeptTokens::default(),
        }
    }

    /// Fetches the keys of all issuers, so that the first callers need not wait for them.
    pub(crate) fn fetch_keys(&self) {
        for trusted in &self.issuers {
            trusted.keys.fetch_soon();
        }
    }

    /// Has others see how the issuers stand.
    pub(crate) fn show(&self, standings: &IssuerStandings) {
        standings.show(self.issuers.iter().map(|trusted| Arc::clone(&trusted.keys)).collect());
    }

    /// The issuers whose keys cannot be had, and why.
    pub(crate) fn troubles(&self) -> impl Fn() -> Vec<String> + Send + Sync + use<> {
        let sources: Vec<Arc<KeySource>> = self.issuers.iter().map(|trusted| Arc::clone(&trusted.keys)).collect();
        move || sources.iter().filter_map(KeySource::trouble).collect()
    }

    /// Whether a token says that it comes from an issuer that the platform trusts. It may lie.
    pub(crate) fn trusts_issuer_of(&self, token: &Token) -> bool {
        self.issuer_of(token).is_ok_and(|trusted| trusted.is_some())
    }

    /// The caller that a token proves. Refuses one that is not valid, and tells its holder why.
    pub(crate) async fn open(&self, token: &Token) -> Result<Caller, Fault> {
        if self.issuers.is_empty() {
            return Err(refused("this platform trusts no issuer of tokens: send an API key"));
        }
        let Some(trusted) = self.issuer_of(token)? else {
            return Err(refused(
                "the token's issuer is none that this platform trusts: get one from an issuer that it does",
            ));
        };
        let keys = trusted.keys.current().await?;
        let now = jsonwebtoken::get_current_timestamp();
        if let Some(kept) = self.kept.find(token, &keys, now) {
            return self.again(token, &kept);
        }
        let (judged, keys) = match judgement::judge(&trusted.issuer, &keys, token) {
            Err(cause @ (NotValid::KeyUnknown | NotValid::KeyNotNamed)) => {
                // The issuer may sign with a key that is newer than those known here.
                let Some(newer) = trusted.keys.newer_than(&keys).await else {
                    let away = trusted.keys.away().filter(|_| cause == NotValid::KeyUnknown);
                    return Err(away.unwrap_or_else(|| cause.into()));
                };
                (judgement::judge(&trusted.issuer, &newer, token)?, newer)
            }
            judged => (judged?, keys),
        };
        let (caller, ends) = self.caller(&trusted.issuer, &judged).await?;
        self.kept.keep(token, Kept::new(caller.clone(), keys, ends));
        Ok(caller)
    }

    /// A caller that was judged before, with a signature that the services still honour.
    fn again(&self, token: &Token, kept: &Arc<Kept>) -> Result<Caller, Fault> {
        if kept.is_signed_lately() && self.signer.verify(&kept.caller.principal).is_ok() {
            return Ok(kept.caller.clone());
        }
        let Caller {
            tenant,
            identity,
            scopes,
            ..
        } = kept.caller.clone();
        let caller = Caller::signed(&self.signer, tenant, identity, (*scopes).clone())?;
        self.kept.keep(token, kept.signed_again(caller.clone()));
        Ok(caller)
    }

    async fn caller(&self, issuer: &Issuer, judged: &Judged) -> Result<(Caller, u64), Fault> {
        let tenant = self.tenant(issuer, judged).await?;
        let scopes = claims::scopes(issuer, &judged.claims, &self.known_scopes, &self.roles);
        let identity = Identity::Token(format!("{}/{}", issuer.name, judged.subject).into());
        let caller = Caller::signed(&self.signer, tenant, identity, scopes)?;
        Ok((caller, judged.ends))
    }

    async fn tenant(&self, issuer: &Issuer, judged: &Judged) -> Result<Tenant, Fault> {
        let Some(code) = claims::tenant_code(issuer, &judged.claims) else {
            return Err(refused(
                "the token names no tenant, in the claim that the platform's operators have set for its issuer",
            ));
        };
        let row = tenant::rows::by_code(self.db.read(), code).await?;
        row.map(|row| row.tenant).ok_or_else(|| {
            refused("the token names a tenant that this platform does not have: its issuer must name one by its code")
        })
    }

    fn issuer_of(&self, token: &Token) -> Result<Option<&Trusted>, NotValid> {
        let named = judgement::issuer_named(token)?;
        Ok(self.issuers.iter().find(|trusted| trusted.issuer.iss == named))
    }
}

fn refused(message: &str) -> Fault {
    Fault::refused(Common::Unauthenticated, message)
}
