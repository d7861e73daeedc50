use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{QueryResult, Value};
use store::{Presence, Row};
use uuid::Uuid;

use super::rows::{Lease, RunKey};
use super::{MemberId, Memory, Position, Run, RunId, StopReason};
use crate::fact::Fact;
use crate::journey::definition::{Definition, NodeKind};
use crate::journey::versions::rows::VersionKey;

/// A run with all that is stored of it.
#[derive(Clone, Debug)]
pub(crate) struct RunRow {
    pub(crate) tenant: Tenant,
    pub(crate) run_id: RunId,
    pub(crate) journey_code: String,
    pub(crate) version: i32,
    pub(crate) member: MemberId,
    pub(crate) visit: i32,
    pub(crate) trigger_fact_id: Uuid,
    pub(crate) trigger_fact_type: String,
    /// When the row was written; the trigger may have happened long before.
    pub(crate) create_time: Time,
    pub(crate) start_time: Time,
    pub(crate) state: RunState,
    pub(crate) node_id: String,
    pub(crate) step_number: i32,
    pub(crate) enter_time: Time,
    pub(crate) attempts: i32,
    pub(crate) clock: Time,
    pub(crate) spent: Vec<Uuid>,
    pub(crate) memory: Memory,
    pub(crate) asking_member: Option<MemberId>,
    pub(crate) wait_until: Option<Time>,
    /// The text of the key of the facts that end the wait; empty where none does.
    pub(crate) awaited_key: String,
    pub(crate) end_time: Option<Time>,
    pub(crate) outcome_code: String,
    pub(crate) stop_reason: String,
    pub(crate) due_time: Option<Time>,
    pub(crate) lease_id: Option<Uuid>,
    /// Whose lease it is; of one from before this was kept, nobody knows.
    pub(crate) lease_holder: Option<Presence>,
    /// Since the present step has been asked for: what it has in common with those that were asked for with it.
    pub(crate) asked_with: Option<Uuid>,
    /// The trace that its trigger happened in; empty where there was none.
    pub(crate) traceparent: String,
}

/// [`Position`] in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunState {
    Arrived,
    Asking,
    Waiting,
    Completed,
    Stopped,
}

pub(crate) const COLUMNS: &str = "tenant_id, run_id, journey_code, version, member_id, visit, trigger_fact_id, \
     trigger_fact_type, create_time, start_time, state, node_id, step_number, enter_time, attempts, clock_time, spent, memory, \
     asking_member_id, wait_until, awaited_key, end_time, outcome_code, stop_reason, due_time, lease_id, \
     lease_holder, asked_with, traceparent";

impl RunState {
    const ALL: [Self; 5] = [
        Self::Arrived,
        Self::Asking,
        Self::Waiting,
        Self::Completed,
        Self::Stopped,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Arrived => "arrived",
            Self::Asking => "asking",
            Self::Waiting => "waiting",
            Self::Completed => "completed",
            Self::Stopped => "stopped",
        }
    }
}

impl RunRow {
    /// The row of a run that begins, for a runner to take up at once.
    pub(crate) fn begin(version: &VersionKey, definition: &Definition, run: &Run, trigger: &Fact, now: Time) -> Self {
        let mut row = Self {
            tenant: version.tenant,
            run_id: run.id,
            journey_code: version.journey_code.clone(),
            version: version.version,
            member: run.member,
            visit: run.visit,
            trigger_fact_id: trigger.id,
            trigger_fact_type: trigger.kind.name().to_owned(),
            create_time: now,
            start_time: run.start_time,
            state: RunState::Arrived,
            node_id: String::new(),
            step_number: run.step_number,
            enter_time: run.enter_time,
            attempts: run.attempts,
            clock: run.clock,
            spent: Vec::new(),
            memory: run.memory.clone(),
            asking_member: None,
            wait_until: None,
            awaited_key: String::new(),
            end_time: None,
            outcome_code: String::new(),
            stop_reason: String::new(),
            due_time: Some(now),
            lease_id: None,
            lease_holder: None,
            asked_with: None,
            traceparent: String::new(),
        };
        row.take(definition, run);
        row
    }

    pub(crate) fn key(&self) -> RunKey {
        (self.tenant, self.run_id)
    }

    pub(crate) fn version_key(&self) -> VersionKey {
        VersionKey {
            tenant: self.tenant,
            journey_code: self.journey_code.clone(),
            version: self.version,
        }
    }

    pub(crate) fn is_active(&self) -> bool {
        self.end_time.is_none()
    }

    /// The run, as its version's definition sees it.
    pub(crate) fn run(&self, definition: &Definition) -> Result<Run, Fault> {
        let unsound = |what: &str| Fault::internal(format!("the row of {} has {what}", self.run_id));
        let position = match self.state {
            RunState::Arrived => Position::Arrived,
            RunState::Asking => Position::Asking {
                member: self.asking_member.ok_or_else(|| unsound("no member to ask for"))?,
            },
            RunState::Waiting => Position::Waiting {
                until: self.wait_until.ok_or_else(|| unsound("no end of its wait"))?,
            },
            RunState::Completed => Position::Completed {
                end_time: self.end_time.ok_or_else(|| unsound("no end"))?,
                outcome_code: self.outcome_code.clone(),
            },
            RunState::Stopped => Position::Stopped {
                end_time: self.end_time.ok_or_else(|| unsound("no end"))?,
                reason: StopReason::parse(&self.stop_reason).ok_or_else(|| unsound("an unknown reason"))?,
            },
        };
        Ok(Run {
            id: self.run_id,
            member: self.member,
            visit: self.visit,
            start_time: self.start_time,
            position,
            node: definition
                .index(&self.node_id)
                .ok_or_else(|| unsound("a node that its version has not"))?,
            step_number: self.step_number,
            enter_time: self.enter_time,
            attempts: self.attempts,
            clock: self.clock,
            spent: self.spent.clone(),
            memory: self.memory.clone(),
        })
    }

