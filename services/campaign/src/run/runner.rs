use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use contracts_campaign::v1::JourneyCompleted;
use fault::Fault;
use kernel::{Clock, Tenant, Time};
use runtime::{Deps, Queue, Worker, caught};
use store::{Db, Draft, Presence, Tx, is_serial};
use uuid::Uuid;

use super::advance::{Advanced, Answer, Inputs, advance};
use super::entries;
use super::entries::EntryKey;
use super::left_behind::LeftBehind;
use super::row::RunRow;
use super::rows;
use super::rows::{Hand, Lease, PARKED, RunKey};
use super::steps;
use super::steps::StepRow;
use super::{MemberId, Position, RUNS, Run, RunId};
use crate::action::{Answers, Ask, Asker, Need};
use crate::fact::Fact;
use crate::fact::heard;
use crate::fact::heard::Heard;
use crate::journey::definition::{Definition, NodeKind};
use crate::journey::figures;
use crate::journey::figures::Changes;
use crate::journey::versions::{Definitions, Versions};

/// How many runs are moved on in one transaction.
pub(crate) const RUNS_MAX: usize = 512;
/// Of how many tenants: those with due runs take turns, so that none waits for all that another one has.
const TENANTS_MAX: usize = 16;
/// How many calls a run makes before it queues behind the others again.
const CALLS_IN_A_ROW_MAX: usize = 8;
/// How long a replica that lives may take over its calls before another one repeats them.
pub(crate) const LEASE: Duration = Duration::from_mins(2);
/// The first pause of a run whose peer is away; it doubles with each further one.
const BACKOFF: Duration = Duration::from_secs(1);
/// The longest pause.
const BACKOFF_MAX: Duration = Duration::from_mins(5);
/// How long after its beginning a waiting run looks once more: a fact that another transaction was writing while the run
/// began was seen by neither. No transaction lives longer. Where transactions come one after the other nothing is late.
const LATE_FACTS: Duration = Duration::from_mins(1);
/// How often to look for due runs when none is known: another replica may have begun some.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Moves due runs on: waits end, conditions are decided, and peers are asked.
///
/// A run is at a node before the peer is asked, and the ask carries a key made of run, node and step. So a crash at any
/// moment repeats the very same ask, and the peer answers it with what it did the first time. Calls are made outside of
/// transactions, under a lease that keeps other replicas away. It ends with its time, and at once when the process that holds
/// it has gone or cannot be seen to live; a runner whose lease is gone drops its runs, for another one repeats them.
///
/// A run that cannot be moved on is set aside, alone: a transaction that fails is tried again with half of its runs, down to
/// the one.
pub(crate) struct Runner {
    db: Db,
    clock: Clock,
    versions: Versions,
    asker: Asker,
    queue: Queue,
    /// When the next run was due, at the last look that found none due.
    next_due: Option<Time>,
    /// Whose runs were taken last: the next ones are another tenant's.
    turn: Tenant,
    /// Halved after a failure; whole again after a success.
    runs_max: usize,
    /// Under what the last leases were written.
    presence: Option<Presence>,
    left_behind: LeftBehind,
}

/// The outcome of taking up due runs.
enum Begun {
    Round(Round),
    /// None of these was moved, because of one of them.
    Failed {
        runs: Vec<RunKey>,
        fault: Fault,
    },
}

impl Runner {
    pub(crate) fn new(deps: &Deps, versions: Versions, asker: Asker) -> Self {
        Self {
            db: deps.db.clone(),
            clock: deps.clock.clone(),
            versions,
            asker,
            queue: Queue::new(RUNS, deps),
            next_due: None,
            turn: Tenant::PLATFORM,
            runs_max: RUNS_MAX,
            presence: None,
            left_behind: LeftBehind::new(deps),
        }
    }

    /// The tenants of whom something is due, those first whose turn it is.
    async fn in_turn(&mut self) -> Result<Vec<Tenant>, Fault> {
        let now = self.clock.now();
        let next = rows::next_due(self.db.read()).await?;
        self.next_due = next.iter().map(|(_, due)| *due).min();
        let due = next
            .into_iter()
            .filter(|(_, due)| *due <= now)
            .map(|(tenant, _)| tenant);
        let (after, before): (Vec<Tenant>, Vec<Tenant>) = due.partition(|tenant| *tenant > self.turn);
        let tenants_max = TENANTS_MAX.min(self.runs_max);
        Ok(after.into_iter().chain(before).take(tenants_max).collect())
    }

