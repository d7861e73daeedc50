use jsonwebtoken::{DecodingKey, get_current_timestamp};
use serde_json::json;
use testkit::SigningKey;

use super::*;
use crate::token::IssuerSettings;

const ISSUER: &str = "https://id.example.com";

fn issuer(change: impl FnOnce(&mut IssuerSettings)) -> Issuer {
    let mut settings = IssuerSettings::of_test(ISSUER, "/nowhere/keys.json");
    settings.algorithms = vec!["ES256".to_owned(), "EdDSA".to_owned(), "RS256".to_owned()];
    change(&mut settings);
    settings.read().unwrap()
}

fn set(keys: &[Value]) -> KeySet {
    KeySet::read(json!({"keys": keys}).to_string().as_bytes()).unwrap()
}

fn claims() -> Value {
    json!({"iss": ISSUER, "sub": "user-1", "aud": "quanyu", "exp": get_current_timestamp() + 60})
}

/// The right claims with others over them; null takes one away.
fn with(over: Value) -> Value {
    let mut claims = claims();
    for (name, value) in over.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

fn judged(issuer: &Issuer, keys: &KeySet, token: &str) -> Result<String, NotValid> {
    let token = Token::presented(token).expect("a token's form");
    judge(issuer, keys, &token).map(|judged| judged.subject)
}

fn claim(name: &str) -> Result<String, NotValid> {
    Err(NotValid::Claim(name.to_owned()))
}

#[test]
fn the_claims_must_be_there_and_right() {
    let key = SigningKey::p256("one");
    let (issuer, keys, now) = (issuer(|_| {}), set(&[key.public()]), get_current_timestamp());
    let valid = Ok("user-1".to_owned());
    let rows = [
        (json!({}), valid.clone()),
        (json!({"aud": ["other", "quanyu"]}), valid.clone()),
        (json!({"aud": "other"}), Err(NotValid::Audience)),
        (json!({"aud": ["other"]}), Err(NotValid::Audience)),
        (json!({"aud": []}), Err(NotValid::Audience)),
        (json!({"aud": null}), claim("aud")),
        (json!({"aud": 7}), claim("aud")),
        // By 60 seconds clocks may differ.
        (json!({"exp": now - 50}), valid.clone()),
        (json!({"exp": now - 70}), Err(NotValid::Expired)),
        (json!({"exp": null}), claim("exp")),
        (json!({"exp": "tomorrow"}), claim("exp")),
        (json!({"exp": -1}), claim("exp")),
        (json!({"nbf": now + 50}), valid.clone()),
        (json!({"nbf": now + 70}), Err(NotValid::TooEarly)),
        (json!({"nbf": "now"}), claim("nbf")),
        (json!({"iss": "https://id.example.com/"}), claim("iss")),
        (json!({"iss": [ISSUER, "https://other.example.com"]}), claim("iss")),
        (json!({"iss": null}), claim("iss")),
        (json!({"sub": null}), claim("sub")),
        (json!({"sub": ""}), claim("sub")),
        (json!({"sub": "a\nb"}), claim("sub")),
        (json!({"sub": "x".repeat(257)}), claim("sub")),
    ];
    for (over, expected) in rows {
        assert_eq!(
            judged(&issuer, &keys, &key.sign(&with(over.clone()))),
            expected,
            "{over}"
        );
    }
    let exact = self::issuer(|settings| settings.leeway_seconds = 0);
    let late = key.sign(&with(json!({"exp": now - 2})));
    assert_eq!(judged(&exact, &keys, &late), Err(NotValid::Expired));
}

#[test]
fn the_header_opens_nothing_that_the_settings_do_not() {
    let key = SigningKey::p256("one");
    let keys = set(&[key.public()]);
    let valid = Ok("user-1".to_owned());
    let rows = [
        (json!({"alg": "ES256", "kid": "one"}), valid.clone()),
        (json!({"alg": "ES256"}), valid.clone()),
        (json!({"alg": "ES256", "kid": "one", "typ": "at+jwt"}), valid.clone()),
        (
            json!({"alg": "ES256", "kid": "one", "typ": "application/AT+JWT"}),
            valid.clone(),
        ),
        // A token for another purpose, by the same key (RFC 8725, 3.11).
        (
            json!({"alg": "ES256", "kid": "one", "typ": "logout+jwt"}),
            Err(NotValid::Type("logout+jwt".to_owned())),
        ),
        (
            json!({"alg": "ES256", "kid": "one", "typ": "dpop+jwt"}),
            Err(NotValid::Type("dpop+jwt".to_owned())),
        ),
        (
            json!({"alg": "ES256", "kid": "one", "crit": ["exp"], "exp": "1"}),
            Err(NotValid::Critical),
        ),
        // A header that is not as it should be, such as an unencoded payload (RFC 7797).
        (
            json!({"alg": "ES256", "kid": "one", "b64": false}),
            Err(NotValid::Unreadable),
        ),
        (json!({"alg": "none", "kid": "one"}), Err(NotValid::Unsigned)),
        (json!({"alg": "NONE"}), Err(NotValid::Unsigned)),
        (json!({"alg": "ES1", "kid": "one"}), Err(NotValid::Algorithm)),
        (json!({"alg": "HS256", "kid": "one"}), Err(NotValid::Algorithm)),
        (json!({"alg": "ES384", "kid": "one"}), Err(NotValid::Algorithm)),
        // The key is for ES256 alone.
        (json!({"alg": "RS256", "kid": "one"}), Err(NotValid::KeyUnknown)),
        (json!({"alg": "ES256", "kid": "two"}), Err(NotValid::KeyUnknown)),
        (json!({"alg": "ES256", "kid": "' OR 1=1 --"}), Err(NotValid::KeyUnknown)),
        (json!({"alg": "ES256", "kid": "../../one"}), Err(NotValid::KeyUnknown)),
        (json!({"alg": "ES256", "kid": 1}), Err(NotValid::Unreadable)),
    ];
    for (header, expected) in rows {
        let token = key.sign_with(&header, &claims());
        assert_eq!(judged(&issuer(|_| {}), &keys, &token), expected, "{header}");
    }
    let narrow = issuer(|settings| settings.types = vec!["at+jwt".to_owned()]);
    assert_eq!(
        judged(&narrow, &keys, &key.sign(&claims())),
        Err(NotValid::Type("jwt".to_owned()))
    );
    let other = issuer(|settings| settings.algorithms = vec!["EdDSA".to_owned()]);
    assert_eq!(judged(&other, &keys, &key.sign(&claims())), Err(NotValid::Algorithm));
}

#[test]
fn a_key_that_the_token_brings_along_is_not_looked_at() {
    let (ours, theirs) = (SigningKey::p256("one"), SigningKey::p256("one"));
    let keys = set(&[ours.public()]);
    let header = json!({"alg": "ES256", "kid": "one", "jwk": theirs.public(), "jku": "https://evil.example.com/keys"});
    let token = theirs.sign_with(&header, &claims());
    assert_eq!(judged(&issuer(|_| {}), &keys, &token), Err(NotValid::Signature));
    let header = json!({"alg": "ES256", "jwk": theirs.public()});
    let token = theirs.sign_with(&header, &claims());
    assert_eq!(judged(&issuer(|_| {}), &keys, &token), Err(NotValid::Signature));
}

#[test]
fn a_token_that_was_changed_is_not_its_issuer_s() {
    let key = SigningKey::ed25519("one");
    let (issuer, keys) = (issuer(|_| {}), set(&[key.public()]));
    let token = key.sign(&claims());
    assert_eq!(judged(&issuer, &keys, &token), Ok("user-1".to_owned()));
    let other = key.sign(&with(json!({"sub": "user-2"})));
    let [parts, others] = [&token, &other].map(|token| token.split('.').collect::<Vec<_>>());
    let swapped = format!("{}.{}.{}", parts[0], others[1], parts[2]);
    assert_eq!(judged(&issuer, &keys, &swapped), Err(NotValid::Signature));
    let cut = &token[..token.len() - 4];
    assert!(judged(&issuer, &keys, cut).is_err());
}

/// The published key as a shared secret (RFC 8725, 2.1): whoever reads it could sign.
#[test]
fn a_public_key_is_no_shared_secret() {
    let key = SigningKey::p256("one");
    let keys = set(&[key.public()]);
    let secret = key.public().to_string();
    let header = jsonwebtoken::Header {
        kid: Some("one".to_owned()),
        ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256)
    };
    let by_secret = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
    let token = jsonwebtoken::encode(&header, &claims(), &by_secret).unwrap();
    assert_eq!(judged(&issuer(|_| {}), &keys, &token), Err(NotValid::Algorithm));
    assert!(
        DecodingKey::from_secret(secret.as_bytes())
            .try_get_hmac_secret()
            .is_ok()
    );
}

