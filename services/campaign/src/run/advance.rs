use std::collections::BTreeMap;

use kernel::{Exact, Time};

use super::{KnownFact, Position, Run, STEPS_MAX, Step, StepOutcome, StopReason};
use crate::fact::Fact;
use crate::journey::definition::{Definition, NodeIndex, NodeKind};

/// The inputs of a run's turn.
#[derive(Debug)]
pub(crate) struct Inputs<'a> {
    pub(crate) now: Time,
    /// The facts about the member that were heard of, in any order.
    pub(crate) heard: &'a [Fact],
    /// The peer's answer to the run's call.
    pub(crate) answer: Option<Answer>,
}

/// A peer's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Done; the id of what was made, if anything was.
    Done { reference: String },
    /// Refused, for a reason of the peer's contract: asking again changes nothing.
    Refused { reason: String, message: String },
    /// Refused, for the peer does not know the member: it may not have heard of somebody who has just registered.
    MemberUnknown { reason: String, message: String },
    /// Whether the member belongs to the segment that was asked about.
    Belongs(bool),
    /// No answer: ask again later.
    Away,
}

/// How often a peer that does not know the member is asked again; the pauses between add up to some minutes.
pub(crate) const UNKNOWN_ATTEMPTS_MAX: i32 = 8;

/// A run after its turn.
#[derive(Debug, PartialEq)]
pub(crate) struct Advanced {
    pub(crate) run: Run,
    /// The steps that were finished, in order.
    pub(crate) steps: Vec<Step>,
    /// How the figures of the nodes change.
    pub(crate) tally: BTreeMap<NodeIndex, Tally>,
}

/// A change of a node's figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) started: i64,
    pub(crate) entered: i64,
    pub(crate) waiting: i64,
    pub(crate) completed: i64,
    pub(crate) failed: i64,
    /// Runs that ended here, by an exit node.
    pub(crate) ended: i64,
    /// Runs that were stopped here.
    pub(crate) stopped: i64,
}

impl Tally {
    /// The figures of a node at which a run begins.
    pub(crate) const BEGUN: Self = Self {
        started: 1,
        entered: 1,
        waiting: 0,
        completed: 0,
        failed: 0,
        ended: 0,
        stopped: 0,
    };

    /// Adds another change.
    pub(crate) fn add(&mut self, other: Self) {
        self.started = self.started.exact_add(other.started);
        self.entered = self.entered.exact_add(other.entered);
        self.waiting = self.waiting.exact_add(other.waiting);
        self.completed = self.completed.exact_add(other.completed);
        self.failed = self.failed.exact_add(other.failed);
        self.ended = self.ended.exact_add(other.ended);
        self.stopped = self.stopped.exact_add(other.stopped);
    }
}

/// Moves a run on as far as it goes without asking anybody: to a call, a wait or an end. It depends on nothing but what it
/// is given, so a turn that was lost is simply taken again.
pub(crate) fn advance(definition: &Definition, run: Run, inputs: &Inputs<'_>) -> Advanced {
    let mut turn = Turn {
        definition,
        inputs,
        advanced: Advanced {
            run,
            steps: Vec::new(),
            tally: BTreeMap::new(),
        },
    };
    while turn.take_step() {}
    turn.advanced
}

/// Stops a run where it is; one that has ended stays as it is.
pub(crate) fn stop(definition: &Definition, run: Run, reason: StopReason, now: Time) -> Advanced {
    let inputs = Inputs {
        now,
        heard: &[],
        answer: None,
    };
    let mut turn = Turn {
        definition,
        inputs: &inputs,
        advanced: Advanced {
            run,
            steps: Vec::new(),
            tally: BTreeMap::new(),
        },
    };
    if turn.advanced.run.is_active() {
        turn.stop(reason);
    }
    turn.advanced
}

struct Turn<'a> {
    definition: &'a Definition,
    inputs: &'a Inputs<'a>,
    advanced: Advanced,
}

