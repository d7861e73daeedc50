use std::collections::{BTreeMap, BTreeSet};

use fault::Fault;
use kernel::{Tenant, Time};
use store::{Tx, redirects};

use crate::fact::heard;
use crate::journey::figures;
use crate::journey::figures::Changes;
use crate::journey::versions::rows::VersionKey;
use crate::journey::versions::{Definitions, Versions};
use crate::run;
use crate::run::advance::stop;
use crate::run::entries;
use crate::run::entries::{Entries, EntryKey, EntryRow};
use crate::run::row::RunRow;
use crate::run::steps;
use crate::run::steps::StepRow;
use crate::run::{MemberId, MemberKind, RunId, StopReason};

/// Two members who are one person. It is applied again for its strays: the absorbed id is the one of the fact, wherever it
/// leads by now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Merge {
    pub(crate) tenant: Tenant,
    pub(crate) absorbed: MemberId,
    pub(crate) survivor: MemberId,
}

impl From<lineage::Merge<MemberKind>> for Merge {
    fn from(merge: lineage::Merge<MemberKind>) -> Self {
        Self {
            tenant: merge.tenant,
            absorbed: merge.absorbed,
            survivor: merge.survivor,
        }
    }
}

/// Gives runs, visits and facts of the absorbed members to the survivors, in the order of the merges. Doing it again changes nothing.
///
/// Where both are under way in one journey, the run that began first goes on and the other one is stopped. Visits add up:
/// who entered as either has entered.
pub(crate) async fn merge(tx: &Tx, versions: &Versions, merges: &[Merge], now: Time) -> Result<(), Fault> {
    let mut merges = merges.to_vec();
    for merge in &mut merges {
        merge.survivor = lineage::follow(&**tx, merge.tenant, merge.survivor).await?;
        if merge.absorbed != merge.survivor {
            run::rows::keep_origin(&**tx, merge.tenant, merge.absorbed).await?;
            redirects::add(&**tx, merge.tenant, merge.absorbed.uuid(), merge.survivor.uuid()).await?;
        }
    }
    merges.retain(|merge| merge.absorbed != merge.survivor);
    let absorbed: BTreeSet<(Tenant, MemberId)> = merges.iter().map(|merge| (merge.tenant, merge.absorbed)).collect();
    let everybody = merges
        .iter()
        .flat_map(|merge| [(merge.tenant, merge.absorbed), (merge.tenant, merge.survivor)])
        .collect();

    let mut merging = Merging {
        runs: run::rows::lock_all(&**tx, &everybody).await?,
        entries: entries::lock(&**tx, &everybody).await?,
        ..Merging::default()
    };
    let heard = heard::about(&**tx, &absorbed, Time::from_micros(i64::MIN)).await?;
    let definitions = versions
        .load(&**tx, merging.runs.iter().map(RunRow::version_key).collect())
        .await?;
    for merge in &merges {
        if heard.contains_key(&(merge.tenant, merge.absorbed)) {
            heard::move_all(&**tx, merge.tenant, merge.absorbed, merge.survivor).await?;
        }
        merging.move_runs(merge, now);
        merging.stop_doubles(merge, &definitions, now)?;
        merging.join_entries(merge);
    }
    merging.write(tx).await
}

/// The members' runs and histories while they are merged.
#[derive(Default)]
struct Merging {
    runs: Vec<RunRow>,
    changed: BTreeSet<(Tenant, RunId)>,
    entries: Entries,
    removed: Vec<EntryKey>,
    joined: BTreeSet<EntryKey>,
    steps: Vec<StepRow>,
    changes: Changes,
}

impl Merging {
    fn move_runs(&mut self, merge: &Merge, now: Time) {
        for row in self
            .runs
            .iter_mut()
            .filter(|row| (row.tenant, row.member) == (merge.tenant, merge.absorbed))
        {
            row.member = merge.survivor;
            self.changed.insert((row.tenant, row.run_id));
        }
        // The facts that either has waited for may have happened to the other.
        let waiting = |row: &&mut RunRow| {
            (row.tenant, row.member) == (merge.tenant, merge.survivor)
                && !row.awaited_key.is_empty()
                && row.lease_id.is_none()
        };
        for row in self.runs.iter_mut().filter(waiting) {
            row.due_time = row.due_time.map(|due| due.min(now));
            self.changed.insert((row.tenant, row.run_id));
        }
    }

    fn stop_doubles(&mut self, merge: &Merge, definitions: &Definitions, now: Time) -> Result<(), Fault> {
        let mut first: BTreeMap<String, (Time, RunId)> = BTreeMap::new();
        let under_way = |row: &RunRow| (row.tenant, row.member) == (merge.tenant, merge.survivor) && row.is_active();
        for row in self.runs.iter().filter(|row| under_way(row)) {
            let began = (row.start_time, row.run_id);
            let first = first.entry(row.journey_code.clone()).or_insert(began);
            *first = began.min(*first);
        }
        for row in self.runs.iter_mut().filter(|row| under_way(row)) {
            if first
                .get(&row.journey_code)
                .is_some_and(|(_, run_id)| *run_id == row.run_id)
            {
                continue;
            }
            let version: VersionKey = row.version_key();
            let definition = definitions
                .get(&version)
                .ok_or_else(|| Fault::internal("a run's version was not loaded"))?;
            let stopped = stop(definition, row.run(definition)?, StopReason::MembersMerged, now);
            row.take(definition, &stopped.run);
            let (tenant, run_id) = (row.tenant, row.run_id);
            self.changes.add(&version, definition, &stopped.tally);
            self.steps.extend(
                stopped
                    .steps
                    .into_iter()
                    .map(|step| StepRow::new(tenant, run_id, definition, step)),
            );
            self.changed.insert((tenant, run_id));
        }
        Ok(())
    }

    fn join_entries(&mut self, merge: &Merge) {
        let of_absorbed = |key: &EntryKey| (key.tenant, key.member) == (merge.tenant, merge.absorbed);
        let absorbed: Vec<EntryKey> = self.entries.keys().filter(|key| of_absorbed(key)).cloned().collect();
        for key in absorbed {
            let Some(theirs) = self.entries.remove(&key) else {
                continue;
            };
            let survivor = EntryKey {
                member: merge.survivor,
                ..key.clone()
            };
            let ours = self.entries.get(&survivor).map_or(0, |entry| entry.visits);
            let active_run = self.under_way(&survivor);
            let visits = ours.saturating_add(theirs.visits);
            self.entries.insert(survivor.clone(), EntryRow { visits, active_run });
            self.joined.remove(&key);
            self.joined.insert(survivor);
            self.removed.push(key);
        }
    }

    fn under_way(&self, key: &EntryKey) -> Option<RunId> {
        let theirs = |row: &&RunRow| {
            row.is_active()
                && (row.tenant, row.member) == (key.tenant, key.member)
                && row.journey_code == key.journey_code
        };
        self.runs.iter().find(theirs).map(|row| row.run_id)
    }

    async fn write(self, tx: &Tx) -> Result<(), Fault> {
        let changed: Vec<RunRow> = self
            .runs
            .into_iter()
            .filter(|row| self.changed.contains(&(row.tenant, row.run_id)))
            .collect();
        run::rows::update(&**tx, &changed).await?;
        entries::remove(&**tx, &self.removed).await?;
        let joined = self
            .entries
            .into_iter()
            .filter(|(key, _)| self.joined.contains(key))
            .collect();
        entries::update(&**tx, &joined).await?;
        steps::insert(&**tx, self.steps).await?;
        figures::add(&**tx, self.changes).await
    }
}
