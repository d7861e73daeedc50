//! What was asked, when, and what was answered.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use kernel::{Clock, Time};
use tokio::sync::watch;

use super::answer::{Answer, Outcome};
use super::ask::Ask;
use super::brand::Account;

/// A moment of the run: which of them was earlier, and what the clock said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) tick: u64,
    pub(super) time: Time,
}

/// One time that something was asked.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) asked: Moment,
    pub(super) answered: Moment,
    pub(super) outcome: Outcome,
    /// It was a part of a batch of which all or nothing was to be posted.
    pub(super) together: bool,
}

/// One request, and everything that was learnt of it.
#[derive(Clone, Debug)]
pub(super) struct Op {
    pub(super) ask: Ask,
    pub(super) attempts: Vec<Attempt>,
}

/// What can be asked about.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Earns and spends.
    pub(super) entries: Vec<(Account, String)>,
    pub(super) holds: Vec<(Account, String)>,
    pub(super) pending: Vec<(Account, String)>,
    /// What was told last of the balance of whom was asked for.
    pub(super) balances: BTreeMap<Account, i64>,
}

/// The history of a run, which all callers write.
pub(super) struct History {
    clock: Clock,
    inner: Mutex<Inner>,
    /// How many times somebody was asked for something.
    asked: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    ops: BTreeMap<String, Op>,
    known: Known,
    ticks: u64,
    times: Vec<Time>,
}

impl Op {
    /// The first answer that it was done, if any.
    pub(super) fn done(&self) -> Option<&Answer> {
        self.attempts.iter().find_map(|attempt| match &attempt.outcome {
            Outcome::Done(answer) => Some(&**answer),
            Outcome::Refused(_) | Outcome::Unknown | Outcome::Broken(_) => None,
        })
    }

    /// When it was first asked.
    pub(super) fn first_asked(&self) -> u64 {
        self.attempts.iter().map(|attempt| attempt.asked.tick).min().unwrap()
    }

    /// When somebody first knew that it was done.
    pub(super) fn first_known(&self) -> u64 {
        let done = self
            .attempts
            .iter()
            .filter(|attempt| matches!(attempt.outcome, Outcome::Done(_)));
        done.map(|attempt| attempt.answered.tick).min().unwrap()
    }
}

impl History {
    pub(super) fn new(clock: Clock) -> Self {
        let inner = Inner {
            times: vec![clock.now()],
            ..Inner::default()
        };
        Self {
            clock,
            inner: Mutex::new(inner),
            asked: watch::Sender::new(0),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    fn moment(&self) -> Moment {
        let mut inner = self.inner();
        inner.ticks += 1;
        Moment {
            tick: inner.ticks,
            time: self.clock.now(),
        }
    }

    /// Notes that something is being asked.
    pub(super) fn ask(&self) -> Moment {
        self.asked.send_modify(|asked| *asked += 1);
        self.moment()
    }

    /// Notes what was learnt.
    pub(super) fn answer(&self, id: &str, ask: &Ask, asked: Moment, outcome: Outcome, together: bool) {
        let answered = self.moment();
        let mut inner = self.inner();
        if let Outcome::Done(answer) = &outcome {
            inner.known.learn(ask.account(), answer);
        }
        let op = inner.ops.entry(id.to_owned()).or_insert_with(|| Op {
            ask: ask.clone(),
            attempts: Vec::new(),
        });
        op.attempts.push(Attempt {
            asked,
            answered,
            outcome,
            together,
        });
    }

    /// Waits until so much has been asked.
    pub(super) async fn wait_until_asked(&self, count: u64) {
        self.asked.subscribe().wait_for(|asked| *asked >= count).await.unwrap();
    }

    /// Turns the clock.
    pub(super) fn turn(&self, time: Time) {
        let mut inner = self.inner();
        self.clock.turn_to(time);
        let now = self.clock.now();
        inner.times.push(now);
    }

    pub(super) fn known(&self) -> Known {
        self.inner().known.clone()
    }

    pub(super) fn ops(&self) -> BTreeMap<String, Op> {
        self.inner().ops.clone()
    }

    /// Everything that the clock has ever said.
    pub(super) fn times(&self) -> Vec<Time> {
        self.inner().times.clone()
    }
}

impl Known {
    fn learn(&mut self, account: Account, answer: &Answer) {
        match answer {
            Answer::Earn(earned) => {
                let entry = earned.entry.clone().unwrap();
                self.balances.insert(account, entry.balance);
                self.pending.push((account, entry.entry_id.clone()));
                self.entries.push((account, entry.entry_id));
            }
            Answer::Redeem(redeemed) => {
                let entry = redeemed.entry.clone().unwrap();
                self.balances.insert(account, entry.balance);
                self.entries.push((account, entry.entry_id));
            }
            Answer::Capture(captured) => {
                self.entries.push((account, captured.entry.clone().unwrap().entry_id));
            }
            Answer::Spend(spent) => self.entries.push((account, spent.entry.clone().unwrap().entry_id)),
            Answer::HoldPool(held) => self.holds.push((account, held.hold.clone().unwrap().hold_id)),
            Answer::Hold(held) => self.holds.push((account, held.hold.clone().unwrap().hold_id)),
            Answer::Reverse(_)
            | Answer::Release(_)
            | Answer::Transfer(_)
            | Answer::Adjust(_)
            | Answer::Confirm(_)
            | Answer::Cancel(_)
            | Answer::Contribute(_)
            | Answer::GiveBack(_)
            | Answer::Place(_)
            | Answer::Dissolve(_) => {}
        }
    }
}
