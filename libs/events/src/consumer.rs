use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use fault::Fault;
use kernel::Clock;
use runtime::{Deps, Worker};
use sea_orm::ConnectionTrait;
use store::{Db, Tx, statement};
use tracing::Instrument;

use crate::{Envelope, OutboxSource, PeerSource, Source};

/// How many facts are applied in one transaction at the most.
pub const FACTS_MAX: usize = 512;
/// How many facts in a row may be passed over before the position is stored: a restart passes over them again.
const PASSED_OVER_MAX: usize = 4 * FACTS_MAX;
/// How long a consumer rests after facts have come, so that those that come in quick succession share a transaction. The
/// first one after a while is applied at once.
const GATHER: Duration = Duration::from_millis(10);
/// How often a fact that cannot be applied is tried again before it is parked.
const TRIES_MAX: u32 = 5;

/// What a service does about the facts of another one, or of its own.
#[async_trait]
pub trait Consumer: Send + Sync + 'static {
    /// Its name, under which its position is kept: "points.earn". Never changed.
    fn name(&self) -> &'static str;

    /// Whose facts: "tagging".
    fn stream(&self) -> &'static str;

    /// Which of them; the others are passed over.
    fn types(&self) -> &'static [&'static str];

    /// Applies facts, in order, of one or several tenants. What it writes is committed together with the position, so
    /// each fact takes effect once. It makes no calls.
    ///
    /// A refusal means that a fact can never be applied; trouble, that it may be later.
    async fn apply(&self, tx: &Tx, facts: &[Envelope]) -> Result<(), Fault>;
}

/// The worker that pulls facts from their producer and applies them: from its outbox, where it shares this process, else
/// by a call.
pub fn consume(deps: &Deps, consumer: impl Consumer) -> Box<dyn Worker> {
    let Deps {
        clock,
        db,
        peers,
        outboxes,
        red: _,
    } = deps;
    if let Some(outbox) = outboxes.get(consumer.stream()) {
        return consume_from(db, clock, OutboxSource::new(outbox), consumer);
    }
    let source = PeerSource::new(consumer.stream(), peers.channel(consumer.stream()));
    consume_from(db, clock, source, consumer)
}

/// The same with another source.
pub fn consume_from(db: &Db, clock: &Clock, source: impl Source + 'static, consumer: impl Consumer) -> Box<dyn Worker> {
    Box::new(Pull {
        db: db.clone(),
        clock: clock.clone(),
        source: Box::new(source),
        consumer: Arc::new(consumer),
        position: None,
        passed_over: 0,
        pulled: None,
        batch_max: FACTS_MAX,
        tries: 0,
    })
}

struct Pull {
    db: Db,
    clock: Clock,
    source: Box<dyn Source>,
    consumer: Arc<dyn Consumer>,
    /// As far as this process knows; none at the start and after trouble, when the database is asked.
    position: Option<i64>,
    /// How many facts that are nothing to this consumer it has passed since its position was last stored.
    passed_over: usize,
    /// When it last found facts.
    pulled: Option<Instant>,
    /// Halved after a failure down to a single fact, to find the one that fails; whole again after a success.
    batch_max: usize,
    tries: u32,
}

#[async_trait]
impl Worker for Pull {
    fn name(&self) -> &str {
        self.consumer.name()
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let position = match self.position {
            Some(position) => position,
            None => self.stored_position().await?,
        };
        let facts = self.source.pull(position, self.batch_max).await?;
        if facts.is_empty() {
            self.position = Some(position);
            return Ok(0);
        }
        self.pulled = Some(Instant::now());
        check_gapless(position, &facts)?;
        if self.passes_over(&facts) {
            return Ok(facts.len());
        }
        // Until the outcome is known the database is asked again: the commit may or may not have arrived.
        self.position = None;
        match self.apply(position, &facts).await {
            Ok(position) => {
                self.position = position;
                self.passed_over = 0;
                self.batch_max = FACTS_MAX;
                self.tries = 0;
                Ok(facts.len())
            }
            Err(Fault::Contended) => Ok(1),
            Err(fault) => self.narrow(&facts, fault).await,
        }
    }

