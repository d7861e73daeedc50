//! People who have been there before: most arrivals change nothing, and nobody waits for a lock then. What arrives while
//! others are looked at is looked at next, together.

use std::collections::VecDeque;
use std::sync::Arc;

use contracts_identity::v1::ResolveMemberResponse;
use fault::Fault;
use kernel::Clock;
use runtime::{Asked, Batch, Batcher, Bounds, Outcomes};
use store::Db;

use super::visit::{Arrivals, Visit};
use super::{Arrival, Graph, Moment, rows, wire};

/// How many visits share their statements.
const VISITS_MAX: u32 = 256;

/// Looks at many visits by one set of statements.
pub(crate) struct Finding {
    clock: Clock,
    db: Db,
}

impl Batch for Finding {
    const NOUN: &'static str = "visits of known people";
    const FULL: &'static str = "as many people wait to be recognised as can be recognised in time";
    const STOPPED: &'static str = "the service is stopping: repeat the call";

    type Ask = Arc<Visit>;
    /// None where the visit changes something.
    type Answer = Option<ResolveMemberResponse>;
    type Key = ();

    fn key(_: &Arc<Visit>) {}

    async fn run(&self, asked: &[Asked<Self>]) -> Outcomes<Self> {
        let visits: Vec<&Visit> = asked.iter().map(|asked| &*asked.ask).collect();
        self.find(&visits).await
    }
}

impl Finding {
    pub(crate) fn start(clock: Clock, db: Db) -> Batcher<Self> {
        Batcher::start(Self { clock, db }, Bounds::of_look_ups(VISITS_MAX))
    }

    /// The answer to each visit that changes nothing, or that was answered before; none to one that changes something.
    async fn find(&self, visits: &[&Visit]) -> Result<Vec<Result<Option<ResolveMemberResponse>, Fault>>, Fault> {
        let conn = self.db.read();
        let read = Arrivals::of(conn, &self.clock, visits).await?;
        let lawful = visits.iter().zip(&read.arrivals);
        let wanted = lawful.filter_map(|(visit, arrival)| {
            let arrival = arrival.as_ref().ok()?;
            Some(read.wanted_for(visit.tenant(), arrival))
        });
        let mut graphs: VecDeque<Result<Graph, Fault>> = rows::look(conn, wanted.collect()).await?.into();
        let mut found = Vec::with_capacity(visits.len());
        for arrival in read.arrivals {
            found.push(arrival.and_then(|arrival| {
                let graph = graphs.pop_front();
                let graph = graph.ok_or_else(|| Fault::internal("a graph was not read"))?;
                Ok(self.unchanged(graph?, &arrival))
            }));
        }
        self.unless_answered(visits, found).await
    }

    /// The answer, where the arrival changes nothing.
    fn unchanged(&self, mut graph: Graph, arrival: &Arrival) -> Option<ResolveMemberResponse> {
        let new_uuid = || self.clock.uuid();
        let moment = Moment {
            now: self.clock.now(),
            new_uuid: &new_uuid,
        };
        let resolution = graph.resolve(arrival, &moment);
        let answer = ResolveMemberResponse {
            resolution: Some(wire::resolution(&resolution)),
        };
        graph.changes().is_empty().then_some(answer)
    }

    /// Answers without an effect are not kept: repeated, such a visit leads to the same member. If a copy of one had the
    /// effect that is found here, or came before what refuses it now, the copy's answer counts: so it is asked for last.
    async fn unless_answered(
        &self,
        visits: &[&Visit],
        found: Vec<Result<Option<ResolveMemberResponse>, Fault>>,
    ) -> Result<Vec<Result<Option<ResolveMemberResponse>, Fault>>, Fault> {
        let settled = visits
            .iter()
            .zip(&found)
            .filter(|(_, found)| !matches!(found, Ok(None)));
        let answers = self.db.answers(settled.map(|(visit, _)| &visit.key)).await?;
        let answered = visits.iter().zip(found).map(|(visit, found)| match found {
            Ok(None) => Ok(None),
            found => answers.message(&visit.key)?.map_or(found, |answer| Ok(Some(answer))),
        });
        Ok(answered.collect())
    }
}
