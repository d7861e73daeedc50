//! The parts of the platform.

use runtime::{Deps, Service};
use store::Migration;

/// A part of the platform that a process can play.
#[derive(Clone, Copy)]
pub struct Role {
    /// Its name, its schema's and its file's: "points".
    pub name: &'static str,
    /// Its tables.
    pub migrations: fn() -> Vec<Migration>,
    /// The service itself.
    pub service: fn(Deps) -> Service,
    /// Whom it calls, or whose facts it applies.
    pub peers: &'static [&'static str],
}

/// Every part there is. The gateway comes last: it opens the address when the others are there.
pub const ROLES: [Role; 6] = [
    Role {
        name: identity::NAME,
        migrations: identity::migrations,
        service: identity::service,
        peers: &[],
    },
    Role {
        name: points::NAME,
        migrations: points::migrations,
        service: points::service,
        peers: &[identity::NAME, rights::NAME, tagging::NAME],
    },
    Role {
        name: rights::NAME,
        migrations: rights::migrations,
        service: rights::service,
        peers: &[identity::NAME, points::NAME],
    },
    Role {
        name: tagging::NAME,
        migrations: tagging::migrations,
        service: tagging::service,
        peers: &[identity::NAME, rights::NAME],
    },
    Role {
        name: campaign::NAME,
        migrations: campaign::migrations,
        service: campaign::service,
        peers: &[identity::NAME, points::NAME, rights::NAME, tagging::NAME],
    },
    Role {
        name: gateway::NAME,
        migrations: gateway::migrations,
        service: gateway::service,
        peers: &[
            identity::NAME,
            points::NAME,
            rights::NAME,
            tagging::NAME,
            campaign::NAME,
        ],
    },
];

/// The role of a name.
pub fn role(name: &str) -> Option<&'static Role> {
    ROLES.iter().find(|role| role.name == name)
}
