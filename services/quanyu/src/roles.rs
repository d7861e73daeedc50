//! The parts of the platform.

use runtime::{Deps, Service};
use store::Migration;

use crate::config::Config;
use crate::connections::{OF_ONE_MIN, OF_PRESENCE};

/// A part of the platform that a process can play.
#[derive(Clone, Copy)]
pub struct Role {
    /// Its name, its schema's and its file's: "points".
    pub name: &'static str,
    /// Its tables.
    pub migrations: fn() -> Vec<Migration>,
    /// The service itself, as it is configured.
    pub service: fn(&Config, Deps) -> Service,
    /// How many connections to PostgreSQL it cannot do without.
    pub connections_min: u32,
    /// How much of the rest it needs beside the others, where all share a process.
    pub connections_weight: u32,
    /// Whom it calls, or whose facts it applies.
    pub peers: &'static [&'static str],
}

/// Every part there is. The gateway comes last: it opens the address when the others are there.
pub const ROLES: [Role; 6] = [
    Role {
        name: identity::NAME,
        migrations: identity::migrations,
        service: |config, deps| identity::service_with(deps, config.merge_undo_days),
        connections_min: OF_ONE_MIN,
        connections_weight: 3,
        peers: &[],
    },
    Role {
        name: points::NAME,
        migrations: points::migrations,
        service: |_, deps| points::service(deps),
        connections_min: OF_ONE_MIN,
        connections_weight: 4,
        peers: &[identity::NAME, rights::NAME, tagging::NAME],
    },
    Role {
        name: rights::NAME,
        migrations: rights::migrations,
        service: |_, deps| rights::service(deps),
        connections_min: OF_ONE_MIN,
        connections_weight: 2,
        peers: &[identity::NAME, points::NAME],
    },
    Role {
        name: tagging::NAME,
        migrations: tagging::migrations,
        service: |_, deps| tagging::service(deps),
        connections_min: OF_ONE_MIN,
        connections_weight: 4,
        peers: &[identity::NAME, rights::NAME],
    },
    Role {
        name: campaign::NAME,
        migrations: campaign::migrations,
        service: |_, deps| campaign::service(deps),
        connections_min: OF_ONE_MIN.saturating_add(OF_PRESENCE),
        connections_weight: 2,
        peers: &[identity::NAME, points::NAME, rights::NAME, tagging::NAME],
    },
    Role {
        name: gateway::NAME,
        migrations: gateway::migrations,
        service: |_, deps| gateway::service(deps),
        connections_min: OF_ONE_MIN,
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
