use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fault::Fault;
use rand::TryRngCore;
use rand::rngs::OsRng;

/// How the secrets of Standard Webhooks begin.
const PREFIX: &str = "whsec_";
/// How much of a secret may be shown: the prefix and 36 of its 256 bits.
const SHOWN: usize = PREFIX.len() + 6;
const SECRET_BYTES: usize = 32;

/// What deliveries are signed with: 256 random bits.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(Vec<u8>);

impl Secret {
    /// A new secret from the operating system's randomness.
    pub(crate) fn generate() -> Result<Self, Fault> {
        let mut bytes = vec![0; SECRET_BYTES];
        OsRng.try_fill_bytes(&mut bytes).map_err(Fault::internal)?;
        Ok(Self(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text for the receiver: "whsec_" and the bytes in base64.
    pub(crate) fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// The part that may be shown, to recognise it by.
    pub(crate) fn prefix(&self) -> String {
        self.reveal().chars().take(SHOWN).collect()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}...", self.prefix())
    }
}
