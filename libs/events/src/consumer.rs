use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use fault::Fault;
use kernel::{Clock, Tenant, Time};
use runtime::{Deps, Envelope, Source, Worker, caught};
use sea_orm::ConnectionTrait;
use store::{Db, Stretch, Tx, statement, stuck};
use telemetry::{Cause, Causes, Red};

/// How many facts are applied in one transaction at the most.
const FACTS_MAX: u32 = 512;
/// How many facts in a row may be passed over before the position is stored: a restart passes over them again.
const PASSED_OVER_MAX: i64 = 4_096;
/// How long a consumer rests after facts have come, so that those that come in quick succession share a transaction. The
/// first one after a while is applied at once.
const GATHER: Duration = Duration::from_millis(10);
/// How many races in a row are run again at once. One that is lost for ever is no race.
const LOST_RACES_MAX: u32 = 20;
/// How often a fact that cannot be applied is tried again before it is parked.
const TRIES_MAX: u32 = 5;

/// What a service does about the facts of another one, or of its own.
#[async_trait]
pub trait Consumer: Send + Sync + 'static {
    /// Its name, under which its position is kept: "points.earn". Never changed.
    fn name(&self) -> &'static str;

    /// Whose facts: "tagging".
    fn stream(&self) -> &'static str;

    /// Which of them; the source passes over the others.
    fn types(&self) -> &'static [&'static str];

    /// Applies facts, in order, of one or several tenants. What it writes is committed together with the position, so
    /// each fact takes effect once. It makes no calls.
    ///
    /// A refusal means that a fact can never be applied; trouble, that it may be later.
    async fn apply(&self, tx: &Tx, facts: &[Envelope]) -> Result<(), Fault>;
}

/// The worker that pulls facts from where the process gets them and applies them.
pub fn consume(deps: &Deps, consumer: impl Consumer) -> Box<dyn Worker> {
    let source = deps.facts.source(consumer.name(), consumer.stream(), consumer.types());
    pull(&deps.db, &deps.clock, &deps.red, source, consumer)
}

/// The same with another source.
pub fn consume_from(db: &Db, clock: &Clock, source: impl Source + 'static, consumer: impl Consumer) -> Box<dyn Worker> {
    pull(db, clock, &Red::default(), Box::new(source), consumer)
}

fn pull(db: &Db, clock: &Clock, red: &Red, source: Box<dyn Source>, consumer: impl Consumer) -> Box<dyn Worker> {
    Box::new(Pull {
        red: red.clone(),
        db: db.clone(),
        clock: clock.clone(),
        source,
        consumer: Arc::new(consumer),
        position: None,
        passed_over: 0,
        looks: true,
        pulled: None,
        batch_max: FACTS_MAX,
        lost_races: 0,
        tries: 0,
    })
}

struct Pull {
    /// Where it tells how far it has come.
    red: Red,
    db: Db,
    clock: Clock,
    source: Box<dyn Source>,
    consumer: Arc<dyn Consumer>,
    /// As far as this process knows; none at the start and after trouble, when the database is asked.
    position: Option<i64>,
    /// How many facts that are nothing to this consumer it has passed since its position was last stored.
    passed_over: i64,
    /// Whether to look even where the source tells of no news.
    looks: bool,
    /// When it last found facts.
    pulled: Option<Instant>,
    /// Halved after a failure down to a single fact, to find the one that fails; whole again after a success.
    batch_max: u32,
    lost_races: u32,
    tries: u32,
}

#[async_trait]
impl Worker for Pull {
    fn name(&self) -> &str {
        self.consumer.name()
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let mut position = match self.position {
            Some(position) => position,
            None => self.stored_position().await?,
        };
        if !self.looks && !self.source.has_news() {
            return Ok(0);
        }
        loop {
            self.looks = true;
            let stretch = self.source.pull(position, self.batch_max).await?;
            self.looks = stretch.has_more;
            if !self.passes_over(position, &stretch) {
                self.pulled = Some(Instant::now());
                self.tell(position, &stretch.facts);
                return self.apply(position, &stretch).await;
            }
            self.tell(stretch.last_position, &[]);
            if !stretch.has_more {
                return Ok(0);
            }
            position = stretch.last_position;
        }
    }