    /// Takes over what became of the run. When it is due is the caller's to say; a run that has ended is never due.
    pub(crate) fn take(&mut self, definition: &Definition, run: &Run) {
        let node = definition.node(run.node);
        self.asked_with = self.asked_with.filter(|_| self.step_number == run.step_number);
        self.member = run.member;
        self.node_id.clone_from(&node.id);
        self.step_number = run.step_number;
        self.enter_time = run.enter_time;
        self.attempts = run.attempts;
        self.clock = run.clock;
        self.spent.clone_from(&run.spent);
        self.memory.clone_from(&run.memory);
        (self.asking_member, self.wait_until, self.awaited_key) = (None, None, String::new());
        match &run.position {
            Position::Arrived => self.state = RunState::Arrived,
            Position::Asking { member } => {
                self.state = RunState::Asking;
                self.asking_member = Some(*member);
            }
            Position::Waiting { until } => {
                self.state = RunState::Waiting;
                self.wait_until = Some(*until);
                if let NodeKind::WaitUntil { fact, .. } = &node.kind {
                    self.awaited_key = fact.key.to_string();
                }
            }
            Position::Completed { end_time, outcome_code } => {
                self.state = RunState::Completed;
                self.end_time = Some(*end_time);
                self.outcome_code.clone_from(outcome_code);
            }
            Position::Stopped { end_time, reason } => {
                self.state = RunState::Stopped;
                self.end_time = Some(*end_time);
                reason.name().clone_into(&mut self.stop_reason);
            }
        }
        if !self.is_active() {
            self.due_time = None;
            self.lease(None);
        }
    }

    /// Puts the run under a lease, or under none.
    pub(crate) fn lease(&mut self, lease: Option<Lease>) {
        self.lease_id = lease.map(|lease| lease.id);
        self.lease_holder = lease.map(|lease| lease.holder);
    }

    pub(crate) fn read(row: &QueryResult) -> Result<Self, Fault> {
        let state: String = row.get("state")?;
        let state = RunState::ALL.into_iter().find(|known| known.name() == state);
        Ok(Self {
            tenant: row.tenant("tenant_id")?,
            run_id: row.id("run_id")?,
            journey_code: row.get("journey_code")?,
            version: row.int("version")?,
            member: row.id("member_id")?,
            visit: row.int("visit")?,
            trigger_fact_id: row.get("trigger_fact_id")?,
            trigger_fact_type: row.get("trigger_fact_type")?,
            create_time: row.time("create_time")?,
            start_time: row.time("start_time")?,
            state: state.ok_or_else(|| Fault::internal("a run has an unknown state"))?,
            node_id: row.get("node_id")?,
            step_number: row.int("step_number")?,
            enter_time: row.time("enter_time")?,
            attempts: row.int("attempts")?,
            clock: row.time("clock_time")?,
            spent: serde_json::from_str(&row.get::<String>("spent")?).map_err(Fault::internal)?,
            memory: serde_json::from_str(&row.get::<String>("memory")?).map_err(Fault::internal)?,
            asking_member: row.get::<Option<Uuid>>("asking_member_id")?.map(MemberId::from_uuid),
            wait_until: row.optional_time("wait_until")?,
            awaited_key: row.get("awaited_key")?,
            end_time: row.optional_time("end_time")?,
            outcome_code: row.get("outcome_code")?,
            stop_reason: row.get("stop_reason")?,
            due_time: row.optional_time("due_time")?,
            lease_id: row.get("lease_id")?,
            lease_holder: row.get::<Option<i64>>("lease_holder")?.map(Presence::from_key),
            asked_with: row.get("asked_with")?,
            traceparent: row.get("traceparent")?,
        })
    }

    /// The values of [`COLUMNS`].
    pub(crate) fn values(&self) -> Result<Vec<Value>, Fault> {
        Ok(vec![
            self.tenant.uuid().into(),
            self.run_id.uuid().into(),
            self.journey_code.clone().into(),
            i64::from(self.version).into(),
            self.member.uuid().into(),
            i64::from(self.visit).into(),
            self.trigger_fact_id.into(),
            self.trigger_fact_type.clone().into(),
            self.create_time.micros().into(),
            self.start_time.micros().into(),
            self.state.name().into(),
            self.node_id.clone().into(),
            i64::from(self.step_number).into(),
            self.enter_time.micros().into(),
            i64::from(self.attempts).into(),
            self.clock.micros().into(),
            serde_json::to_string(&self.spent).map_err(Fault::internal)?.into(),
            serde_json::to_string(&self.memory).map_err(Fault::internal)?.into(),
            self.asking_member.map(MemberId::uuid).into(),
            self.wait_until.map(Time::micros).into(),
            self.awaited_key.clone().into(),
            self.end_time.map(Time::micros).into(),
            self.outcome_code.clone().into(),
            self.stop_reason.clone().into(),
            self.due_time.map(Time::micros).into(),
            self.lease_id.into(),
            self.lease_holder.map(Presence::key).into(),
            self.asked_with.into(),
            self.traceparent.clone().into(),
        ])
    }
}
