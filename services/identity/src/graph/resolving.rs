//! People who are new, or of whom an arrival tells something new: what arrives while a transaction is under way makes up the
//! next one. In it arrivals are decided one after the other, so that two of one new person lead to one member.
//!
//! Two that run at the same time, here or in another replica, may both register a person: the key of the identity lets one
//! of them commit, and the other one runs again and finds what it has done.

use std::collections::BTreeMap;
use std::sync::Arc;

use contracts_identity::v1::ResolveMemberResponse;
use fault::Fault;
use kernel::{Clock, Tenant};
use prost::Message;
use runtime::{Asked, Batch, Batcher, Bounds, Outcomes};
use store::{Answers, Db, Tx};

use super::rows::{self, Cause, Decided, Wanted};
use super::visit::{Arrivals, Visit};
use super::{Arrival, Graph, Moment, wire};

/// How many visits share a transaction.
const VISITS_MAX: u32 = 500;

/// Decides many visits in one transaction.
pub(crate) struct Resolving {
    clock: Clock,
    db: Db,
}

impl Batch for Resolving {
    const NOUN: &'static str = "visits of new people";
    const FULL: &'static str = "as many people wait to be registered as can be registered in time";
    const STOPPED: &'static str = "the service is stopping: repeat with the same request id to learn the outcome";

    type Ask = Arc<Visit>;
    type Answer = ResolveMemberResponse;
    type Key = (Tenant, String, String);

    fn key(visit: &Arc<Visit>) -> Self::Key {
        visit.anchor()
    }

    async fn run(&self, asked: &[Asked<Self>]) -> Outcomes<Self> {
        let visits: Vec<&Visit> = asked.iter().map(|asked| &*asked.ask).collect();
        let tx = self.db.begin().await?;
        let (mut table, arrivals) = self.lay(&tx, &visits).await?;
        let mut outcomes = Vec::with_capacity(asked.len());
        for (asked, arrival) in asked.iter().zip(arrivals) {
            let cause = Cause {
                actor: &asked.ask.actor,
                traceparent: asked.traceparent(),
            };
            outcomes.push(match asked.is_wanted() {
                true => table.decide(&self.clock, &asked.ask, arrival, cause),
                false => Err(rpc::passed()),
            });
        }
        table.commit(tx, &self.clock).await?;
        Ok(outcomes)
    }
}

/// What the visits of a transaction have led to so far.
struct Table<'v> {
    of_tenants: BTreeMap<Tenant, (Graph, Vec<Cause<'v>>)>,
    answers: Answers,
    /// Whether any visit was decided that had no answer.
    has_decided: bool,
}

impl Resolving {
    pub(crate) fn start(clock: Clock, db: Db) -> Batcher<Self> {
        let bounds = Bounds::of_writes(&db, VISITS_MAX);
        Batcher::start(Self { clock, db }, bounds)
    }

    /// Locks the members to whom the arrivals may lead, and reads what the decisions need.
    async fn lay<'v>(&self, tx: &Tx, visits: &[&Visit]) -> Result<(Table<'v>, Vec<Result<Arrival, Fault>>), Fault> {
        let read = Arrivals::of(&**tx, &self.clock, visits).await?;
        let mut wanted: BTreeMap<Tenant, Wanted> = BTreeMap::new();
        for (visit, arrival) in visits.iter().zip(&read.arrivals) {
            let Ok(arrival) = arrival else { continue };
            let more = read.wanted_for(visit.tenant(), arrival);
            match wanted.get_mut(&visit.tenant()) {
                Some(wanted) => wanted.keys.extend(more.keys),
                None => drop(wanted.insert(visit.tenant(), more)),
            }
        }
        let tenants: Vec<Tenant> = wanted.keys().copied().collect();
        let graphs = rows::open_all(tx, wanted.into_values().collect()).await?;
        let graphs = graphs.into_iter().map(|graph| (graph, Vec::new()));
        // Asked for once the locks are held: a copy of a visit has either been committed by then, or waits for them, or
        // meets the key of the same new identity.
        let answers = Answers::to(tx, visits.iter().map(|visit| &visit.key)).await?;
        let table = Table {
            of_tenants: tenants.into_iter().zip(graphs).collect(),
            answers,
            has_decided: false,
        };
        Ok((table, read.arrivals))
    }
}

impl<'v> Table<'v> {
    /// Decides one, after those before it. A copy of one that was decided, in this transaction or ever before, gets that
    /// one's answer; a refusal is not remembered.
    fn decide(
        &mut self,
        clock: &Clock,
        visit: &Visit,
        arrival: Result<Arrival, Fault>,
        cause: Cause<'v>,
    ) -> Result<ResolveMemberResponse, Fault> {
        if let Some(answer) = self.answers.message(&visit.key)? {
            return Ok(answer);
        }
        let arrival = arrival?;
        let of_tenant = self.of_tenants.get_mut(&visit.tenant());
        let (graph, causes) = of_tenant.ok_or_else(|| Fault::internal("a graph was not read"))?;
        let new_uuid = || clock.uuid();
        let moment = Moment {
            now: clock.now(),
            new_uuid: &new_uuid,
        };
        let resolution = graph.resolve(&arrival, &moment);
        // Past this line nothing may refuse the resolution.
        causes.resize(graph.events.len(), cause);
        let answer = ResolveMemberResponse {
            resolution: Some(wire::resolution(&resolution)),
        };
        self.answers.give(&visit.key, answer.encode_to_vec());
        self.has_decided = true;
        Ok(answer)
    }

    /// Writes what was decided, with the facts and the answers. Where nothing was, nothing stays.
    async fn commit(self, tx: Tx, clock: &Clock) -> Result<(), Fault> {
        if !self.has_decided {
            return Ok(());
        }
        let decided = self.of_tenants.iter().map(|(tenant, (graph, causes))| Decided {
            tenant: *tenant,
            graph,
            causes: causes.clone(),
        });
        rows::save_all(&tx, clock, &decided.collect::<Vec<_>>()).await?;
        self.answers.remember(&tx).await?;
        tx.commit().await
    }
}