    /// Takes up runs that are due, of each tenant its share.
    async fn begin_round(&self, tenants: &[Tenant], lease: Lease) -> Result<Begun, Fault> {
        let tx = self.db.begin().await?;
        let share = self.runs_max.checked_div(tenants.len()).unwrap_or(1).max(1);
        let (mut rows, mut unreadable) = (Vec::new(), Vec::new());
        for tenant in tenants {
            for read in rows::lock_due(&*tx, *tenant, self.clock.now(), share).await? {
                match read {
                    Ok(row) => rows.push(row),
                    Err(broken) => unreadable.push(broken),
                }
            }
        }
        let keys: Vec<RunKey> = rows.iter().map(RunRow::key).collect();
        match caught(self.move_on(tx, rows, &Answers::new(), Some(lease))).await {
            Ok(mut round) => {
                round.taken = round.taken.saturating_add(unreadable.len());
                round.unsound.extend(unreadable);
                Ok(Begun::Round(round))
            }
            Err(fault @ (Fault::Unavailable { .. } | Fault::Contended)) => Err(fault),
            Err(fault) => Ok(Begun::Failed { runs: keys, fault }),
        }
    }

    /// Writes down what peers have answered, and goes on: with all of them, and where that fails with halves.
    async fn go_on_all(&self, lease: Lease, answers: Answers, last: bool) -> Result<Round, Fault> {
        let (mut left, mut round) = (vec![answers], Round::default());
        while let Some(mut some) = left.pop() {
            // A lost race must not cost the answers: they would be asked for again.
            let outcome = rpc::retry(|| caught(self.go_on(lease, &some, last))).await;
            let half = some.keys().nth(some.len().div_euclid(2)).copied();
            match (outcome, some.len(), half) {
                (Ok(more), _, _) => round.join(more),
                (Err(fault @ Fault::Unavailable { .. }), _, _) | (Err(fault), _, None) => return Err(fault),
                (Err(fault), 1, Some(run)) => self.set_aside(run, Hand::Leased(lease.id), fault).await?,
                (Err(_), _, Some(half)) => {
                    let second = some.split_off(&half);
                    left.extend([second, some]);
                }
            }
        }
        Ok(round)
    }

    /// Puts a run off that cannot be moved on, until it is tried again or an operator says so.
    async fn set_aside(&self, run: RunKey, hand: Hand, fault: Fault) -> Result<(), Fault> {
        let retry_time = self.queue.set_aside(run.0, &item(run), fault).await?;
        let tx = self.db.begin().await?;
        rows::put_off(&*tx, run, hand, retry_time.unwrap_or(PARKED)).await?;
        tx.commit().await
    }

    /// Sets those aside whose rows make no sense.
    async fn set_all_aside(&self, unsound: Vec<(RunKey, Fault)>, hand: Hand) -> Result<(), Fault> {
        for (run, fault) in unsound {
            self.set_aside(run, hand, fault).await?;
        }
        Ok(())
    }

    /// Writes down what peers have answered, and goes on.
    async fn go_on(&self, lease: Lease, answers: &Answers, last: bool) -> Result<Round, Fault> {
        let tx = self.db.begin().await?;
        let asked: BTreeSet<(Tenant, RunId)> = answers.keys().copied().collect();
        let rows = rows::lock_leased(&*tx, &asked, lease.id).await?;
        self.move_on(tx, rows, answers, (!last).then_some(lease)).await
    }

    /// Moves locked runs on and commits it. Those that have to ask get the lease; without one they queue.
    async fn move_on(
        &self,
        tx: Tx,
        rows: Vec<RunRow>,
        answers: &Answers,
        lease: Option<Lease>,
    ) -> Result<Round, Fault> {
        if rows.is_empty() {
            return Ok(Round::default());
        }
        let definitions = self
            .versions
            .load(&*tx, rows.iter().map(RunRow::version_key).collect())
            .await?;
        let heard = heard_by(&tx, &rows, &definitions).await?;
        let mut moved = Moved {
            now: self.clock.now(),
            lease,
            asked_with: self.clock.uuid(),
            late_facts: if is_serial(self.db.backend()) {
                Duration::ZERO
            } else {
                LATE_FACTS
            },
            ..Moved::default()
        };
        for row in rows {
            let Some(definition) = definitions.get(&row.version_key()) else {
                continue;
            };
            let heard = heard
                .get(&(row.tenant, row.member))
                .map(Vec::as_slice)
                .unwrap_or_default();
            let answer = answers.get(&(row.tenant, row.run_id)).cloned();
            moved.take(row, definition, heard, answer);
        }
        moved.write(tx, &self.clock).await
    }
}

