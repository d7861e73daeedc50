use fault::{Common, Fault};
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use crate::key::secret::Secret;
use crate::token::Token;

/// The other place of an API key.
const API_KEY_HEADER: &str = "x-api-key";

/// What a request presents. Beside a key of ours there may be a token, which is then not yet known to be anybody's.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Presented {
    pub(crate) secret: Option<Secret>,
    pub(crate) token: Option<Token>,
}

/// The credentials that a request presents: none where it presents none at all.
///
/// An API key begins with "qy_", a token has three parts with dots between them: nothing is both. A header without a value
/// presents nothing, for that is what a client sends whose key is not configured. Two different keys, or two tokens, are
/// refused, for whichever were taken, the caller might mean the other tenant's.
pub(crate) fn presented(headers: &HeaderMap) -> Result<Presented, Fault> {
    let by_name: Vec<&str> = texts(headers, API_KEY_HEADER).collect();
    let authorizations = texts(headers, AUTHORIZATION.as_str());
    let by_bearer: Vec<&str> = authorizations.map(|text| bearer(text).unwrap_or(NO_KEY)).collect();
    let secrets = by_name.iter().chain(&by_bearer).copied();
    let secret = one(secrets.filter_map(Secret::presented), "API keys")?;
    let token = one(by_bearer.iter().copied().filter_map(Token::presented), "tokens")?;
    if let Some(wrong) = by_name.iter().find(|text| Secret::presented(text).is_none()) {
        return Err(no_key(wrong));
    }
    // Beside a key, what else stands in "authorization" is a proxy's. By itself it would be a credential that is none.
    let wrong = by_bearer.iter().find(|text| Token::presented(text).is_none());
    if let Some(wrong) = wrong.filter(|_| secret.is_none()) {
        return Err(no_token(wrong));
    }
    Ok(Presented { secret, token })
}

/// The one credential of a kind that is presented, however often it is.
fn one<C: PartialEq>(mut presented: impl Iterator<Item = C>, kind: &str) -> Result<Option<C>, Fault> {
    let first = presented.next();
    if presented.any(|other| Some(&other) != first.as_ref()) {
        let message = format!(
            "the request presents two different {kind}: send one of them, in \"authorization\" or in \"x-api-key\""
        );
        return Err(Fault::refused(Common::Unauthenticated, message));
    }
    Ok(first)
}

/// The text in place of a value that cannot be a key.
const NO_KEY: &str = "?";

/// The values of a header, trimmed, without empty ones.
fn texts<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    let text = |value: &'h HeaderValue| value.to_str().unwrap_or(NO_KEY).trim();
    headers.get_all(name).iter().map(text).filter(|text| !text.is_empty())
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, key) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// Refuses what stands in the place of an API key.
fn no_key(text: &str) -> Fault {
    if Token::presented(text).is_some() || Token::misshapen(text).is_some() {
        let message = "a token (JWT) is sent as \"authorization: Bearer ...\"; \"x-api-key\" is for API keys alone";
        return Fault::refused(Common::Unauthenticated, message);
    }
    unknown()
}

/// Refuses what stands in the place of a token. Nothing is told of it but its shape.
fn no_token(text: &str) -> Fault {
    match Token::misshapen(text) {
        Some(cause) => Fault::refused(Common::Unauthenticated, cause.to_string()),
        None => unknown(),
    }
}