    async fn rest(&mut self) {
        let position = self.position.unwrap_or_default();
        self.source.wait(position).await;
        self.looks = true;
        let since = self.pulled.map_or(GATHER, |pulled| pulled.elapsed());
        kernel::pause(GATHER.saturating_sub(since)).await;
    }

    async fn replay(&mut self, position: i64) -> Result<(), Fault> {
        rpc::retry(|| caught(self.replay_parked(position))).await
    }

    fn turn_ended(&mut self) {
        self.source.leave();
    }

    fn has_news(&self) -> Option<bool> {
        Some(self.looks || self.source.has_news())
    }
}

impl Pull {
    async fn stored_position(&mut self) -> Result<i64, Fault> {
        const READ: &str = "SELECT position FROM consumer WHERE name = $1";
        const BEGIN: &str = "INSERT INTO consumer (name, stream, position) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING";
        let name = self.consumer.name();
        self.passed_over = 0;
        let tx = self.db.begin().await?;
        let row = tx.query_one_raw(statement(&*tx, READ, [name.into()])).await?;
        if let Some(row) = row {
            return Ok(row.try_get_by_index(0)?);
        }
        tx.execute_raw(statement(&*tx, BEGIN, [name.into(), self.consumer.stream().into()]))
            .await?;
        tx.commit().await?;
        Ok(0)
    }

    /// Tells how far it has come, and what waits to be applied.
    fn tell(&self, position: i64, waiting: &[Envelope]) {
        let oldest = waiting.first().map(|fact| fact.occur_time.micros());
        self.red
            .follow(self.consumer.name(), self.consumer.stream(), position, oldest);
    }

    /// Goes past facts none of which is wanted, without a transaction, unless there have been many of them.
    fn passes_over(&mut self, position: i64, stretch: &Stretch<Envelope>) -> bool {
        let ahead = stretch.last_position.saturating_sub(position);
        let passed_over = self.passed_over.saturating_add(ahead);
        if !stretch.facts.is_empty() || passed_over > PASSED_OVER_MAX {
            return false;
        }
        self.passed_over = passed_over;
        self.position = Some(stretch.last_position);
        true
    }

    /// Applies facts after `position`, whatever comes of it, and answers how much was done.
    async fn apply(&mut self, position: i64, stretch: &Stretch<Envelope>) -> Result<usize, Fault> {
        // Until the outcome is known the database is asked again: the commit may or may not have arrived.
        self.position = None;
        // And whatever comes of it, there is something to look at.
        let has_more = std::mem::replace(&mut self.looks, true);
        let started = Instant::now();
        match caught(self.commit(position, stretch)).await {
            Ok(is_first) => {
                self.red
                    .consumed(self.consumer.name(), stretch.facts.len(), started.elapsed());
                self.tell(stretch.last_position, &[]);
                self.position = is_first.then_some(stretch.last_position);
                self.looks = has_more || !is_first;
                self.passed_over = 0;
                self.batch_max = FACTS_MAX;
                self.lost_races = 0;
                self.tries = 0;
                Ok(stretch.facts.len().max(1))
            }
            Err(Fault::Contended) if self.lost_races < LOST_RACES_MAX => {
                self.lost_races = self.lost_races.saturating_add(1);
                Ok(1)
            }
            Err(fault) => self.narrow(&stretch.facts, fault).await,
        }
    }

