//! Who calls: the credential that a request presents, and the caller that it proves.

pub(crate) mod credential;

use std::sync::Arc;

use fault::{Common, Fault};
use http::HeaderValue;
use http::header::HeaderMap;
use kernel::{Principal, PrincipalKind, Scopes, Tenant};
use rpc::Signer;

use crate::key::keyring::Keyring;
use crate::limit::RequestLimits;
use crate::token::Tokens;
use credential::Presented;

/// A caller from outside, as the gateway knows it.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Says and proves it to the services.
    pub(crate) principal: HeaderValue,
    pub(crate) tenant: Tenant,
    pub(crate) identity: Identity,
    pub(crate) scopes: Arc<Scopes>,
    /// How many requests it may make, as far as it has limits of its own.
    pub(crate) limits: RequestLimits,
}

/// The name of a caller within its tenant. It is no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The id of an API key.
    Key(Arc<str>),
    /// The subject of a token, after the name of its issuer.
    Token(Arc<str>),
}

/// The two ways in.
pub(crate) struct Callers {
    pub(crate) keyring: Keyring,
    pub(crate) tokens: Tokens,
}

impl Identity {
    pub(crate) fn subject(&self) -> &str {
        match self {
            Self::Key(subject) | Self::Token(subject) => subject,
        }
    }
}

impl Caller {
    /// The caller with a fresh signature of what it may do.
    pub(crate) fn signed(signer: &Signer, tenant: Tenant, identity: Identity, scopes: Scopes) -> Result<Self, Fault> {
        let principal = Principal {
            tenant,
            subject: identity.subject().to_owned(),
            scopes,
            kind: PrincipalKind::Key,
        };
        Ok(Self {
            principal: signer.sign(&principal)?,
            tenant,
            identity,
            scopes: Arc::new(principal.scopes),
            limits: RequestLimits::default(),
        })
    }
}

impl Callers {
    /// The caller that a request proves to be; none where it presents no credential.
    ///
    /// The token of a stranger beside a key of ours is a proxy's business. One of an issuer that the platform trusts is a
    /// second credential, and whichever were taken, the caller might mean the other one.
    pub(crate) async fn find(&self, headers: &HeaderMap) -> Result<Option<Caller>, Fault> {
        let Presented { secret, token } = credential::presented(headers)?;
        match (secret, token) {
            (Some(_), Some(token)) if self.tokens.trusts_issuer_of(&token) => Err(Fault::refused(
                Common::Unauthenticated,
                "the request presents an API key and a token: send one of them",
            )),
            (Some(secret), _) => self.keyring.open(&secret).await.map(Some),
            (None, Some(token)) => self.tokens.open(&token).await.map(Some),
            (None, None) => Ok(None),
        }
    }
}
