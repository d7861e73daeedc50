pub(crate) mod advance;
pub(crate) mod entries;
pub(crate) mod entry;
mod get_journey_run;
mod left_behind;
mod list_journey_runs;
mod list_member_journey_runs;
mod page;
pub(crate) mod row;
pub(crate) mod rows;
pub(crate) mod runner;
mod service;
pub(crate) mod steps;
pub(crate) mod tidy;
mod wire;

use std::collections::BTreeMap;

use kernel::{Id, Kind, Time};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::fact::{Fact, Fields};
use crate::journey::definition::NodeIndex;

/// The kind of a run's id.
#[derive(Debug)]
pub(crate) enum RunKind {}

impl Kind for RunKind {
    const PREFIX: &'static str = "jrn";
    const NOUN: &'static str = "journey run";
}

pub(crate) type RunId = Id<RunKind>;

/// The kind of a member's id.
#[derive(Debug)]
pub(crate) enum MemberKind {}

impl Kind for MemberKind {
    const PREFIX: &'static str = "mbr";
    const NOUN: &'static str = "member";
}

pub(crate) type MemberId = Id<MemberKind>;

/// The queue of runs that are due, by their ids.
pub(crate) const RUNS: &str = "campaign.run_journeys";
/// How many steps a run takes at the most; one that takes more is stopped.
pub(crate) const STEPS_MAX: i32 = 1_000;

/// One member's way through one version of a journey.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) id: RunId,
    pub(crate) member: MemberId,
    /// How often the member has entered this journey, this run included.
    pub(crate) visit: i32,
    pub(crate) start_time: Time,
    pub(crate) position: Position,
    /// The node where the run is, or where it ended.
    pub(crate) node: NodeIndex,
    /// The number of the step at that node: 1 at the first.
    pub(crate) step_number: i32,
    pub(crate) enter_time: Time,
    /// How often the present step's call was not answered.
    pub(crate) attempts: i32,
    /// The journey's own time: the trigger's moment, moved on by waits alone.
    pub(crate) clock: Time,
    /// The facts of the moment `clock` that have had their effect already: the trigger, or those that ended waits.
    pub(crate) spent: Vec<Uuid>,
    pub(crate) memory: Memory,
}

/// The state of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Position {
    /// It has come to the node, and nothing was done there.
    Arrived,
    /// It needs an answer of a peer. The member is the one it was when the run came here: a repeated call must be the same
    /// call, even if the member was merged meanwhile.
    Asking {
        member: MemberId,
    },
    /// It waits, until this moment at the longest.
    Waiting {
        until: Time,
    },
    Completed {
        end_time: Time,
        outcome_code: String,
    },
    Stopped {
        end_time: Time,
        reason: StopReason,
    },
}

/// Why a run ended before an exit node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopReason {
    MembersMerged,
    StepsExhausted,
}

/// The facts that a run's conditions may ask about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Memory {
    pub(crate) trigger: KnownFact,
    /// The fact that ended the wait at each node, by the node's id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) waits: BTreeMap<String, KnownFact>,
}

/// A fact as a run remembers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KnownFact {
    /// Microseconds since 1970.
    pub(crate) happen_time: i64,
    pub(crate) fields: Fields,
}

/// A node that a run has left, or where it ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) number: i32,
    pub(crate) node: NodeIndex,
    pub(crate) enter_time: Time,
    pub(crate) leave_time: Time,
    pub(crate) next: Option<NodeIndex>,
    pub(crate) attempts: i32,
    pub(crate) outcome: StepOutcome,
}

/// The outcome of a step, and its reason.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct StepOutcome {
    pub(crate) failed: bool,
    pub(crate) explanation: String,
    pub(crate) reference: String,
    pub(crate) refusal_reason: String,
}

impl Run {
    /// A run that begins with a fact.
    pub(crate) fn begin(id: RunId, member: MemberId, visit: i32, trigger: &Fact, first: NodeIndex, now: Time) -> Self {
        Self {
            id,
            member,
            visit,
            start_time: trigger.happen_time,
            position: Position::Arrived,
            node: first,
            step_number: 1,
            enter_time: now,
            attempts: 0,
            clock: trigger.happen_time,
            spent: vec![trigger.id],
            memory: Memory {
                trigger: KnownFact::of(trigger),
                waits: BTreeMap::new(),
            },
        }
    }

    /// Whether the run has not ended.
    pub(crate) fn is_active(&self) -> bool {
        match self.position {
            Position::Arrived | Position::Asking { .. } | Position::Waiting { .. } => true,
            Position::Completed { .. } | Position::Stopped { .. } => false,
        }
    }

    /// The fact that ends the run's wait: the first one that happened in its time, whatever order facts arrive in.
    pub(crate) fn awaited<'a>(
        &self,
        facts: &'a [Fact],
        until: Time,
        matches: impl Fn(&Fact) -> bool,
    ) -> Option<&'a Fact> {
        let in_time = |fact: &&Fact| self.clock <= fact.happen_time && fact.happen_time <= until;
        let unspent = |fact: &&Fact| !(fact.happen_time == self.clock && self.spent.contains(&fact.id));
        let awaited = facts
            .iter()
            .filter(in_time)
            .filter(unspent)
            .filter(|fact| matches(fact));
        awaited.min_by_key(|fact| (fact.happen_time, fact.id))
    }
}

impl KnownFact {
    pub(crate) fn of(fact: &Fact) -> Self {
        Self {
            happen_time: fact.happen_time.micros(),
            fields: fact.fields.clone(),
        }
    }
}

impl StopReason {
    /// The word of the contract.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::MembersMerged => "MEMBERS_MERGED",
            Self::StepsExhausted => "STEPS_EXHAUSTED",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::MembersMerged, Self::StepsExhausted]
            .into_iter()
            .find(|reason| reason.name() == name)
    }
}
