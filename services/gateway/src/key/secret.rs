use std::collections::BTreeSet;
use std::fmt;

use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

/// How every secret begins, so that scanners of repositories and logs find one that leaked.
const PREFIX: &str = "qy_";
/// How much of a secret may be shown: the prefix and 32 of its 256 bits.
const SHOWN: usize = PREFIX.len() + 8;
const SECRET_BYTES: usize = 32;

/// The secret of an API key: 256 random bits, written as "qy_" and 64 hexadecimal digits. It is told once and kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// The hash of a secret, which alone is stored. A plain SHA-256 suffices, where a password would need a slow hash: nobody guesses 256 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SecretHash([u8; 32]);

impl Secret {
    /// A new secret from the operating system's randomness.
    pub(crate) fn generate() -> Result<Self, rand::rand_core::OsError> {
        let mut bytes = [0; SECRET_BYTES];
        OsRng.try_fill_bytes(&mut bytes)?;
        Ok(Self(format!("{PREFIX}{}", hex::encode(bytes))))
    }

    /// The secret that a caller presents, where it has a secret's form.
    pub(crate) fn presented(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX)?;
        let is_secret =
            digits.len() == SECRET_BYTES * 2 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        is_secret.then(|| Self(text.to_owned()))
    }

    /// A secret that an operator has chosen: of a secret's form, and such as a generator makes.
    pub fn chosen(text: &str) -> Result<Self, WeakSecret> {
        Self::presented(text)
            .filter(|secret| !is_guessable(&secret.0[PREFIX.len()..]))
            .ok_or(WeakSecret)
    }

    /// The text itself, for its holder.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The part that may be shown, to recognise it by.
    pub(crate) fn prefix(&self) -> &str {
        self.0.get(..SHOWN).unwrap_or(PREFIX)
    }

    pub(crate) fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(&self.0).into())
    }
}

/// A chosen secret that is none, or that can be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeakSecret;

impl fmt::Display for WeakSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "must be \"qy_\" and 64 hexadecimal digits in lower case that nobody can guess: \
             make one with `echo qy_$(openssl rand -hex 32)`",
        )
    }
}

impl std::error::Error for WeakSecret {}

/// Of 64 random hexadecimal digits, how many are different at the least: fewer come once in 10^9 times.
const DIFFERENT_DIGITS_MIN: usize = 10;

/// Whether the digits were typed rather than drawn: few different ones, the same again and again, or counted up or down.
fn is_guessable(digits: &str) -> bool {
    let digits = digits.as_bytes();
    let different: BTreeSet<u8> = digits.iter().copied().collect();
    let repeats =
        (1..=digits.len() / 2).any(|period| digits.iter().zip(digits.iter().skip(period)).all(|(a, b)| a == b));
    let mirrored = digits.iter().eq(digits.iter().rev());
    different.len() < DIFFERENT_DIGITS_MIN || repeats || mirrored
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}...", self.prefix())
    }
}

impl SecretHash {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The hash as a row has it.
    pub(crate) fn from_row(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_back_and_its_hash_stays_the_same() {
        let secret = Secret::generate().unwrap();
        let presented = Secret::presented(secret.reveal()).unwrap();
        assert_eq!(presented.hash(), secret.hash());
        assert_ne!(Secret::generate().unwrap().hash(), secret.hash());
    }

    #[test]
    fn what_has_not_the_form_of_a_secret_is_none() {
        let secret = Secret::generate().unwrap();
        for text in [
            "",
            "qy_",
            "qy_00",
            &secret.reveal().to_uppercase(),
            &secret.reveal()[3..],
            &format!("{}0", secret.reveal()),
        ] {
            assert!(Secret::presented(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_chosen_secret_is_such_as_a_generator_makes() {
        for _ in 0..100 {
            let drawn = Secret::generate().unwrap();
            assert_eq!(Secret::chosen(drawn.reveal()), Ok(drawn));
        }
        for typed in [
            "changeme".to_owned(),
            format!("qy_{}", "0".repeat(64)),
            format!("qy_{}", "deadbeef".repeat(8)),
            format!("qy_{}", "0123456789abcdef".repeat(4)),
            format!(
                "qy_{}",
                "0123456789abcdef0123456789abcdeffedcba9876543210fedcba9876543210"
            ),
            format!("qy_{}", "0123456789abcdefABCDEF".repeat(3)),
        ] {
            assert_eq!(Secret::chosen(&typed), Err(WeakSecret), "{typed}");
        }
    }

    #[test]
    fn debugging_shows_no_more_than_the_prefix() {
        let secret = Secret::generate().unwrap();
        assert_eq!(format!("{secret:?}"), format!("{}...", &secret.reveal()[..11]));
    }
}