impl Turn<'_> {
    /// Takes one step; false where the run has to wait, ask or rest for ever.
    fn take_step(&mut self) -> bool {
        match self.advanced.run.position.clone() {
            Position::Arrived => self.begin_node(),
            Position::Asking { .. } => self.hear_answer(),
            Position::Waiting { until } => self.look_up(until),
            Position::Completed { .. } | Position::Stopped { .. } => false,
        }
    }

    fn begin_node(&mut self) -> bool {
        let run = &self.advanced.run;
        match &self.definition.node(run.node).kind {
            NodeKind::Condition { condition, yes, no } => {
                let (next, explanation) = match condition.holds(run) {
                    Ok(true) => (*yes, "the condition is true".to_owned()),
                    Ok(false) => (*no, "the condition is false".to_owned()),
                    Err(error) => (
                        *no,
                        format!("counts as false, for the condition cannot be evaluated: {error}"),
                    ),
                };
                self.go_on(next, done(explanation))
            }
            NodeKind::InSegment { .. } | NodeKind::Act { .. } => {
                self.advanced.run.position = Position::Asking { member: run.member };
                false
            }
            NodeKind::Wait { duration, .. } => self.begin_wait(run.clock.plus(*duration)),
            NodeKind::WaitUntil { timeout, .. } => self.begin_wait(run.clock.plus(*timeout)),
            NodeKind::Exit { outcome_code } => self.complete(outcome_code.clone()),
        }
    }

    fn begin_wait(&mut self, until: Time) -> bool {
        self.advanced.run.position = Position::Waiting { until };
        self.count(self.advanced.run.node, |tally| &mut tally.waiting, 1);
        true
    }

    fn look_up(&mut self, until: Time) -> bool {
        let over = until <= self.inputs.now;
        match &self.definition.node(self.advanced.run.node).kind {
            NodeKind::Wait { next, .. } if over => {
                self.end_wait(until, None);
                self.go_on(*next, done(format!("waited until {until}")))
            }
            NodeKind::WaitUntil {
                fact: pattern,
                arrived,
                timed_out,
                ..
            } => {
                let awaited = self
                    .advanced
                    .run
                    .awaited(self.inputs.heard, until, |fact| pattern.matches(fact));
                if let Some(fact) = awaited {
                    self.end_wait(fact.happen_time, Some(fact));
                    let outcome = StepOutcome {
                        explanation: format!("{} came at {}", describe(fact), fact.happen_time),
                        reference: fact.reference.clone(),
                        ..StepOutcome::default()
                    };
                    return self.go_on(*arrived, outcome);
                }
                if !over {
                    return false;
                }
                self.end_wait(until, None);
                self.go_on(*timed_out, done(format!("the time was over at {until}")))
            }
            NodeKind::Wait { .. }
            | NodeKind::Condition { .. }
            | NodeKind::InSegment { .. }
            | NodeKind::Act { .. }
            | NodeKind::Exit { .. } => false,
        }
    }

    /// Moves the journey's own time to the end of the wait.
    fn end_wait(&mut self, end: Time, fact: Option<&Fact>) {
        let node = self.advanced.run.node;
        self.count(node, |tally| &mut tally.waiting, -1);
        let run = &mut self.advanced.run;
        if run.clock < end {
            run.spent.clear();
        }
        run.clock = end;
        if let Some(fact) = fact {
            run.spent.push(fact.id);
            run.memory
                .waits
                .insert(self.definition.node(node).id.clone(), KnownFact::of(fact));
        }
    }

    fn hear_answer(&mut self) -> bool {
        // A turn hears one answer at the most: it ends where the run comes to ask again.
        let Some(answer) = self.inputs.answer.clone() else {
            return false;
        };
        let answer = match answer {
            Answer::MemberUnknown { .. } if self.advanced.run.attempts < UNKNOWN_ATTEMPTS_MAX => Answer::Away,
            Answer::MemberUnknown { reason, message } => Answer::Refused { reason, message },
            Answer::Done { .. } | Answer::Refused { .. } | Answer::Belongs(_) | Answer::Away => answer,
        };
        match &self.definition.node(self.advanced.run.node).kind {
            NodeKind::InSegment { segment_code, yes, no } => match answer {
                Answer::Belongs(true) => self.go_on(*yes, done(format!("the member belongs to {segment_code}"))),
                Answer::Belongs(false) => {
                    self.go_on(*no, done(format!("the member does not belong to {segment_code}")))
                }
                Answer::Refused { reason, message } => self.go_on(*no, refused(reason, &message)),
                Answer::Away | Answer::Done { .. } | Answer::MemberUnknown { .. } => self.ask_again(),
            },
            NodeKind::Act {
                action,
                next,
                refused: refused_next,
            } => match answer {
                Answer::Done { reference } => self.go_on(
                    *next,
                    StepOutcome {
                        reference,
                        ..done(action.describe())
                    },
                ),
                Answer::Refused { reason, message } => self.go_on(*refused_next, refused(reason, &message)),
                Answer::Away | Answer::Belongs(_) | Answer::MemberUnknown { .. } => self.ask_again(),
            },
            NodeKind::Condition { .. } | NodeKind::Wait { .. } | NodeKind::WaitUntil { .. } | NodeKind::Exit { .. } => {
                false
            }
        }
    }

    fn ask_again(&mut self) -> bool {
        self.advanced.run.attempts = self.advanced.run.attempts.saturating_add(1);
        false
    }

    /// Leaves the node for the next one, unless the run has taken all of its steps.
    fn go_on(&mut self, next: NodeIndex, outcome: StepOutcome) -> bool {
        if self.advanced.run.step_number >= STEPS_MAX {
            self.stop(StopReason::StepsExhausted);
            return false;
        }
        self.leave(Some(next), outcome);
        let run = &mut self.advanced.run;
        run.node = next;
        run.step_number = run.step_number.saturating_add(1);
        run.enter_time = self.inputs.now;
        run.attempts = 0;
        run.position = Position::Arrived;
        self.count(next, |tally| &mut tally.entered, 1);
        true
    }

    fn complete(&mut self, outcome_code: String) -> bool {
        self.leave(None, done("the journey ends here".to_owned()));
        self.count(self.advanced.run.node, |tally| &mut tally.ended, 1);
        self.advanced.run.position = Position::Completed {
            end_time: self.inputs.now,
            outcome_code,
        };
        false
    }

    fn stop(&mut self, reason: StopReason) {
        let node = self.advanced.run.node;
        if matches!(self.advanced.run.position, Position::Waiting { .. }) {
            self.count(node, |tally| &mut tally.waiting, -1);
        }
        self.leave(
            None,
            StepOutcome {
                failed: true,
                ..done(format!("the run was stopped: {}", reason.name()))
            },
        );
        self.count(node, |tally| &mut tally.stopped, 1);
        self.advanced.run.position = Position::Stopped {
            end_time: self.inputs.now,
            reason,
        };
    }

    /// Writes down what came of the present step.
    fn leave(&mut self, next: Option<NodeIndex>, outcome: StepOutcome) {
        let run = &self.advanced.run;
        let node = run.node;
        let step = Step {
            number: run.step_number,
            node,
            enter_time: run.enter_time,
            leave_time: self.inputs.now,
            next,
            attempts: run.attempts,
            outcome,
        };
        if step.outcome.failed {
            self.count(node, |tally| &mut tally.failed, 1);
        } else {
            self.count(node, |tally| &mut tally.completed, 1);
        }
        self.advanced.steps.push(step);
    }

    fn count(&mut self, node: NodeIndex, figure: fn(&mut Tally) -> &mut i64, by: i64) {
        let figure = figure(self.advanced.tally.entry(node).or_default());
        *figure = figure.exact_add(by);
    }
}

fn done(explanation: String) -> StepOutcome {
    StepOutcome {
        explanation,
        ..StepOutcome::default()
    }
}

fn refused(reason: String, message: &str) -> StepOutcome {
    StepOutcome {
        failed: true,
        explanation: format!("refused: {message}"),
        refusal_reason: reason,
        ..StepOutcome::default()
    }
}

/// The fact in a word: its code where that says enough.
fn describe(fact: &Fact) -> &str {
    if fact.code.is_empty() {
        fact.kind.name()
    } else {
        &fact.code
    }
}
