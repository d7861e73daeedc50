//! Roles: named sets of scopes, which follow from what the methods of the contracts declare.

use std::collections::BTreeMap;

use contracts_gateway::v1 as proto;
use kernel::Scopes;
use rpc::{Access, Methods};

/// A named set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks at the tenant's things and changes nothing.
    Viewer,
    /// Does the tenant's daily business.
    Operator,
    /// May do everything of the tenant.
    Administrator,
}

/// Each role with its name.
const NAMES: [(&str, Role); 3] = [
    ("viewer", Role::Viewer),
    ("operator", Role::Operator),
    ("administrator", Role::Administrator),
];

/// How a scope is used by the methods that ask for it.
#[derive(Debug, Clone, Copy)]
struct Use {
    only_reads: bool,
    administers: bool,
}

/// The scopes of each role.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roles(BTreeMap<Role, Scopes>);

impl Role {
    /// The role of a name, in whichever case.
    pub fn named(name: &str) -> Option<Self> {
        let mut names = NAMES.iter();
        names.find_map(|(known, role)| known.eq_ignore_ascii_case(name).then_some(*role))
    }

    /// The names of all roles.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    pub(crate) fn from_wire(role: proto::Role) -> Option<Self> {
        match role {
            proto::Role::Unspecified => None,
            proto::Role::Viewer => Some(Self::Viewer),
            proto::Role::Operator => Some(Self::Operator),
            proto::Role::Administrator => Some(Self::Administrator),
        }
    }

    /// The table of roles: whether the role holds a scope that is used so.
    fn holds(self, of: Use) -> bool {
        match self {
            Self::Viewer => of.only_reads && !of.administers,
            Self::Operator => !of.administers,
            Self::Administrator => true,
        }
    }
}

impl Roles {
    /// The roles that follow from the contracts.
    pub(crate) fn of(methods: &Methods) -> Self {
        let mut uses: BTreeMap<&str, Use> = BTreeMap::new();
        for method in methods.iter() {
            let Access::Scopes(scopes) = &method.access else {
                continue;
            };
            for scope in scopes {
                let known = uses.entry(scope).or_insert(Use {
                    only_reads: true,
                    administers: false,
                });
                known.only_reads &= method.read_only;
                known.administers |= method.administrative;
            }
        }
        let everything = Scopes::new(["*".to_owned()]);
        // What belongs to the platform is in no role, as "*" does not reach it.
        uses.retain(|scope, _| everything.allow(scope));
        let scopes = |role: Role| {
            let held = uses.iter().filter(|(_, of)| role.holds(**of));
            Scopes::new(held.map(|(scope, _)| (*scope).to_owned()))
        };
        Self(BTreeMap::from([
            (Role::Viewer, scopes(Role::Viewer)),
            (Role::Operator, scopes(Role::Operator)),
            (Role::Administrator, everything.clone()),
        ]))
    }

    /// The scopes of a role.
    pub(crate) fn scopes(&self, role: Role) -> impl Iterator<Item = &str> {
        self.0.get(&role).into_iter().flat_map(Scopes::iter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_holds_what_the_contracts_say_and_nothing_of_the_platform() {
        let methods = contracts_all::CONTRACT.methods().unwrap();
        let roles = Roles::of(methods);
        let of = |role| Scopes::new(roles.scopes(role).map(str::to_owned));
        let (viewer, operator, administrator) = (of(Role::Viewer), of(Role::Operator), of(Role::Administrator));
        let rows = [
            ("points.read", true, true),
            ("points.audit", true, true),
            ("points.redeem", false, true),
            ("identity.merge", false, true),
            ("points.write", false, false),
            ("campaign.publish", false, false),
            ("gateway.api_keys_read", false, false),
            ("gateway.api_keys_write", false, false),
            ("gateway.audit_read", false, false),
        ];
        for (scope, views, operates) in rows {
            assert_eq!(viewer.allow(scope), views, "{scope}");
            assert_eq!(operator.allow(scope), operates, "{scope}");
            assert!(administrator.allow(scope), "{scope}");
        }
        for role in [viewer, operator, administrator] {
            assert!(!role.allow("platform.tenants"));
        }
    }

    #[test]
    fn what_a_viewer_may_call_only_reads_and_the_methods_of_a_scope_agree_whether_they_administer() {
        let methods = contracts_all::CONTRACT.methods().unwrap();
        let roles = Roles::of(methods);
        let of = |role| Scopes::new(roles.scopes(role).map(str::to_owned));
        let mut administrative = BTreeMap::new();
        for method in methods.iter() {
            if method.access.admits(&of(Role::Viewer)) {
                assert!(method.read_only && !method.administrative, "{}", method.full_name);
            }
            assert!(
                !(method.access.admits(&of(Role::Operator)) && method.administrative),
                "{}",
                method.full_name
            );
            if let Access::Scopes(scopes) = &method.access {
                for scope in scopes {
                    let said = administrative.entry(scope).or_insert(method.administrative);
                    assert_eq!(*said, method.administrative, "{}: {scope}", method.full_name);
                }
            }
        }
    }

    #[test]
    fn a_role_is_known_by_its_name() {
        for name in Role::names() {
            assert!(Role::named(name).is_some() && Role::named(&name.to_uppercase()).is_some());
        }
        assert_eq!(Role::named("owner"), None);
    }
}
