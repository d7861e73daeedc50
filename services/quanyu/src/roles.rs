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
    /// Whom it calls.
    pub calls: Calls,
    /// Whose facts it applies.
    pub hears: &'static [&'static str],
}

/// Whom a role calls.
#[derive(Clone, Copy)]
pub enum Calls {
    /// These.
    These(&'static [&'static str]),
    /// Every other one: it hands on what clients ask for.
    Everybody,
}

impl Role {
    /// The others without which it cannot do all of its work, in the order of [`ROLES`].
    pub fn peers(&self) -> impl Iterator<Item = &'static str> + use<'_> {
        let others = names().filter(|name| *name != self.name);
        others.filter(|name| self.calls(name) || self.hears.contains(name))
    }

    /// Whether another role looks for it: the gateway is called by those outside alone, at the address that they were given.
    pub fn is_looked_up(&self) -> bool {
        ROLES.iter().any(|other| other.peers().any(|name| name == self.name))
    }

    /// Whether it calls the service.
    pub fn calls(&self, service: &str) -> bool {
        match self.calls {
            Calls::These(services) => services.contains(&service),
            Calls::Everybody => service != self.name,
        }
    }
}

/// Every part there is, and who needs whom: the one list of it, from which peers, routes, readiness and the doctor follow. The
/// gateway comes last: it opens the address when the others are there.
pub const ROLES: [Role; 7] = [
    Role {
        name: identity::NAME,
        migrations: identity::migrations,
        identifiers: identity::IDENTIFIERS,
        service: |config, deps| identity::service_with(deps, config.merge_undo_days),
        connections_min: OF_ONE_MIN,
        connections_weight: 3,
        calls: Calls::These(&[]),
        hears: &[],
    },
    Role {
        name: points::NAME,
        migrations: points::migrations,
        identifiers: points::IDENTIFIERS,
        service: |_, deps| points::service(deps),
        connections_min: OF_ONE_MIN,
        connections_weight: 4,
        calls: Calls::These(&[]),
        hears: &[identity::NAME, rights::NAME, tagging::NAME],
    },
    Role {
        name: rights::NAME,
        migrations: rights::migrations,
        identifiers: rights::IDENTIFIERS,
        service: |_, deps| rights::service(deps),
        connections_min: OF_ONE_MIN,
        connections_weight: 2,
        calls: Calls::These(&[]),
        hears: &[identity::NAME, points::NAME],
    },
    Role {
        name: tagging::NAME,
        migrations: tagging::migrations,
        identifiers: tagging::IDENTIFIERS,
        service: |_, deps| tagging::service(deps),
        connections_min: OF_ONE_MIN,
        connections_weight: 4,
        calls: Calls::These(&[identity::NAME]),
        hears: &[identity::NAME, rights::NAME],
    },
    Role {
        name: campaign::NAME,
        migrations: campaign::migrations,
        identifiers: &[],
        service: |_, deps| campaign::service(deps),
        connections_min: OF_ONE_MIN.saturating_add(OF_PRESENCE),
        connections_weight: 2,
        calls: Calls::These(&[points::NAME, rights::NAME, tagging::NAME]),
        hears: &[identity::NAME, points::NAME, rights::NAME, tagging::NAME],
    },
    Role {
        name: channels::NAME,
        migrations: channels::migrations,
        identifiers: &[],
        service: |config, deps| channels::service_with(deps, config.channels.settings()),
        connections_min: OF_ONE_MIN,
        connections_weight: 2,
        calls: Calls::These(&[identity::NAME, points::NAME, rights::NAME, tagging::NAME]),
        hears: &[
            campaign::NAME,
            identity::NAME,
            points::NAME,
            rights::NAME,
            tagging::NAME,
        ],
    },
    Role {
        name: gateway::NAME,
        migrations: gateway::migrations,
        identifiers: &[],
        service: |_, deps| gateway::service(deps),
        connections_min: OF_ONE_MIN,
        connections_weight: 1,
        calls: Calls::Everybody,
        hears: &[],
    },
];

/// The names of all roles.
pub fn names() -> impl Iterator<Item = &'static str> {
    ROLES.iter().map(|role| role.name)
}

/// The services whose facts others apply.
pub fn heard() -> impl Iterator<Item = &'static str> {
    names().filter(|name| ROLES.iter().any(|role| role.hears.contains(name)))
}

/// The role of a name.
pub fn role(name: &str) -> Option<&'static Role> {
    ROLES.iter().find(|role| role.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;
    use std::sync::{Arc, Mutex};

    use kernel::Clock;
    use rpc::{Peers, Signer};
    use runtime::{Facts, NoFacts, Source};
    use store::{Db, DbConfig};

    use super::*;

    /// Notes whose facts are asked for.
    #[derive(Default)]
    struct Heard(Mutex<BTreeSet<String>>);

    impl Facts for Heard {
        fn source(&self, consumer: &str, stream: &str, kinds: &[&str]) -> Box<dyn Source> {
            self.0.lock().unwrap().insert(stream.to_owned());
            NoFacts.source(consumer, stream, kinds)
        }
    }

    #[tokio::test]
    async fn a_service_hears_those_that_the_list_says_and_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        for role in &ROLES {
            let file = folder.path().join(format!("{}.db", role.name));
            let config = DbConfig::new(format!("sqlite:{}", file.display()));
            let heard = Arc::new(Heard::default());
            let deps = Deps {
                clock: Clock::system(),
                db: Db::open(&config, role.name, (role.migrations)()).await.unwrap(),
                peers: Peers::new(role.name, Signer::new(&[7; 32]), BTreeMap::new()),
                facts: heard.clone(),
                red: telemetry::Red::default(),
            };
            let _service = (role.service)(&Config::default(), deps);
            let listed: BTreeSet<String> = role.hears.iter().map(|&name| name.to_owned()).collect();
            assert_eq!(*heard.0.lock().unwrap(), listed, "{}", role.name);
        }
    }

    /// The names that a service's code asks its peers by.
    fn called(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true if path.ends_with("tests") || path.ends_with("simulation") => {}
                true => called(&path, found),
                false => {
                    let text = std::fs::read_to_string(&path).unwrap();
                    let asked = text.split("peers.channel(\"").skip(1);
                    found.extend(asked.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
                    assert!(
                        !text.contains("peers.channel(") || text.contains("peers.channel(\""),
                        "{}: a peer is asked for by its name as it stands, so that this test finds it",
                        path.display()
                    );
                }
            }
        }
    }

    #[test]
    fn a_service_calls_those_that_the_list_says_and_nobody_else() {
        let services = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for role in &ROLES {
            let Calls::These(listed) = role.calls else {
                continue;
            };
            let mut found = BTreeSet::new();
            called(&services.join(role.name).join("src"), &mut found);
            let listed: BTreeSet<String> = listed.iter().map(|&name| name.to_owned()).collect();
            assert_eq!(found, listed, "{}", role.name);
        }
    }

    #[test]
    fn everybody_but_the_gateway_is_looked_up() {
        let others = ROLES.iter().filter(|role| !role.is_looked_up()).map(|role| role.name);
        assert_eq!(others.collect::<Vec<_>>(), [gateway::NAME]);
    }

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
