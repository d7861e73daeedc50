//! Activities of many callers in one transaction: what arrives while one is under way makes up the next one.
//!
//! Two that run at the same time, here or in another replica, may both have one activity, one new member or one request id:
//! their keys let one of them commit, and the other one runs again and finds what was recorded.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use contracts_tagging::v1::{ActivityOutcome, ActivityResult, RecordActivitiesResponse};
use fault::Fault;
use kernel::{RequestKey, Tenant};
use prost::Message;
use runtime::{Asked, Batch, Batcher, Bounds, Outcome, Outcomes};
use store::{Answers, Db, Draft, Tx};

use super::arrival::Arrival;
use super::gathered::{Entry, Gathered, List, rows_and_facts, total};
use crate::activity::rows;
use crate::member::MemberId;
use crate::member::revision::{Revision, Revisions};
use crate::segment::figures;
use crate::segment::figures::ChannelTotals;
use crate::tag::catalogs::Hold;

/// How many activities share a transaction.
const TOGETHER_MAX: u32 = 1_000;

/// Records the activities of many callers in one transaction.
pub(crate) struct Recording {
    db: Db,
    revisions: Revisions,
}

/// What one caller brings.
pub(crate) struct Brought {
    pub(super) tenant: Tenant,
    /// What makes it the same request when it is repeated; a stream has no requests, and each activity is known by its key.
    pub(super) key: Option<RequestKey>,
    pub(super) arrivals: Vec<Arrival>,
}

impl Batch for Recording {
    const NOUN: &'static str = "activities";
    const FULL: &'static str = "as many activities wait to be recorded as can be recorded in time";
    const STOPPED: &'static str = "the service is stopping: repeat with the same request id to learn the outcome";

    type Ask = Brought;
    type Answer = RecordActivitiesResponse;
    /// What the same member did is best recorded together.
    type Key = (Tenant, Option<MemberId>);

    fn key(ask: &Brought) -> Self::Key {
        let first = ask.arrivals.iter().find_map(Arrival::sent);
        (ask.tenant, first.map(|sent| sent.member))
    }

    fn weight(ask: &Brought) -> u32 {
        u32::try_from(ask.arrivals.len()).unwrap_or(u32::MAX)
    }

    async fn run(&self, asked: &[Asked<Self>]) -> Outcomes<Self> {
        let tx = self.db.begin().await?;
        let mut answers = Answers::to(&tx, asked.iter().filter_map(|it| it.ask.key.as_ref())).await?;
        let mut recorded = HashMap::new();
        for (tenant, fresh) in fresh(asked, &answers) {
            let lists: Vec<List<'_>> = fresh.iter().map(|(_, it)| list(it)).collect();
            let results = record(&self.revisions, &tx, tenant, &lists).await?;
            for ((place, it), results) in fresh.into_iter().zip(results) {
                let answer = answer(results)?;
                if let Some(key) = &it.ask.key {
                    answers.give(key, answer.encode_to_vec());
                }
                recorded.insert(place, answer);
            }
        }
        let has_recorded = !recorded.is_empty();
        let outcomes = asked
            .iter()
            .enumerate()
            .map(|(place, it)| match recorded.remove(&place) {
                Some(answer) => Ok(answer),
                None => again(it, &answers),
            });
        let outcomes = outcomes.collect();
        if has_recorded {
            // Whoever brings the same request at the same time meets its row here, and runs again.
            answers.remember(&tx).await?;
            tx.commit().await?;
        }
        Ok(outcomes)
    }
}

impl Recording {
    pub(super) fn start(db: Db, revisions: Revisions) -> Batcher<Self> {
        let bounds = Bounds::of_writes(&db, TOGETHER_MAX);
        Batcher::start(Self { db, revisions }, bounds)
    }
}

