//! How far consumers are behind, by the facts that they want.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use fault::Fault;
use kernel::Clock;
use rpc::{Peers, Signer};
use runtime::{Deps, Facts, NoFacts, Source};
use store::{ConsumerPosition, Db};
use telemetry::Red;

use super::BEHIND_MAX;
use crate::config::Config;
use crate::roles::ROLES;

/// How many facts are read at once.
const FACTS_MAX: u32 = 1_000;

/// The kinds of facts that each consumer wants, by its name.
pub(super) struct Wanted(BTreeMap<String, Vec<String>>);

/// Notes what is asked for.
#[derive(Default)]
struct Asked(Mutex<BTreeMap<String, Vec<String>>>);

impl Facts for Asked {
    fn source(&self, consumer: &str, stream: &str, kinds: &[&str]) -> Box<dyn Source> {
        let wanted = kinds.iter().map(|&kind| kind.to_owned()).collect();
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert(consumer.to_owned(), wanted);
        NoFacts.source(consumer, stream, kinds)
    }
}

impl Wanted {
    /// As the services say when they are built. Their workers are not started: a doctor looks and changes nothing.
    pub(super) fn of(config: &Config, databases: &BTreeMap<&'static str, Db>) -> Self {
        let asked = Arc::new(Asked::default());
        for role in &ROLES {
            let Some(db) = databases.get(role.name) else { continue };
            let deps = Deps {
                clock: Clock::system(),
                db: db.clone(),
                peers: Peers::new("doctor", Signer::new(&[0; 32]), BTreeMap::new()),
                facts: asked.clone(),
                red: Red::default(),
            };
            drop((role.service)(config, deps));
        }
        let asked = asked.0.lock().unwrap_or_else(PoisonError::into_inner);
        Self(asked.clone())
    }

    /// How many facts that a consumer wants it has not applied yet; one more than the most where there are more. What it passes
    /// over it does not write down each time, so that its position alone says little. One that no service has any more wants
    /// nothing.
    pub(super) async fn behind(&self, consumer: &ConsumerPosition, producer: &Db) -> Result<i64, Fault> {
        let Some(kinds) = self.0.get(&consumer.name) else {
            return Ok(0);
        };
        let kinds = (!kinds.is_empty()).then_some(&**kinds);
        let (mut position, mut behind) = (consumer.position, 0_i64);
        while behind <= BEHIND_MAX {
            let stretch = producer.facts_after(position, kinds, FACTS_MAX).await?;
            behind = behind.saturating_add(i64::try_from(stretch.facts.len()).unwrap_or(i64::MAX));
            if !stretch.has_more {
                break;
            }
            position = stretch.last_position;
        }
        Ok(behind)
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait, Statement};
    use store::DbConfig;

    use super::*;
    use crate::roles::role;

    async fn opened(folder: &std::path::Path, name: &str) -> (&'static str, Db) {
        let role = role(name).unwrap();
        let file = folder.join(format!("{name}.db"));
        let config = DbConfig::new(format!("sqlite:{}", file.display()));
        (
            role.name,
            Db::open(&config, role.name, (role.migrations)()).await.unwrap(),
        )
    }

    #[tokio::test]
    async fn what_a_consumer_does_not_want_leaves_it_not_behind() {
        let folder = tempfile::tempdir().unwrap();
        let databases = BTreeMap::from([
            opened(folder.path(), "identity").await,
            opened(folder.path(), "points").await,
        ]);
        let wanted = Wanted::of(&Config::default(), &databases);
        let (name, kinds) = wanted.0.iter().find(|(name, _)| name.starts_with("points.")).unwrap();
        let identity = &databases["identity"];
        let facts = std::iter::repeat_n("nobody.wants", 9_000).chain([&*kinds[0], "nobody.wants", &*kinds[0]]);
        let tx = identity.begin().await.unwrap();
        for (kind, position) in facts.zip(1_i64..) {
            let id = format!("x'{position:032x}'");
            let insert = format!(
                "INSERT INTO outbox (position, fact_id, tenant_id, kind, subject, payload, occur_time, traceparent) \
                 VALUES ({position}, {id}, {id}, '{kind}', 's', x'', 0, '')"
            );
            tx.execute_raw(Statement::from_string(tx.get_database_backend(), insert))
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        let at = |name: &str, position| ConsumerPosition {
            name: name.to_owned(),
            stream: "identity".to_owned(),
            position,
        };
        assert_eq!(wanted.behind(&at(name, 0), identity).await.unwrap(), 2);
        assert_eq!(wanted.behind(&at(name, 9_001), identity).await.unwrap(), 1);
        assert_eq!(wanted.behind(&at(name, 9_003), identity).await.unwrap(), 0);
        assert_eq!(wanted.behind(&at("points.gone", 0), identity).await.unwrap(), 0);
    }
}
