//! The parts of the platform.

use runtime::{Deps, Service};
use store::{Identifiers, Migration};

use crate::config::Config;
use crate::connections::{OF_ONE_MIN, OF_PRESENCE};

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
        identifiers: identity::IDENTIFIERS,
        service: |config, deps| identity::service_with(deps, config.merge_undo_days),
        connections_min: OF_ONE_MIN,
        connections_weight: 3,
        peers: &[],
    },
    Role {
        name: points::NAME,
        migrations: points::migrations,
        identifiers: points::IDENTIFIERS,
        service: |_, deps| points::service(deps),
        connections_min: OF_ONE_MIN,
        connections_weight: 4,
        peers: &[identity::NAME, rights::NAME, tagging::NAME],
    },
    Role {
        name: rights::NAME,
        migrations: rights::migrations,
        identifiers: rights::IDENTIFIERS,
        service: |_, deps| rights::service(deps),
        connections_min: OF_ONE_MIN,
        connections_weight: 2,
        peers: &[identity::NAME, points::NAME],
    },
    Role {
        name: tagging::NAME,
        migrations: tagging::migrations,
        identifiers: tagging::IDENTIFIERS,
        service: |_, deps| tagging::service(deps),
        connections_min: OF_ONE_MIN,
        connections_weight: 4,
        peers: &[identity::NAME, rights::NAME],
    },
    Role {
        name: campaign::NAME,
        migrations: campaign::migrations,
        identifiers: &[],
        service: |_, deps| campaign::service(deps),
        connections_min: OF_ONE_MIN.saturating_add(OF_PRESENCE),
        connections_weight: 2,
        peers: &[identity::NAME, points::NAME, rights::NAME, tagging::NAME],
    },
    Role {
        name: gateway::NAME,
        migrations: gateway::migrations,
        identifiers: &[],
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Two that share a number, and will: databases remember migrations by their names, so that one which was given another
    /// would be done a second time to tables that have it. Their order is the one in which every database has done them.
    const NUMBERED_ALIKE: [&str; 2] = ["points_0050_currencies", "points_0050_more_cost_centres"];

    #[test]
    fn every_migration_of_a_service_has_a_number_of_its_own() {
        for role in &ROLES {
            let mut numbered: BTreeMap<&str, &str> = BTreeMap::new();
            for migration in (role.migrations)() {
                let parts: Vec<&str> = migration.name.splitn(3, '_').collect();
                let [service, number, _] = parts[..] else {
                    panic!("{} is not SERVICE_NUMBER_WHAT", migration.name)
                };
                assert!(
                    service == role.name && number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit()),
                    "{}",
                    migration.name
                );
                if let Some(other) = numbered.insert(number, migration.name) {
                    let mut alike = [other, migration.name];
                    alike.sort_unstable();
                    assert_eq!(alike, NUMBERED_ALIKE, "give the later one the next number");
                }
            }
        }
    }
}
