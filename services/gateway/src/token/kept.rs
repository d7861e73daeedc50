use std::sync::Arc;

use rpc::Signer;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::Token;
use super::key_set::KeySet;
use crate::caller::Caller;
use crate::recent::Recent;

/// How many tokens are kept in mind. Those in use are judged again when they were forgotten.
const TOKENS_MAX: usize = 10_000;

type TokenHash = [u8; 32];

/// The tokens that were found valid, by their hashes: to verify a signature takes longer than all else of a request.
pub(super) struct KeptTokens(Recent<TokenHash, Arc<Kept>>);

impl Default for KeptTokens {
    fn default() -> Self {
        Self(Recent::new(TOKENS_MAX))
    }
}

/// What a valid token proves, until it ends or its issuer has other keys.
pub(super) struct Kept {
    pub(super) caller: Caller,
    keys: Arc<KeySet>,
    /// The first second in which it proves nothing any more.
    ends: u64,
    signed_at: Instant,
}

impl Kept {
    pub(super) fn new(caller: Caller, keys: Arc<KeySet>, ends: u64) -> Self {
        Self {
            caller,
            keys,
            ends,
            signed_at: Instant::now(),
        }
    }

    pub(super) fn signed_again(&self, caller: Caller) -> Self {
        Self::new(caller, Arc::clone(&self.keys), self.ends)
    }

    pub(super) fn is_signed_lately(&self) -> bool {
        self.signed_at.elapsed() < Signer::REUSE
    }
}

impl KeptTokens {
    /// What a token proves, where it was found valid by the same keys and has not ended.
    pub(super) fn find(&self, token: &Token, keys: &Arc<KeySet>, now: u64) -> Option<Arc<Kept>> {
        let found = self.0.find(&hash(token))?;
        (Arc::ptr_eq(&found.keys, keys) && now < found.ends).then_some(found)
    }

    pub(super) fn keep(&self, token: &Token, found: Kept) {
        self.0.keep(hash(token), Arc::new(found));
    }
}

fn hash(token: &Token) -> TokenHash {
    Sha256::digest(token.text()).into()
}
