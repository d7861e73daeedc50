//! Signatures and their comparison. Nothing here ends at the first byte that differs.

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use ring::digest;
use ring::hmac as sha;
use subtle::ConstantTimeEq;

/// Whether two signatures are the same, in a time that tells nothing of where they differ. Their lengths are no secret.
pub(crate) fn same(ours: &[u8], theirs: &[u8]) -> bool {
    ours.ct_eq(theirs).into()
}

/// SHA-1 of the parts in their order, joined: how Tencent signs its callbacks.
pub(crate) fn sha1_of_sorted(parts: &mut [&str]) -> [u8; 20] {
    parts.sort_unstable();
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    for part in parts {
        context.update(part.as_bytes());
    }
    let mut out = [0; 20];
    out.copy_from_slice(context.finish().as_ref());
    out
}

/// SHA-256.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

/// HMAC with SHA-256.
pub(crate) fn hmac_sha256(secret: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = sha::Context::with_key(&sha::Key::new(sha::HMAC_SHA256, secret));
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.sign().as_ref());
    out
}

/// MD5, which Taobao signs with.
pub(crate) fn md5(parts: &[&[u8]]) -> [u8; 16] {
    let mut context = Md5::new();
    for part in parts {
        context.update(part);
    }
    context.finalize().into()
}

/// HMAC with MD5; nothing for a key that the algorithm does not take, which it takes all.
pub(crate) fn hmac_md5(secret: &[u8], parts: &[&[u8]]) -> Option<[u8; 16]> {
    let mut context = Hmac::<Md5>::new_from_slice(secret).ok()?;
    for part in parts {
        context.update(part);
    }
    Some(context.finalize().into_bytes().into())
}

/// A signature that is written in hexadecimal digits, in either case; nothing where it is none.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    hex::decode(text).ok()
}