fn unknown() -> Fault {
    Fault::refused(
        Common::Unauthenticated,
        "this is no API key of Quanyu, which begins with \"qy_\", and no token (JWT)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &[(&'static str, &str)]) -> Result<Option<String>, String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let presented = presented(&map).map_err(|fault| fault.to_string())?;
        let token = presented.token.map(|token| token.text().to_owned());
        Ok(presented.secret.map(|secret| secret.reveal().to_owned()).or(token))
    }

    const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";

    #[test]
    fn one_key_is_found_wherever_it_stands() {
        let a = format!("qy_{}", "a".repeat(64));
        let bearer = format!("Bearer {a}");
        for headers in [
            &[("x-api-key", &*a)][..],
            &[("x-api-key", "  "), ("authorization", &bearer)],
            &[("x-api-key", &a), ("authorization", "")],
            &[("x-api-key", &a), ("authorization", &bearer), ("x-api-key", &a)],
            // Of a proxy in between.
            &[("x-api-key", &a), ("authorization", "Basic dXNlcg==")],
            &[
                ("x-api-key", &a),
                ("authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2ln"),
            ],
        ] {
            assert_eq!(of(headers), Ok(Some(a.clone())), "{headers:?}");
        }
    }

    #[test]
    fn a_token_is_told_from_a_key() {
        let bearer = format!("Bearer {TOKEN}");
        for headers in [
            &[("authorization", &*bearer)][..],
            &[("authorization", &bearer), ("x-api-key", "")],
            &[("authorization", &bearer), ("authorization", &bearer)],
        ] {
            assert_eq!(of(headers), Ok(Some(TOKEN.to_owned())), "{headers:?}");
        }
        // Beside a key, it is looked at who has issued it.
        let mut both = HeaderMap::new();
        both.insert("authorization", bearer.parse().unwrap());
        both.insert("x-api-key", format!("qy_{}", "a".repeat(64)).parse().unwrap());
        let both = presented(&both).unwrap();
        assert!(both.secret.is_some() && both.token.is_some());
    }

    #[test]
    fn nothing_is_no_key() {
        for headers in [
            &[][..],
            &[("x-api-key", "")],
            &[("x-api-key", ""), ("authorization", " ")],
        ] {
            assert_eq!(of(headers), Ok(None), "{headers:?}");
        }
    }

    #[test]
    fn two_keys_and_broken_ones_are_refused() {
        let [a, b] = ["a", "b"].map(|digit| format!("qy_{}", digit.repeat(64)));
        let bearer = format!("Bearer {b}");
        for headers in [
            &[("x-api-key", &*a), ("authorization", &bearer)][..],
            &[("x-api-key", &a), ("x-api-key", &b)],
        ] {
            assert!(of(headers).unwrap_err().contains("two different"), "{headers:?}");
        }
        let tokens = [format!("Bearer {TOKEN}"), format!("Bearer {TOKEN}x")];
        let tokens = [("authorization", &*tokens[0]), ("authorization", &*tokens[1])];
        assert!(of(&tokens).unwrap_err().contains("two different tokens"));
        for headers in [
            &[("x-api-key", "qy_abc")][..],
            &[("x-api-key", "qy_abc"), ("authorization", &bearer)],
            &[("authorization", "Bearer ")],
            &[("authorization", &b)],
            &[("x-api-key", "a.b")],
            &[("authorization", "Bearer eyJhbGciOiJSUzI1NiJ9.e30")],
            &[("authorization", "Bearer a.b.c.d.e")],
            &[("authorization", "Basic dXNlcg=="), ("authorization", "Bearer a.b.c")],
        ] {
            assert!(of(headers).unwrap_err().contains("no API key"), "{headers:?}");
        }
    }

    #[test]
    fn a_token_in_the_wrong_shape_or_place_is_told_as_a_token() {
        let long = format!("Bearer eyJ{}.e30.c2ln", "a".repeat(8_192));
        for (headers, cause) in [
            (
                ("x-api-key", TOKEN),
                "a token (JWT) is sent as \"authorization: Bearer ...\"",
            ),
            (("authorization", &*long), "longer than 8192 bytes"),
            (("authorization", "Bearer eyJhbGciOiJub25lIn0.e30."), "is not signed"),
            (("authorization", "Bearer eyJhbGciOiJSU0EifQ.a.b.c.d"), "is encrypted"),
        ] {
            let told = of(&[headers]).unwrap_err();
            assert!(told.contains(cause), "{cause}: {told}");
        }
    }
}
