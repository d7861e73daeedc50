//! What the claims of a valid token give, by the settings of its issuer.

use kernel::Scopes;
use serde_json::{Map, Value};

use super::issuer::{Issuer, TenantSource};
use crate::key::scope::KnownScopes;
use crate::role::{Role, Roles};

/// The scopes that a token gives: those that it names, as far as a method asks for them, and those of its roles; of all of
/// them what its issuer may give.
pub(super) fn scopes(issuer: &Issuer, claims: &Map<String, Value>, known: &KnownScopes, roles: &Roles) -> Scopes {
    let named = words(claims, &issuer.scopes_claim);
    let named = named.into_iter().filter(|scope| known.contain(scope));
    let of_roles = words(claims, &issuer.roles_claim);
    let of_roles = of_roles.into_iter().filter_map(|word| role(issuer, word));
    let of_roles = of_roles.flat_map(|role| roles.scopes(role));
    within(named.chain(of_roles), &issuer.scopes_max)
}

/// The code of the tenant that a token is for.
pub(super) fn tenant_code<'c>(issuer: &'c Issuer, claims: &'c Map<String, Value>) -> Option<&'c str> {
    match &issuer.tenant {
        TenantSource::Fixed(code) => Some(code),
        TenantSource::Claim(name) => claim(claims, name)?.as_str().filter(|code| !code.is_empty()),
    }
}

/// The role that a word of the issuer stands for: by its settings or, where these have none, by the role's own name.
fn role(issuer: &Issuer, word: &str) -> Option<Role> {
    if issuer.roles.is_empty() {
        return Role::named(word);
    }
    issuer.roles.get(word).copied()
}

/// Of the wanted scopes those that the most allow, and of a wildcard that reaches further what they have below it.
fn within<'s>(wanted: impl Iterator<Item = &'s str>, most: &Scopes) -> Scopes {
    let mut within = Vec::new();
    for scope in wanted {
        if most.allow(scope) {
            within.push(scope.to_owned());
        } else if scope.ends_with('*') {
            let wide = Scopes::new([scope.to_owned()]);
            within.extend(most.iter().filter(|below| wide.allow(below)).map(str::to_owned));
        }
    }
    Scopes::new(within)
}

/// A claim by its name, or by its way through objects: `realm_access.roles`.
fn claim<'c>(claims: &'c Map<String, Value>, name: &str) -> Option<&'c Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    let (first, rest) = name.split_once('.')?;
    claim(claims.get(first)?.as_object()?, rest)
}

/// The words of a claim: of a list, or of a text with blanks between them, as RFC 8693 has it.
fn words<'c>(claims: &'c Map<String, Value>, name: &str) -> Vec<&'c str> {
    match claim(claims, name) {
        Some(Value::String(text)) => text.split_whitespace().collect(),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(_) | None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract;
    use crate::token::IssuerSettings;

    fn issuer(change: impl FnOnce(&mut IssuerSettings)) -> Issuer {
        let mut settings = IssuerSettings::of_test("https://id.example.com", "/nowhere/keys.json");
        change(&mut settings);
        settings.read().unwrap()
    }

    fn given(issuer: &Issuer, claims: Value) -> String {
        let methods = contracts_all::CONTRACT.methods().unwrap();
        let known = KnownScopes::new(contract::scopes(methods));
        let scopes = scopes(issuer, claims.as_object().unwrap(), &known, &Roles::of(methods));
        scopes.iter().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_token_gives_the_scopes_that_it_names_and_no_others() {
        let issuer = issuer(|_| {});
        for (claims, scopes) in [
            (json!({}), ""),
            (json!({"scope": "openid profile points.read"}), "points.read"),
            (json!({"scope": ["points.*", "points.reedem", 7]}), "points.*"),
            (json!({"scope": "*"}), "*"),
            // Nothing of the platform, unless the settings say so.
            (json!({"scope": "platform.tenants platform.*"}), ""),
        ] {
            assert_eq!(given(&issuer, claims.clone()), scopes, "{claims}");
        }
    }

    #[test]
    fn an_issuer_gives_no_more_than_its_settings_allow() {
        let issuer = issuer(|settings| settings.scopes_max = vec!["points.*".to_owned(), "identity.read".to_owned()]);
        for (claims, scopes) in [
            (json!({"scope": "*"}), "identity.read points.*"),
            (
                json!({"scope": "points.redeem identity.*"}),
                "identity.read points.redeem",
            ),
            (json!({"scope": "rights.read"}), ""),
            (json!({"roles": ["administrator"]}), "identity.read points.*"),
        ] {
            assert_eq!(given(&issuer, claims.clone()), scopes, "{claims}");
        }
        let viewer = given(&issuer, json!({"roles": ["viewer"]}));
        assert_eq!(viewer, "identity.read points.audit points.read");
    }

    #[test]
    fn a_role_is_found_by_its_name_or_by_the_word_that_stands_for_it() {
        let plain = issuer(|_| {});
        assert_eq!(given(&plain, json!({"roles": "administrator"})), "*");
        assert_eq!(given(&plain, json!({"roles": ["owner"]})), "");
        let mapped = issuer(|settings| {
            settings.roles_claim = "realm_access.roles".to_owned();
            settings
                .roles
                .insert("brand-boss".to_owned(), "administrator".to_owned());
        });
        assert_eq!(given(&mapped, json!({"realm_access": {"roles": ["brand-boss"]}})), "*");
        // Where words stand for roles, no other word does.
        assert_eq!(
            given(&mapped, json!({"realm_access": {"roles": ["administrator"]}})),
            ""
        );
        assert_eq!(given(&mapped, json!({"roles": ["brand-boss"]})), "");
    }

    #[test]
    fn the_tenant_is_the_issuer_s_own_or_the_one_that_the_claim_names() {
        let claims = json!({"https://example.com/tenant": "acme", "tenant": "other", "number": 7});
        let claims = claims.as_object().unwrap();
        let fixed = issuer(|settings| settings.tenant = Some("brand".to_owned()));
        assert_eq!(tenant_code(&fixed, claims), Some("brand"));
        for (name, code) in [
            ("https://example.com/tenant", Some("acme")),
            ("number", None),
            ("missing", None),
        ] {
            let by_claim = issuer(|settings| {
                settings.tenant = None;
                settings.tenant_claim = Some(name.to_owned());
            });
            assert_eq!(tenant_code(&by_claim, claims), code, "{name}");
        }
    }
}