/// The example of RFC 7515, A.2: by RSA, and without most of the claims that are asked for here.
#[test]
fn a_signature_by_rsa_is_verified() {
    let n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let keys = set(&[json!({"kty": "RSA", "n": n, "e": "AQAB"})]);
    let lacking = judged(&issuer(|_| {}), &keys, token);
    assert!([claim("aud"), claim("sub")].contains(&lacking), "{lacking:?}");
    let forged = token.replace("cC4h", "cC4i");
    assert_eq!(judged(&issuer(|_| {}), &keys, &forged), Err(NotValid::Signature));
}

#[test]
fn a_set_is_read_without_the_keys_that_nobody_here_can_use() {
    let (today, other) = (SigningKey::p256("today"), SigningKey::ed25519("other"));
    let with_use = |usage: &str| {
        let mut key = other.public();
        key["use"] = json!(usage);
        key
    };
    let mut signs = other.public();
    signs["key_ops"] = json!(["sign"]);
    for unusable in [
        json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": "tomorrow"}),
        json!({"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA", "kid": "tomorrow"}),
        json!({"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA", "kid": "tomorrow"}),
        json!({"kty": "oct", "k": "c2VjcmV0", "kid": "shared"}),
        json!({"kty": "RSA", "n": "AQAB".repeat(40), "e": "AQAB", "kid": "short"}),
        json!({"kty": "RSA", "kid": "broken"}),
        json!("no key"),
        with_use("enc"),
        signs,
    ] {
        let keys = set(&[today.public(), unusable.clone()]);
        assert_eq!(
            judged(&issuer(|_| {}), &keys, &today.sign(&claims())),
            Ok("user-1".to_owned())
        );
        assert_eq!(
            keys.find(Some("other"), jsonwebtoken::Algorithm::EdDSA).len(),
            0,
            "{unusable}"
        );
        let alone = json!({"keys": [unusable]}).to_string();
        assert!(KeySet::read(alone.as_bytes()).is_err(), "{alone}");
    }
    for none in ["", "{}", "[]", r#"{"keys": []}"#, r#"{"keys": {}}"#, "<html>"] {
        assert!(KeySet::read(none.as_bytes()).is_err(), "{none}");
    }
    let many = json!({"keys": vec![today.public(); 101]}).to_string();
    assert!(KeySet::read(many.as_bytes()).unwrap_err().contains("101 keys"));
}

#[test]
fn without_a_name_it_must_be_clear_which_key_is_meant() {
    let (one, two) = (SigningKey::p256("one"), SigningKey::p256("two"));
    let keys = set(&[one.public(), two.public()]);
    let token = one.sign_with(&json!({"alg": "ES256"}), &claims());
    assert_eq!(judged(&issuer(|_| {}), &keys, &token), Err(NotValid::KeyNotNamed));
    assert_eq!(
        judged(&issuer(|_| {}), &keys, &two.sign(&claims())),
        Ok("user-1".to_owned())
    );
}
