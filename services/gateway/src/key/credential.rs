use fault::{Common, Fault};
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use super::secret::Secret;

/// The other place of an API key.
const API_KEY_HEADER: &str = "x-api-key";

/// The secret that a request presents: none where it presents none at all.
///
/// A header without a value presents nothing, for that is what a client sends whose key is not configured. A bearer token
/// of somebody else beside a key of ours is a proxy's business; two keys of ours are refused, for whichever were taken,
/// the caller might mean the other tenant's.
pub(crate) fn presented(headers: &HeaderMap) -> Result<Option<Secret>, Fault> {
    let by_name: Vec<&str> = texts(headers, API_KEY_HEADER).collect();
    let authorizations = texts(headers, AUTHORIZATION.as_str());
    let by_bearer: Vec<&str> = authorizations.map(|text| bearer(text).unwrap_or(NO_KEY)).collect();
    let mut secrets = by_name.iter().chain(&by_bearer).copied().filter_map(Secret::presented);
    let Some(first) = secrets.next() else {
        let presents_nothing = by_name.is_empty() && by_bearer.is_empty();
        return if presents_nothing { Ok(None) } else { Err(unknown()) };
    };
    if secrets.any(|other| other != first) {
        return Err(Fault::refused(
            Common::Unauthenticated,
            "the request presents two different API keys: send one of them, in \"authorization\" or in \"x-api-key\"",
        ));
    }
    if by_name.iter().any(|text| Secret::presented(text).is_none()) {
        return Err(unknown());
    }
    Ok(Some(first))
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

fn unknown() -> Fault {
    Fault::refused(
        Common::Unauthenticated,
        "this is no API key of Quanyu: they begin with \"qy_\"",
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
        let secret = presented(&map).map_err(|fault| fault.to_string())?;
        Ok(secret.map(|secret| secret.reveal().to_owned()))
    }

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
        for headers in [
            &[("x-api-key", "qy_abc")][..],
            &[("x-api-key", "qy_abc"), ("authorization", &bearer)],
            &[("authorization", "Bearer ")],
            &[("authorization", &b)],
        ] {
            assert!(of(headers).unwrap_err().contains("no API key"), "{headers:?}");
        }
    }
}
