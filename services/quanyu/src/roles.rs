//! The parts of the platform.

use runtime::{Deps, Service};
use store::{Identifiers, Migration};

use crate::config::Config;

/// A part of the platform that a process can play.
#[derive(Clone, Copy)]
pub struct Role {
    /// Its name, its schema's and its file's: "points".
    pub name: &'static str,
    /// Its tables.
    pub migrations: fn() -> Vec<Migration>,
    /// The ids in its tables that came from outside.
    pub identifiers: &'static [Identifiers],
    /// The service itself, as it is configured.
    pub service: fn(&Config, Deps) -> Service,
    /// How much of the connections to PostgreSQL it needs beside the others, where all share a process.
    pub connections_weight: u32,
    /// Whom it calls, or whose facts it applies.
    pub peers: &'static [&'static str],
}

/// Every part there is. The gateway comes last: it opens the address when the others are there.
pub const ROLES: [Role; 6] = [
    Role {
        name: identity::NAME,
        migrations: identity::migrations,
        identifiers: identity::IDENTIFIERS,
        service: |config, deps| identity::service_with(deps, config.merge_undo_days),
        connections_weight: 3,
        peers: &[],
    },
    Role {
        name: points::NAME,
        migrations: points::migrations,
        identifiers: points::IDENTIFIERS,
        service: |_, deps| points::service(deps),
        connections_weight: 4,
        peers: &[identity::NAME, rights::NAME, tagging::NAME],
    },
    Role {
        name: rights::NAME,
        migrations: rights::migrations,
        identifiers: rights::IDENTIFIERS,
        service: |_, deps| rights::service(deps),
        connections_weight: 2,
        peers: &[identity::NAME, points::NAME],
    },
    Role {
        name: tagging::NAME,
        migrations: tagging::migrations,
        identifiers: tagging::IDENTIFIERS,
        service: |_, deps| tagging::service(deps),
        connections_weight: 4,
        peers: &[identity::NAME, rights::NAME],
    },
    Role {
        name: campaign::NAME,
        migrations: campaign::migrations,
        identifiers: &[],
        service: |_, deps| campaign::service(deps),
        connections_weight: 2,
        peers: &[identity::NAME, points::NAME, rights::NAME, tagging::NAME],
    },
    Role {
        name: gateway::NAME,
        migrations: gateway::migrations,
        identifiers: &[],
        service: |_, deps| gateway::service(deps),
        connections_weight: 1,
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
