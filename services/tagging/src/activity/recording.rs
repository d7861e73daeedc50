//! The recording of activities, which batch and stream share.
//!
//! Computed tags and segments follow in the transaction of the activity itself, rather than by consuming the service's
//! own facts: a caller with the answer sees the tags, a crash counts nothing twice and misses nothing, and a thousand
//! activities, of one caller or of many, cost a dozen statements and one commit instead of two.

mod arrival;
mod gathered;
mod results;
mod together;

use contracts::Unreadable;
use contracts_tagging::v1::{self, RecordActivitiesResponse};
use fault::Fault;
use kernel::{Clock, RequestKey, Tenant};
use runtime::Batcher;
use store::Db;

use super::wire;
use super::wire::Parsed;
use crate::member::finding::Meant;
use crate::member::people::People;
use crate::member::revision::Revisions;
use gathered::List;
use together::{Brought, Recording, answer, record};

pub(crate) use arrival::Arrival;

/// How many activities are recorded at once.
pub(crate) const ACTIVITIES_MAX: usize = 500;

/// Records activities.
#[derive(Clone)]
pub(crate) struct Recorder {
    clock: Clock,
    db: Db,
    people: People,
    recording: Batcher<Recording>,
    revisions: Revisions,
}

impl Recorder {
    pub(crate) fn new(clock: Clock, db: Db, people: People, revisions: Revisions) -> Self {
        Self {
            clock,
            recording: Recording::start(db.clone(), revisions.clone()),
            db,
            people,
            revisions,
        }
    }

    /// Reads activities and finds their members: all that has to be known before the transaction. `unreadable` tells what
    /// the gateway could not read of them.
    pub(crate) async fn receive(
        &self,
        tenant: Tenant,
        activities: Vec<v1::Activity>,
        unreadable: &Unreadable,
    ) -> Result<Vec<Arrival>, Fault> {
        let now = self.clock.now();
        let parse = |(index, activity): (usize, v1::Activity)| {
            let Parsed { who, activity } = wire::parse(activity, now);
            let activity = match activity {
                Ok(activity) if unreadable.is_whole(index) => Ok(activity),
                Ok(_) => Err(unreadable.with(index, "", Vec::new())),
                Err(violations) => Err(unreadable.with(index, "", violations)),
            };
            Parsed { who, activity }
        };
        let parsed: Vec<Parsed> = activities.into_iter().enumerate().map(parse).collect();
        let who = parsed.iter().filter_map(|it| it.who.clone()).collect();
        let mut found = self.people.find(tenant, who).await?.into_iter();
        let arrived = |parsed: Parsed| {
            let meant = parsed.who.as_ref().and_then(|_| found.next());
            Arrival::of(parsed, meant.unwrap_or(Meant::Unknown), &self.clock)
        };
        Ok(parsed.into_iter().map(arrived).collect())
    }

    /// Records what arrived and everything that follows from it, together with what others bring; one result for each
    /// arrival. Those who bring many wait for room rather than being turned away.
    pub(crate) async fn record(
        &self,
        tenant: Tenant,
        key: Option<RequestKey>,
        arrivals: Vec<Arrival>,
    ) -> Result<RecordActivitiesResponse, Fault> {
        let is_one = arrivals.len() <= 1;
        let brought = Brought { tenant, key, arrivals };
        match is_one {
            true => self.recording.ask(brought).await,
            false => self.recording.ask_when_room(brought).await,
        }
    }

    /// What would become of it. The same code judges; its transaction ends here, and everything that it wrote with it.
    pub(crate) async fn validate(
        &self,
        tenant: Tenant,
        arrivals: &[Arrival],
    ) -> Result<RecordActivitiesResponse, Fault> {
        let tx = self.db.begin().await?;
        let list = List {
            arrivals,
            traceparent: None,
        };
        let results = record(&self.revisions, &tx, tenant, &[list]).await?;
        answer(results.into_iter().flatten().collect())
    }
}
