//! The envelope in which WeCom and WeChat encrypt messages.
//!
//! `Base64(AES-256-CBC(random(16) + length(4, big endian) + message + receiver))`, padded as PKCS#7 says but to 32 bytes,
//! with the first 16 bytes of the key for initial vector; signed by SHA-1 over the token, the time, the nonce and the
//! ciphertext, sorted and joined. Source: <https://developer.work.weixin.qq.com/document/path/91144>.

use aes::Aes256;
use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use cbc::{Decryptor, Encryptor};

use crate::Refusal;
use crate::signature::{from_hex, same, sha1_of_sorted};

/// Platforms draw the 43 characters of a key at random, so the last of them has bits that belong to no byte; three keys of
/// four would be refused by the strict reading.
const KEYS: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Random bytes before each message, which nobody reads.
const RANDOM_BYTES: usize = 16;

/// To how many bytes a message is padded.
const PADDED_TO: usize = 32;

/// The secret of an account: what signs, and what encrypts.
#[derive(Clone)]
pub struct Secret {
    token: String,
    key: Option<[u8; 32]>,
}

impl Secret {
    /// Takes a token and the 43 characters of an `EncodingAESKey`; empty where the account encrypts nothing. Nothing where
    /// the key is none.
    pub fn new(token: &str, encoding_aes_key: &str) -> Option<Self> {
        let key = match encoding_aes_key.is_empty() {
            true => None,
            false => Some(KEYS.decode(encoding_aes_key).ok()?.try_into().ok()?),
        };
        Some(Self {
            token: token.to_owned(),
            key,
        })
    }

    /// Whether a plain signature, over the token, the time and the nonce, is this secret's.
    pub(crate) fn signs(&self, signature: &str, timestamp: &str, nonce: &str) -> bool {
        let ours = sha1_of_sorted(&mut [&self.token, timestamp, nonce]);
        from_hex(signature).is_some_and(|theirs| same(&ours, &theirs))
    }

    /// Opens a sealed text that this secret has signed. Nothing is decrypted before the signature is right, so that
    /// nobody learns from refusals what the padding was.
    pub(crate) fn open(&self, sealed: &Sealed<'_>, receiver: &str) -> Result<Vec<u8>, Refusal> {
        let mut parts = [self.token.as_str(), sealed.timestamp, sealed.nonce, sealed.text];
        let ours = sha1_of_sorted(&mut parts);
        let key = self.key.as_ref().ok_or(Refusal::BadSignature)?;
        match from_hex(sealed.signature).is_some_and(|theirs| same(&ours, &theirs)) {
            true => opened(key, sealed.text, receiver),
            false => Err(Refusal::BadSignature),
        }
    }

    /// Seals an answer for the platform. `random` comes from outside, as all chance does.
    pub fn seal(&self, message: &[u8], receiver: &str, random: [u8; RANDOM_BYTES]) -> Option<String> {
        let key = self.key.as_ref()?;
        let mut plain = random.to_vec();
        plain.extend(u32::try_from(message.len()).ok()?.to_be_bytes());
        plain.extend_from_slice(message);
        plain.extend_from_slice(receiver.as_bytes());
        let missing = PADDED_TO.checked_sub(plain.len().checked_rem(PADDED_TO)?)?;
        let length = plain.len();
        plain.resize(length.checked_add(missing)?, u8::try_from(missing).ok()?);
        let padded = plain.len();
        let cipher = Encryptor::<Aes256>::new(key.into(), iv_of(key)?.into());
        let sealed = cipher.encrypt_padded::<NoPadding>(&mut plain, padded).ok()?;
        Some(STANDARD.encode(sealed))
    }

    /// The signature of a sealed answer, in hexadecimal digits.
    pub fn sign(&self, timestamp: &str, nonce: &str, sealed: &str) -> String {
        hex::encode(sha1_of_sorted(&mut [&self.token, timestamp, nonce, sealed]))
    }
}

/// A ciphertext with what is signed beside it.
pub(crate) struct Sealed<'a> {
    pub(crate) signature: &'a str,
    pub(crate) timestamp: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) text: &'a str,
}

/// Opens a sealed text with whichever of the secrets has signed it.
pub(crate) fn open(secrets: &[Secret], sealed: &Sealed<'_>, receiver: &str) -> Result<Vec<u8>, Refusal> {
    let mut refusal = Refusal::BadSignature;
    for secret in secrets {
        match secret.open(sealed, receiver) {
            Ok(plain) => return Ok(plain),
            Err(Refusal::BadSignature) => {}
            Err(other) => refusal = other,
        }
    }
    Err(refusal)
}

fn iv_of(key: &[u8; 32]) -> Option<&[u8; 16]> {
    key.first_chunk()
}

fn opened(key: &[u8; 32], sealed: &str, receiver: &str) -> Result<Vec<u8>, Refusal> {
    let mut bytes = STANDARD.decode(sealed).map_err(|_| Refusal::Unreadable)?;
    let iv = iv_of(key).ok_or(Refusal::Unreadable)?;
    let cipher = Decryptor::<Aes256>::new(key.into(), iv.into());
    let plain = cipher
        .decrypt_padded::<NoPadding>(&mut bytes)
        .map_err(|_| Refusal::Unreadable)?;
    let plain = unpadded(plain).ok_or(Refusal::Unreadable)?;
    let (_, rest) = plain.split_at_checked(RANDOM_BYTES).ok_or(Refusal::Unreadable)?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(Refusal::Unreadable)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| Refusal::Unreadable)?;
    let (message, to) = rest.split_at_checked(length).ok_or(Refusal::Unreadable)?;
    match to == receiver.as_bytes() {
        true => Ok(message.to_vec()),
        false => Err(Refusal::WrongReceiver),
    }
}

/// The text without its padding: 1 to 32 bytes, each of which says how many they are.
fn unpadded(plain: &[u8]) -> Option<&[u8]> {
    let count = usize::from(*plain.last()?);
    let (text, padding) = plain.split_at_checked(plain.len().checked_sub(count)?)?;
    let is_padding = (1..=PADDED_TO).contains(&count) && padding.iter().all(|byte| usize::from(*byte) == count);
    is_padding.then_some(text)
}
