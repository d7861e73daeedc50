use fault::Fault;
use kernel::{Clock, Tenant};
use ledger::{Effects, Posting, State, decide};
use runtime::{Asked, Batch, Outcomes};
use store::{Answers, Db, Draft, Tx};
use uuid::Uuid;

use super::Ask;
use super::resolve::{Resolved, check_led, resolve};
use crate::posting::facts;
use crate::posting::refusals::refused;
use crate::{account, posting};

/// What became of one posting: its answer as it is remembered, or why it was not posted.
pub(crate) type Outcome = Result<Vec<u8>, Fault>;

/// Posts many in one transaction.
#[derive(Clone)]
pub(crate) struct Poster {
    clock: Clock,
    db: Db,
    lots_max: usize,
}

/// Everything that the postings of one transaction are decided on, and what was decided.
struct Table {
    state: State,
    answers: Answers,
    effects: Vec<Effects>,
    drafts: Vec<Draft>,
}

impl Batch for Poster {
    const NOUN: &'static str = "postings";
    const FULL: &'static str = "the ledger has as many postings waiting as it can post in time";
    const STOPPED: &'static str = "the ledger is stopping: repeat with the same request id to learn the outcome";

    type Ask = Ask;
    type Answer = Vec<u8>;
    type Key = (Tenant, Uuid);

    fn key(ask: &Ask) -> (Tenant, Uuid) {
        (ask.key.tenant, ask.subject.named())
    }

    /// Posts those that are still wanted, each decided by itself, and answers when they are durable.
    async fn run(&self, asked: &[Asked<Self>]) -> Outcomes<Self> {
        let asks: Vec<&Ask> = asked.iter().map(|asked| &asked.ask).collect();
        let tx = self.db.begin().await?;
        let (mut table, postings) = self.lay(&tx, &asks).await?;
        let decided = asked
            .iter()
            .zip(postings)
            .map(|(asked, posting)| match asked.is_wanted() {
                true => table.decide(&asked.ask, posting, asked.traceparent()),
                false => Err(rpc::passed()),
            });
        let outcomes = decided.collect();
        table.commit(tx, &self.clock).await?;
        Ok(outcomes)
    }
}

impl Poster {
    pub(crate) fn new(clock: Clock, db: Db, lots_max: usize) -> Self {
        Self { clock, db, lots_max }
    }

    /// Posts all of them, or none: where one is refused, or where that was not wanted anyway. Then those that would have
    /// been posted have no outcome; those that were posted before have their answer.
    pub(crate) async fn post_together(&self, asks: &[&Ask], wanted: bool) -> Result<Vec<Option<Outcome>>, Fault> {
        let tx = self.db.begin().await?;
        let (mut table, postings) = self.lay(&tx, asks).await?;
        let traceparent = telemetry::traceparent();
        let mut outcomes = Vec::with_capacity(asks.len());
        for (ask, posting) in asks.iter().zip(postings) {
            let before = table.effects.len();
            let outcome = table.decide(ask, posting, traceparent.as_deref());
            outcomes.push((outcome, table.effects.len() > before));
        }
        if wanted && outcomes.iter().all(|(outcome, _)| outcome.is_ok()) {
            table.commit(tx, &self.clock).await?;
            return Ok(outcomes.into_iter().map(|(outcome, _)| Some(outcome)).collect());
        }
        let told = |(outcome, is_new)| if is_new { None } else { Some(outcome) };
        Ok(outcomes.into_iter().map(told).collect())
    }

    /// Locks the accounts and reads what the decisions need. The answers are read once the locks are held: a copy of one of
    /// these requests has either been committed by then, or waits for them.
    async fn lay(&self, tx: &Tx, asks: &[&Ask]) -> Result<(Table, Vec<Result<Posting, Fault>>), Fault> {
        let Resolved {
            postings,
            missing,
            led,
            assets,
        } = resolve(tx, asks).await?;
        let keys = postings.iter().flatten().flat_map(posting::load::keys_of).collect();
        account::rows::create_missing(tx, &missing).await?;
        let locked = account::rows::lock_existing(tx, &keys).await?;
        check_led(tx, &led).await?;
        let answers = Answers::to(tx, asks.iter().map(|ask| &ask.key)).await?;
        let mut state = posting::load::state_of(&self.clock, &keys, locked, &assets);
        let is_new = |ask: &Ask| matches!(answers.get(&ask.key), Ok(None));
        let new = asks.iter().zip(&postings).filter(|(ask, _)| is_new(ask));
        let new: Vec<&Posting> = new.filter_map(|(_, posting)| posting.as_ref().ok()).collect();
        posting::load::read(tx, &mut state, &new, self.lots_max).await?;
        let table = Table {
            state,
            answers,
            effects: Vec::with_capacity(asks.len()),
            drafts: Vec::new(),
        };
        Ok((table, postings))
    }
}

impl Table {
    /// Decides one, after those before it. A copy of one that was posted, in this transaction or ever before, gets that
    /// one's answer; a refusal is not remembered.
    fn decide(&mut self, ask: &Ask, posting: Result<Posting, Fault>, traceparent: Option<&str>) -> Outcome {
        if let Some(answer) = self.answers.get(&ask.key)? {
            return Ok(answer.to_vec());
        }
        let effects = decide(&mut self.state, &posting?).map_err(refused)?;
        let drafts = facts::drafts(&effects).map(|draft| draft.within(traceparent.map(str::to_owned)));
        self.drafts.extend(drafts);
        let answer = (ask.answer)(&effects);
        self.answers.give(&ask.key, answer.clone());
        self.effects.push(effects);
        Ok(answer)
    }

    /// Writes what was decided, with the facts and the answers. Where nothing was, nothing stays.
    async fn commit(self, tx: Tx, clock: &Clock) -> Result<(), Fault> {
        if self.effects.is_empty() {
            return Ok(());
        }
        let effects: Vec<&Effects> = self.effects.iter().collect();
        posting::apply::apply(&tx, &self.state, &effects).await?;
        tx.emit_all(clock, self.drafts).await?;
        self.answers.remember(&tx).await?;
        tx.commit().await
    }
}
