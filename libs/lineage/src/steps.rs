//! The steps that every service takes, in the transaction in which it moves what it keeps.

use std::collections::{BTreeMap, HashSet};

use fault::Fault;
use kernel::{Id, Kind, Tenant};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::{Merge, Redirects, Undo};

/// Those merges that have not been undone: told again after its undo, or for the first time, a merge is nothing any more.
pub async fn standing<K: Kind>(conn: &impl ConnectionTrait, merges: Vec<Merge<K>>) -> Result<Vec<Merge<K>>, Fault> {
    let key = |merge: &Merge<K>| merge.id.map(|id| (merge.tenant, id));
    let named: HashSet<(Tenant, Uuid)> = merges.iter().filter_map(key).collect();
    let named: Vec<(Tenant, Uuid)> = named.into_iter().collect();
    let undone = store::redirects::ended(conn, &named).await?;
    let stands = |merge: &Merge<K>| key(merge).is_none_or(|key| !undone.contains(&key));
    Ok(merges.into_iter().filter(stands).collect())
}

/// The merges with whom each of the two has become by then, by merges that are known and by those before it. One whose
/// members are one already is left out: it was told before.
pub async fn resolve<K: Kind>(conn: &impl ConnectionTrait, merges: Vec<Merge<K>>) -> Result<Vec<Merge<K>>, Fault> {
    let named = merges
        .iter()
        .flat_map(|it| [(it.tenant, it.survivor), (it.tenant, it.absorbed)]);
    let mut redirects = Redirects::of(conn, named).await?;
    let mut resolved = Vec::with_capacity(merges.len());
    for merge in merges {
        let survivor = redirects.follow(merge.tenant, merge.survivor);
        let absorbed = redirects.follow(merge.tenant, merge.absorbed);
        if redirects.add(merge.tenant, absorbed, survivor) {
            resolved.push(Merge {
                survivor,
                absorbed,
                ..merge
            });
        }
    }
    Ok(resolved)
}

/// Whom each absorbed member of these merges has become in the end, where a survivor is absorbed by a later one of them.
pub fn ends<K: Kind>(merges: &[Merge<K>]) -> BTreeMap<(Tenant, Id<K>), Id<K>> {
    let mut redirects = Redirects::none();
    for merge in merges {
        redirects.add(merge.tenant, merge.absorbed, merge.survivor);
    }
    let absorbed = merges.iter().map(|merge| (merge.tenant, merge.absorbed));
    absorbed
        .map(|(tenant, id)| ((tenant, id), redirects.follow(tenant, id)))
        .collect()
}

/// Makes the absorbed ids lead to the survivors, and with them whatever led to them before.
pub async fn redirect<K: Kind>(conn: &impl ConnectionTrait, merges: &[Merge<K>]) -> Result<(), Fault> {
    for merge in merges {
        store::redirects::add(conn, merge.tenant, merge.absorbed.uuid(), merge.survivor.uuid()).await?;
    }
    Ok(())
}

impl<K: Kind> Undo<K> {
    /// Makes the restored id lead to itself again, and those to it that did before the merge, and remembers that the merge
    /// was undone. Whether it was not before: told again, an undo does nothing.
    ///
    /// It comes before all else that an undo does: who follows the redirect meanwhile waits for its end, and sees it.
    pub async fn end(&self, conn: &impl ConnectionTrait) -> Result<bool, Fault> {
        let led: Vec<Uuid> = self.led.iter().map(|id| id.uuid()).collect();
        store::redirects::end(conn, self.tenant, self.merge, self.restored.uuid(), &led).await
    }
}