    /// Applies facts after `position` and moves it; false where another replica was there first.
    async fn commit(&self, position: i64, stretch: &Stretch<Envelope>) -> Result<bool, Fault> {
        const MOVE: &str = "UPDATE consumer SET position = $3 WHERE name = $1 AND position = $2";
        let stored = position.saturating_sub(self.passed_over);
        let (last, facts) = (stretch.last_position, &stretch.facts);
        let tx = self.db.begin().await?;
        // The position is moved first: its row is the lock that keeps replicas apart.
        let moved = tx
            .execute_raw(statement(
                &*tx,
                MOVE,
                [self.consumer.name().into(), stored.into(), last.into()],
            ))
            .await?;
        if moved.rows_affected() == 0 {
            return Ok(false);
        }
        if !facts.is_empty() {
            self.apply_traced(&tx, facts).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Applies facts as a part of the traces that they happened in.
    async fn apply_traced(&self, tx: &Tx, facts: &[Envelope]) -> Result<(), Fault> {
        let causes = facts.iter().map(|fact| Cause {
            tenant: fact.tenant.uuid(),
            subject: &fact.subject,
            traceparent: &fact.traceparent,
        });
        let span = || {
            tracing::info_span!(
                "consume",
                otel.name = self.consumer.name(),
                otel.kind = "consumer",
                facts = facts.len()
            )
        };
        Causes::of(causes, span).during(self.consumer.apply(tx, facts)).await
    }

    /// Applies a parked fact in its own transaction. What came after it has long been applied; consumers bear that, as they bear
    /// facts that are told twice.
    async fn replay_parked(&self, position: i64) -> Result<(), Fault> {
        // The consumer's row is the lock that keeps replicas, and the running consumer, apart.
        const LOCK: &str = "UPDATE consumer SET position = position WHERE name = $1";
        const FIND: &str = "SELECT fact_id, tenant_id, kind, subject, payload, occur_time FROM parked_fact \
             WHERE consumer = $1 AND position = $2";
        const FORGET: &str = "DELETE FROM parked_fact WHERE consumer = $1 AND position = $2";
        let (tx, name) = (self.db.begin().await?, self.consumer.name());
        tx.execute_raw(statement(&*tx, LOCK, [name.into()])).await?;
        let row = tx
            .query_one_raw(statement(&*tx, FIND, [name.into(), position.into()]))
            .await?;
        let row = row.ok_or_else(|| Fault::not_found("parked fact", position))?;
        let fact = Envelope {
            position,
            id: row.try_get_by_index(0)?,
            tenant: Tenant::from_uuid(row.try_get_by_index(1)?),
            kind: row.try_get_by_index(2)?,
            subject: row.try_get_by_index(3)?,
            payload: row.try_get_by_index(4)?,
            occur_time: Time::from_micros(row.try_get_by_index(5)?),
            traceparent: String::new(),
        };
        self.consumer.apply(&tx, &[fact]).await?;
        tx.execute_raw(statement(&*tx, FORGET, [name.into(), position.into()]))
            .await?;
        tx.commit().await
    }

    /// After a failure: fewer facts the next time; a single one that keeps failing is parked, so that it stops nobody.
    async fn narrow(&mut self, facts: &[Envelope], fault: Fault) -> Result<usize, Fault> {
        if let Fault::Unavailable { .. } = fault {
            return Err(fault);
        }
        if self.batch_max > 1 {
            let facts = u32::try_from(facts.len()).map_err(Fault::internal)?;
            self.batch_max = match self.batch_max.min(facts) {
                0 | 1 => 1,
                many => many.div_ceil(2),
            };
            return Ok(1);
        }
        self.tries = self.tries.saturating_add(1);
        if !fault.is_refusal() && self.tries < TRIES_MAX {
            return Err(fault);
        }
        if let Some(fact) = facts.first() {
            self.park(fact, &fault).await?;
        }
        self.lost_races = 0;
        self.tries = 0;
        self.batch_max = FACTS_MAX;
        Ok(1)
    }

    /// Puts a fact aside with the reason, and moves on. `doctor` shows what is parked.
    async fn park(&self, fact: &Envelope, fault: &Fault) -> Result<(), Fault> {
        const PARK: &str = "INSERT INTO parked_fact (consumer, position, fact_id, tenant_id, kind, subject, payload, \
             occur_time, reason, park_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
        const PASS: &str = "UPDATE consumer SET position = $2 WHERE name = $1 AND position < $2";
        let name = self.consumer.name();
        tracing::error!(consumer = name, position = fact.position, kind = fact.kind, cause = %fault, "a fact was parked");
        let tx = self.db.begin().await?;
        let parked = [
            name.into(),
            fact.position.into(),
            fact.id.into(),
            fact.tenant.uuid().into(),
            fact.kind.clone().into(),
            stuck::storable(&fact.subject).into(),
            fact.payload.clone().into(),
            fact.occur_time.micros().into(),
            stuck::storable(&fault.to_string()).into(),
            self.clock.now().micros().into(),
        ];
        tx.execute_raw(statement(&*tx, PARK, parked)).await?;
        tx.execute_raw(statement(&*tx, PASS, [name.into(), fact.position.into()]))
            .await?;
        tx.commit().await
    }
}
