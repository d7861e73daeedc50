//! Signatures as Standard Webhooks says: HMAC-SHA256 over the id, the time and the body, one for each secret that is valid.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac::{HMAC_SHA256, Key, sign};

/// What `webhook-signature` holds: a signature by each secret, separated by blanks.
pub(crate) fn signatures(secrets: &[Vec<u8>], id: &str, seconds: i64, body: &[u8]) -> String {
    let content = [format!("{id}.{seconds}.").as_bytes(), body].concat();
    let signed = |secret: &Vec<u8>| {
        let tag = sign(&Key::new(HMAC_SHA256, secret), &content);
        format!("v1,{}", STANDARD.encode(tag))
    };
    secrets.iter().map(signed).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn the_signature_is_that_of_the_specification() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let told = signatures(
            std::slice::from_ref(&secret),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(told, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let two = signatures(&[secret, vec![7; 32]], "msg", 1, b"{}");
        assert_eq!(two.split(' ').count(), 2);
    }
}
