use std::collections::{BTreeMap, BTreeSet};

use fault::Fault;
use kernel::Tenant;
use lineage::Undo;
use store::Tx;

use super::merges;
use crate::run;
use crate::run::entries;
use crate::run::entries::{Entries, EntryKey, EntryRow};
use crate::run::row::RunRow;
use crate::run::{MemberId, MemberKind, RunId};

/// Gives back to a restored member the runs that had begun for it, or for one who leads to it, wherever they are by now, and
/// counts its visits by them. Runs that the merge has stopped stay stopped; facts heard since stay with the survivor. Told
/// again, it does nothing.
pub(crate) async fn undo(tx: &Tx, undo: &Undo<MemberKind>) -> Result<(), Fault> {
    if !undo.end(&**tx).await? {
        return Ok(());
    }
    let (tenant, restored, survivor) = (undo.tenant, undo.restored, undo.survivor);
    merges::forget(&**tx, tenant, restored).await?;

    let both = BTreeSet::from([(tenant, restored), (tenant, survivor)]);
    let runs = run::rows::lock_all(&**tx, &both).await?;
    let histories = entries::lock(&**tx, &both).await?;
    let origins = undo.led.iter().copied().chain([restored]).collect();
    let own = run::rows::of_origins(&**tx, tenant, survivor, &origins).await?;
    let (mut back, mut stay): (Vec<RunRow>, Vec<RunRow>) = runs.into_iter().partition(|row| own.contains(&row.run_id));
    stay.retain(|row| row.member == survivor);
    for row in &mut back {
        row.member = restored;
    }
    run::rows::update(&**tx, &back).await?;
    let parted = part(&histories, &back, &stay, tenant, restored, survivor);
    entries::remove(&**tx, &histories.into_keys().collect::<Vec<_>>()).await?;
    entries::update(&**tx, &parted).await
}

/// The histories of both: the restored member entered as often as its runs say, the survivor as often as is left.
fn part(
    histories: &Entries,
    back: &[RunRow],
    stay: &[RunRow],
    tenant: Tenant,
    restored: MemberId,
    survivor: MemberId,
) -> Entries {
    let mut visits: BTreeMap<&str, i32> = BTreeMap::new();
    for row in back {
        let visits = visits.entry(&row.journey_code).or_default();
        *visits = visits.saturating_add(1);
    }
    let active = |rows: &[RunRow], code: &str| -> Option<RunId> {
        let active = rows.iter().find(|row| row.is_active() && row.journey_code == code);
        active.map(|row| row.run_id)
    };
    let mut parted = Entries::new();
    for (key, history) in histories.iter().filter(|(key, _)| key.member == survivor) {
        let gone = visits.get(&*key.journey_code).copied().unwrap_or(0);
        let left = history.visits.saturating_sub(gone);
        if left > 0 {
            let active_run = active(stay, &key.journey_code);
            let visits = left;
            parted.insert(key.clone(), EntryRow { visits, active_run });
        }
    }
    for (code, visits) in visits {
        let key = EntryKey {
            tenant,
            member: restored,
            journey_code: code.to_owned(),
        };
        let active_run = active(back, code);
        parted.insert(key, EntryRow { visits, active_run });
    }
    parted
}
