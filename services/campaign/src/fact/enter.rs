use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fault::Fault;
use kernel::Tenant;
use store::Tx;

use super::consumers::{Listener, Listening, MemberFact};
use crate::journey::definition::Definition;
use crate::journey::figures;
use crate::journey::figures::Changes;
use crate::journey::versions::rows::VersionKey;
use crate::run;
use crate::run::advance::Tally;
use crate::run::entries;
use crate::run::entries::{Entries, EntryKey, EntryRow};
use crate::run::entry::Entry;
use crate::run::row::RunRow;
use crate::run::rows::Trigger;
use crate::run::{MemberId, Run, RunId};

/// A fact that lets its member enter, if the member's history allows it.
struct Candidate<'a> {
    version: &'a VersionKey,
    definition: Arc<Definition>,
    about: &'a MemberFact,
}

/// Begins the runs that the facts let begin.
pub(crate) async fn enter(
    listener: &Listener,
    tx: &Tx,
    listening: &Listening,
    facts: &[MemberFact],
) -> Result<(), Fault> {
    let candidates = candidates(listener, tx, listening, facts).await?;
    if candidates.is_empty() {
        return Ok(());
    }
    let triggers: BTreeSet<Trigger> = candidates.iter().map(Candidate::trigger).collect();
    let mut spent = run::rows::known_triggers(&**tx, &triggers).await?;
    let members: BTreeSet<(Tenant, MemberId)> = candidates.iter().map(|c| (c.about.tenant, c.about.member)).collect();
    let known = entries::lock(&**tx, &members).await?;

    let now = listener.clock.now();
    let mut entries = known.clone();
    let mut begun = Begun::default();
    for candidate in &candidates {
        if !spent.insert(candidate.trigger()) {
            continue;
        }
        let key = candidate.entry_key();
        let entry = entries.get(&key).map_or_else(Entry::default, EntryRow::entry);
        let Some(visit) = entry.enter(candidate.definition.reentry) else {
            continue;
        };
        let (definition, about) = (&candidate.definition, candidate.about);
        let id = RunId::generate(&listener.clock);
        let run = Run::begin(id, about.member, visit, &about.fact, definition.first, now);
        let row = RunRow::begin(candidate.version, definition, &run, &about.fact, now);
        begun.rows.push(RunRow {
            traceparent: about.traceparent.clone(),
            ..row
        });
        begun.changes.add(
            candidate.version,
            definition,
            &BTreeMap::from([(definition.first, Tally::BEGUN)]),
        );
        entries.insert(
            key.clone(),
            EntryRow {
                visits: visit,
                active_run: Some(id),
            },
        );
        begun.entered.insert(key);
    }
    begun.write(tx, &known, entries).await
}

impl Candidate<'_> {
    fn trigger(&self) -> Trigger {
        (self.about.tenant, self.version.journey_code.clone(), self.about.fact.id)
    }

    fn entry_key(&self) -> EntryKey {
        EntryKey {
            tenant: self.about.tenant,
            member: self.about.member,
            journey_code: self.version.journey_code.clone(),
        }
    }
}

/// The facts that fulfil a trigger, in their order.
async fn candidates<'a>(
    listener: &Listener,
    tx: &Tx,
    listening: &'a Listening,
    facts: &'a [MemberFact],
) -> Result<Vec<Candidate<'a>>, Fault> {
    let mut looked_at: Vec<(&VersionKey, &MemberFact)> = Vec::new();
    for about in facts {
        for key in about.fact.keys() {
            let entrances = listening.entrances.get(&(about.tenant, key)).into_iter().flatten();
            looked_at.extend(entrances.map(|entrance| (&entrance.version, about)));
        }
    }
    let versions = looked_at.iter().map(|(version, _)| (*version).clone()).collect();
    let definitions = listener.versions.load(&**tx, versions).await?;
    let candidates = looked_at.into_iter().filter_map(|(version, about)| {
        let definition = definitions.get(version)?.clone();
        definition.trigger.matches(&about.fact).then_some(Candidate {
            version,
            definition,
            about,
        })
    });
    Ok(candidates.collect())
}

/// The runs that begin.
#[derive(Default)]
struct Begun {
    rows: Vec<RunRow>,
    changes: Changes,
    entered: BTreeSet<EntryKey>,
}

impl Begun {
    async fn write(self, tx: &Tx, known: &Entries, entries: Entries) -> Result<(), Fault> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let entered = entries.into_iter().filter(|(key, _)| self.entered.contains(key));
        let (again, first): (Entries, Entries) = entered.partition(|(key, _)| known.contains_key(key));
        entries::insert(&**tx, &first).await?;
        entries::update(&**tx, &again).await?;
        run::rows::insert(&**tx, &self.rows).await?;
        figures::add(&**tx, self.changes).await
    }
}