#[async_trait]
impl Worker for Runner {
    fn name(&self) -> &'static str {
        "campaign.run_journeys"
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        self.left_behind.free(self.presence).await?;
        // A look that locks nothing: most of the time nobody is due.
        let tenants = self.in_turn().await?;
        let Some(last) = tenants.last() else { return Ok(0) };
        let holder = *self.presence.insert(self.db.presence().await?);
        let id = self.clock.uuid();
        let (lease, mut hand) = (Lease { id, holder }, Hand::Due(self.clock.now()));
        let mut round = match rpc::retry(|| self.begin_round(&tenants, lease)).await? {
            Begun::Round(round) => round,
            Begun::Failed { runs, fault } => {
                self.runs_max = runs.len().div_euclid(2).max(1);
                if let [run] = *runs {
                    self.set_aside(run, hand, fault).await?;
                }
                return Ok(1);
            }
        };
        let taken = round.taken;
        if taken == 0 {
            // Another replica has them in hand, or a transaction that failed is still being taken back: nothing is known of them.
            return Ok(0);
        }
        (self.turn, self.runs_max) = (*last, RUNS_MAX);
        self.queue
            .forget(&round.moved.iter().map(|run| (run.0, item(*run))).collect())
            .await?;
        for call in 1..=CALLS_IN_A_ROW_MAX {
            self.set_all_aside(std::mem::take(&mut round.unsound), hand).await?;
            hand = Hand::Leased(lease.id);
            if round.asks.is_empty() {
                break;
            }
            let answers = self.asker.ask(round.asks).await;
            round = self.go_on_all(lease, answers, call == CALLS_IN_A_ROW_MAX).await?;
        }
        self.set_all_aside(round.unsound, hand).await?;
        Ok(taken)
    }

    fn does_due_work(&self) -> bool {
        true
    }

    async fn rest(&mut self) {
        let timer = async {
            match self.next_due {
                Some(due) => self.clock.sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        // Either there is something to do, or it is time to look.
        let _ = tokio::time::timeout(LOOK_AGAIN, timer).await;
    }
}

/// The facts about those members whose runs may come to wait for some.
async fn heard_by(tx: &Tx, rows: &[RunRow], definitions: &Definitions) -> Result<Heard, Fault> {
    let awaits = |row: &&RunRow| {
        definitions
            .get(&row.version_key())
            .is_some_and(|definition| !definition.awaited_keys().is_empty())
    };
    let awaiting: Vec<&RunRow> = rows.iter().filter(awaits).collect();
    let members: BTreeSet<(Tenant, MemberId)> = awaiting.iter().map(|row| (row.tenant, row.member)).collect();
    let since = awaiting.iter().map(|row| row.clock).min().unwrap_or(Time::MAX);
    heard::about(&**tx, &members, since).await
}

/// The work that a transaction leaves.
#[derive(Default)]
struct Round {
    /// How many runs it moved.
    taken: usize,
    /// Which of them it did not leave as they were.
    moved: Vec<RunKey>,
    /// The calls that come before they move again.
    asks: Vec<Ask>,
    /// Those whose rows make no sense.
    unsound: Vec<(RunKey, Fault)>,
}

impl Round {
    fn join(&mut self, more: Self) {
        self.taken = self.taken.saturating_add(more.taken);
        self.moved.extend(more.moved);
        self.asks.extend(more.asks);
        self.unsound.extend(more.unsound);
    }
}

/// A run's name in the queue.
fn item((_, run): RunKey) -> String {
    run.uuid().simple().to_string()
}

/// Many runs that move together, and all that changes with them.
#[derive(Default)]
struct Moved {
    now: Time,
    lease: Option<Lease>,
    /// What those have in common that are asked for the first time.
    asked_with: Uuid,
    late_facts: Duration,
    rows: Vec<RunRow>,
    asks: Vec<Ask>,
    steps: Vec<StepRow>,
    changes: Changes,
    ended: Vec<(EntryKey, RunId)>,
    facts: Vec<Draft>,
    unsound: Vec<(RunKey, Fault)>,
}

impl Moved {
    fn take(&mut self, mut row: RunRow, definition: &Definition, heard: &[Fact], answer: Option<Answer>) {
        let run = match row.run(definition) {
            Ok(run) => run,
            Err(fault) => {
                // The others must not suffer for it.
                self.unsound.push((row.key(), fault));
                return;
            }
        };
        let unanswered = answer == Some(Answer::Away) || matches!(answer, Some(Answer::MemberUnknown { .. }));
        let Advanced { run, steps, tally } = advance(
            definition,
            run,
            &Inputs {
                now: self.now,
                heard,
                answer,
            },
        );
        let repeated = unanswered && steps.is_empty();
        row.take(definition, &run);
        self.schedule(&mut row, &run, definition, repeated);
        self.changes.add(&row.version_key(), definition, &tally);
        let (tenant, run_id) = (row.tenant, row.run_id);
        self.steps.extend(
            steps
                .into_iter()
                .map(|step| StepRow::new(tenant, run_id, definition, step)),
        );
        if !run.is_active() {
            let key = EntryKey {
                tenant,
                member: row.member,
                journey_code: row.journey_code.clone(),
            };
            self.ended.push((key, run_id));
            self.facts.extend(completed(&row, &run));
        }
        self.rows.push(row);
    }

    /// Says when the run is looked at again, and what it needs until then.
    fn schedule(&mut self, row: &mut RunRow, run: &Run, definition: &Definition, repeated: bool) {
        row.lease(None);
        row.due_time = match &run.position {
            Position::Completed { .. } | Position::Stopped { .. } => None,
            Position::Waiting { until } if row.awaited_key.is_empty() => Some(*until),
            Position::Waiting { until } => {
                let late_facts = row.create_time.plus(self.late_facts);
                Some(if self.now < late_facts {
                    late_facts.min(*until)
                } else {
                    *until
                })
            }
            Position::Asking { .. } if repeated => Some(self.now.plus(backoff(run.attempts))),
            Position::Asking { member } => match (self.lease, need(run, definition)) {
                (Some(lease), Some(need)) => {
                    let asked_with = *row.asked_with.get_or_insert(self.asked_with);
                    self.asks.push(ask(row, run, *member, definition, need, asked_with));
                    row.lease(Some(lease));
                    Some(self.now.plus(LEASE))
                }
                _ => Some(self.now),
            },
            Position::Arrived => Some(self.now),
        };
    }

    async fn write(self, tx: Tx, clock: &Clock) -> Result<Round, Fault> {
        let taken = self.rows.len().saturating_add(self.unsound.len());
        rows::update(&*tx, &self.rows).await?;
        steps::insert(&*tx, self.steps).await?;
        entries::release(&*tx, &self.ended).await?;
        figures::add(&*tx, self.changes).await?;
        tx.emit_all(clock, self.facts).await?;
        tx.commit().await?;
        Ok(Round {
            taken,
            moved: self.rows.iter().map(RunRow::key).collect(),
            asks: self.asks,
            unsound: self.unsound,
        })
    }
}

/// The node's need of a peer; none where it has none.
fn need(run: &Run, definition: &Definition) -> Option<Need> {
    match &definition.node(run.node).kind {
        NodeKind::Act { action, .. } => Some(Need::Act(action.clone())),
        NodeKind::InSegment { segment_code, .. } => Some(Need::InSegment(segment_code.clone())),
        NodeKind::Condition { .. } | NodeKind::Wait { .. } | NodeKind::WaitUntil { .. } | NodeKind::Exit { .. } => None,
    }
}

fn ask(row: &RunRow, run: &Run, member: MemberId, definition: &Definition, need: Need, asked_with: Uuid) -> Ask {
    Ask {
        tenant: row.tenant,
        run_id: run.id,
        member,
        key: format!("{}:{}:{}", run.id, definition.node(run.node).id, run.step_number),
        journey_code: row.journey_code.clone(),
        clock: run.clock,
        need,
        asked_with,
        traceparent: row.traceparent.clone(),
    }
}

/// The pause before a call is repeated for the given time: 1 s, 2 s, 4 s and so on.
fn backoff(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(16);
    BACKOFF.saturating_mul(2_u32.saturating_pow(doublings)).min(BACKOFF_MAX)
}

fn completed(row: &RunRow, run: &Run) -> Option<Draft> {
    let Position::Completed { end_time, outcome_code } = &run.position else {
        return None;
    };
    let fact = JourneyCompleted {
        run_id: run.id.to_string(),
        journey_code: row.journey_code.clone(),
        version: row.version,
        member_id: run.member.to_string(),
        outcome_code: outcome_code.clone(),
        end_time: Some(end_time.to_wire()),
    };
    let traceparent = (!row.traceparent.is_empty()).then(|| row.traceparent.clone());
    Some(Draft::new(row.tenant, run.member.to_string(), &fact).within(traceparent))
}
