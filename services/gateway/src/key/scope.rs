use std::collections::BTreeSet;

use kernel::Scopes;

/// The scopes that a key may be given: those that the methods of the contracts ask for.
#[derive(Debug, Clone)]
pub(crate) struct KnownScopes(BTreeSet<String>);

/// The violation by a scope that no method asks for.
pub(crate) const UNKNOWN: &str = "is no scope that a method asks for: name one (\"points.redeem\"), all of a service \
                                  (\"points.*\"), or all (\"*\")";

impl KnownScopes {
    pub(crate) fn new(scopes: impl IntoIterator<Item = String>) -> Self {
        Self(scopes.into_iter().collect())
    }

    /// Whether a key may carry the scope: one that a method asks for, all of a service, or all of the tenant. A scope that
    /// nothing asks for is a slip of the pen, and one such as "platform*" would reach further than it says.
    pub(crate) fn contain(&self, scope: &str) -> bool {
        match scope.strip_suffix('*') {
            Some("") => true,
            Some(prefix) => prefix.ends_with('.') && self.0.iter().any(|known| known.starts_with(prefix)),
            None => self.0.contains(scope),
        }
    }
}

/// Those of the wanted scopes that a caller cannot give, for it does not hold them.
pub(crate) fn not_held<'a>(held: &Scopes, wanted: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    wanted.into_iter().filter(|scope| !held.allow(scope)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn only_what_a_method_asks_for_can_be_carried() {
        let known = KnownScopes::new(scopes(&["points.redeem", "points.read", "platform.tenants"]));
        for scope in ["*", "points.*", "points.redeem", "platform.*", "platform.tenants"] {
            assert!(known.contain(scope), "{scope}");
        }
        for scope in [
            "",
            "points",
            "points*",
            "platform*",
            "points.reedem",
            "rights.*",
            "point*",
            "p*",
            "**",
            ".*",
        ] {
            assert!(!known.contain(scope), "{scope}");
        }
    }

    #[test]
    fn nobody_gives_more_than_they_hold() {
        let clerk = Scopes::new(scopes(&["points.redeem", "rights.*"]));
        assert_eq!(
            not_held(&clerk, ["points.redeem", "rights.read", "rights.*"]),
            Vec::<&str>::new()
        );
        assert_eq!(
            not_held(&clerk, ["points.*", "points.earn", "*"]),
            ["points.*", "points.earn", "*"]
        );
        let owner = Scopes::new(scopes(&["*"]));
        assert_eq!(
            not_held(&owner, ["*", "points.*", "platform.tenants", "platform.*"]),
            ["platform.tenants", "platform.*"]
        );
    }
}
