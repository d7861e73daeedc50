pub(crate) mod rows;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use fault::{Fault, Violations};
use sea_orm::ConnectionTrait;

use super::definition::Definition;
use super::{definition, wire};
use rows::VersionKey;

/// How many versions are kept in memory; with one more, all are read anew as they are needed.
const KEPT_MAX: usize = 1_000;

/// The definitions of published versions. They never change, so each is read and compiled once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Versions(Arc<Mutex<HashMap<VersionKey, Arc<Definition>>>>);

/// Definitions by what names them.
pub(crate) type Definitions = BTreeMap<VersionKey, Arc<Definition>>;

impl Versions {
    /// The definitions with these keys. One that is missing is a fault of ours: versions are never removed.
    pub(crate) async fn load(
        &self,
        conn: &impl ConnectionTrait,
        keys: BTreeSet<VersionKey>,
    ) -> Result<Definitions, Fault> {
        let mut definitions = self.known(&keys);
        let missing: Vec<VersionKey> = keys.into_iter().filter(|key| !definitions.contains_key(key)).collect();
        for row in rows::find(conn, &missing).await? {
            let definition = Arc::new(compile(&row.definition)?);
            self.keep(row.key.clone(), definition.clone());
            definitions.insert(row.key, definition);
        }
        match missing.into_iter().find(|key| !definitions.contains_key(key)) {
            Some(key) => Err(Fault::internal(format!(
                "version {} of {} is missing",
                key.version, key.journey_code
            ))),
            None => Ok(definitions),
        }
    }

    fn known(&self, keys: &BTreeSet<VersionKey>) -> Definitions {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter()
            .filter_map(|key| Some((key.clone(), kept.get(key)?.clone())))
            .collect()
    }

    fn keep(&self, key: VersionKey, definition: Arc<Definition>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(key, definition);
    }
}

/// The definition of a version, which was sound when it was published.
pub(crate) fn compile(encoded: &[u8]) -> Result<Definition, Fault> {
    let mut violations = Violations::new();
    let definition = definition::wire::parse(&wire::definition(encoded)?, "definition", &mut violations);
    let flaws: Vec<String> = violations.into_inner().iter().map(ToString::to_string).collect();
    definition.ok_or_else(|| Fault::internal(format!("a published definition is unsound: {}", flaws.join("; "))))
}