    async fn rest(&mut self) {
        let position = self.position.unwrap_or_default();
        self.source.wait(position).await;
        let since = self.pulled.map_or(GATHER, |pulled| pulled.elapsed());
        kernel::pause(GATHER.saturating_sub(since)).await;
    }

    fn has_news(&self) -> Option<bool> {
        Some(self.source.has_news())
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

    /// Goes past facts none of which is wanted, without a transaction, unless there have been many of them.
    fn passes_over(&mut self, facts: &[Envelope]) -> bool {
        let passed_over = self.passed_over.saturating_add(facts.len());
        if passed_over > PASSED_OVER_MAX || facts.iter().any(|fact| self.wants(fact)) {
            return false;
        }
        self.passed_over = passed_over;
        self.position = facts.last().map(|fact| fact.position);
        true
    }

    fn wants(&self, fact: &Envelope) -> bool {
        self.consumer.types().contains(&&*fact.kind)
    }

    /// Applies facts after `position` and answers the new position; none where another replica was there first.
    async fn apply(&self, position: i64, facts: &[Envelope]) -> Result<Option<i64>, Fault> {
        const MOVE: &str = "UPDATE consumer SET position = $3 WHERE name = $1 AND position = $2";
        let passed_over = i64::try_from(self.passed_over).map_err(Fault::internal)?;
        let stored = position.saturating_sub(passed_over);
        let last = facts.last().map_or(position, |fact| fact.position);
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
            return Ok(None);
        }
        let wanted: Vec<Envelope> = facts.iter().filter(|fact| self.wants(fact)).cloned().collect();
        if !wanted.is_empty() {
            let span = tracing::info_span!(
                "consume",
                otel.name = self.consumer.name(),
                otel.kind = "consumer",
                facts = wanted.len()
            );
            // A batch has many causes; the trace follows its first.
            if let Some(first) = wanted.iter().find(|fact| !fact.traceparent.is_empty()) {
                telemetry::set_parent(&span, &first.traceparent);
            }
            self.consumer.apply(&tx, &wanted).instrument(span).await?;
        }
        tx.commit().await?;
        Ok(Some(last))
    }

    /// After a failure: fewer facts the next time; a single one that keeps failing is parked, so that it stops nobody.
    async fn narrow(&mut self, facts: &[Envelope], fault: Fault) -> Result<usize, Fault> {
        if let Fault::Unavailable { .. } = fault {
            return Err(fault);
        }
        if self.batch_max > 1 {
            self.batch_max = self.batch_max.min(facts.len()).div_ceil(2);
            if facts.len() == 1 {
                self.batch_max = 1;
            }
            return Ok(1);
        }
        self.tries = self.tries.saturating_add(1);
        if !fault.is_refusal() && self.tries < TRIES_MAX {
            return Err(fault);
        }
        if let Some(fact) = facts.first() {
            self.park(fact, &fault).await?;
        }
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
            fact.subject.clone().into(),
            fact.payload.clone().into(),
            fact.occur_time.micros().into(),
            fault.to_string().into(),
            self.clock.now().micros().into(),
        ];
        tx.execute_raw(statement(&*tx, PARK, parked)).await?;
        tx.execute_raw(statement(&*tx, PASS, [name.into(), fact.position.into()]))
            .await?;
        tx.commit().await
    }
}

/// A missing position means that facts were lost on the way; nothing is applied past it.
fn check_gapless(position: i64, facts: &[Envelope]) -> Result<(), Fault> {
    let mut last = position;
    for fact in facts {
        if Some(fact.position) != last.checked_add(1) {
            return Err(Fault::internal(format!(
                "facts are missing: {} follows {last}",
                fact.position
            )));
        }
        last = fact.position;
    }
    Ok(())
}