/// What is to be recorded now, with its place: of several with one request id the first. Brands follow one another in their
/// order, so that no two transactions wait for each other in a circle.
fn fresh<'a>(asked: &'a [Asked<Recording>], answers: &Answers) -> BTreeMap<Tenant, Vec<(usize, &'a Asked<Recording>)>> {
    let mut request_ids = HashSet::new();
    let mut of_tenants: BTreeMap<Tenant, Vec<_>> = BTreeMap::new();
    for (place, it) in asked.iter().enumerate().filter(|(_, it)| it.is_wanted()) {
        let is_first = it.ask.key.as_ref().is_none_or(|key| {
            let is_unanswered = matches!(answers.get(key), Ok(None));
            is_unanswered && request_ids.insert((key.tenant, &key.request_id))
        });
        if is_first {
            of_tenants.entry(it.ask.tenant).or_default().push((place, it));
        }
    }
    of_tenants
}

fn list(asked: &Asked<Recording>) -> List<'_> {
    List {
        arrivals: &asked.ask.arrivals,
        traceparent: asked.traceparent(),
    }
}

/// The answer to a copy, once the first has one. Who has stopped waiting gets none.
fn again(asked: &Asked<Recording>, answers: &Answers) -> Outcome<Recording> {
    let answer = asked.ask.key.as_ref().map(|key| answers.message(key));
    answer.transpose()?.flatten().ok_or_else(rpc::passed)
}

/// Records the lists of one brand, as if one came after the other, and everything that follows; the results of each list.
///
/// Whatever is locked is locked in one order: the catalog, the activities' keys in theirs, the members in theirs, sums.
pub(super) async fn record(
    revisions: &Revisions,
    tx: &Tx,
    tenant: Tenant,
    lists: &[List<'_>],
) -> Result<Vec<Vec<ActivityResult>>, Fault> {
    let revision = revisions.begin(tx, tenant, Hold::Shared).await?;
    let sent = lists.iter().flat_map(|list| list.arrivals).filter_map(Arrival::sent);
    let redirects = revision.redirects(sent.map(|sent| sent.member)).await?;
    let gathered = Gathered::of(tenant, lists, &redirects);
    let before = rows::by_key(&**tx, tenant, gathered.keys()).await?;
    let entries = gathered.new_entries(&before);
    let (rows, facts) = rows_and_facts(tenant, &entries, revision.now);
    rows::insert(tx, tenant, rows).await?;
    revise(revision, tx, &entries, facts).await?;
    gathered.results(lists, &before)
}

/// Tells the members what they did, and the world.
async fn revise(revision: Revision<'_>, tx: &Tx, entries: &[&Entry<'_>], facts: Vec<Draft>) -> Result<(), Fault> {
    let causes = entries
        .iter()
        .filter_map(|entry| Some((entry.member, entry.traceparent?.to_owned())));
    let revision = revision.caused_by(causes.collect());
    let members: BTreeSet<MemberId> = entries.iter().map(|entry| entry.member).collect();
    let mut subjects = revision.subjects(&members).await?;
    let mut totals = ChannelTotals::new();
    for entry in entries {
        if let Some(subject) = subjects.get_mut(&entry.member) {
            subject.did(entry.activity(), &revision.catalog, revision.now);
        }
        total(entry.activity(), &mut totals);
    }
    revision.settle(subjects, None, facts).await?;
    figures::add(tx, revision.tenant, &totals, revision.stripe).await
}

/// The results with their numbers.
pub(super) fn answer(results: Vec<ActivityResult>) -> Result<RecordActivitiesResponse, Fault> {
    let count = |outcome: ActivityOutcome| {
        let count = results.iter().filter(|result| result.outcome() == outcome).count();
        i32::try_from(count).map_err(Fault::internal)
    };
    Ok(RecordActivitiesResponse {
        recorded_count: count(ActivityOutcome::Recorded)?,
        duplicate_count: count(ActivityOutcome::Duplicate)?,
        refused_count: count(ActivityOutcome::Refused)?,
        results,
    })
}
