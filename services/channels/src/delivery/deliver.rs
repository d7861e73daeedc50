//! The worker that sends what is due, many at a time to many receivers, none of whom holds up another one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use contracts_channels::v1::WebhookDisabled;
use fault::Fault;
use kernel::{Clock, Id, Tenant, Time};
use runtime::{Deps, Timer, Worker, caught};
use store::{Db, Tx};
use telemetry::Red;
use tokio::task::JoinSet;
use url::Url;
use uuid::Uuid;

use super::pace::Pace;
use super::rows::{self, Lane};
use super::send::{Parcel, Sender};
use super::{Attempt, DELIVERIES, Delivery, Receiver, State, Verdict, pause};
use crate::fact::telling::body;
use crate::sealing::Sealer;
use crate::store::place_of;
use crate::subscription::{self, DisableReason, Subscription, rows as subscriptions, target};

/// How many deliveries are under way at the most, to all receivers together.
const UNDER_WAY_MAX: usize = 1_024;
/// How many of these to receivers that have failed of late.
const IN_TROUBLE_MAX: usize = 256;
/// How many outcomes are written in one transaction at the most.
const OUTCOMES_MAX: usize = 512;
/// How many receivers are asked for at a time, and how often in one look.
const RECEIVERS_MAX: i64 = 256;
const PAGES_MAX: usize = 64;
/// How many receivers are remembered; of others nothing is known.
const STATIONS_MAX: usize = 10_000;
/// How long a tick waits for an outcome.
const WAIT: Duration = Duration::from_millis(250);
/// For how long a receiver's address and secrets are used as they were read.
const ADDRESS_FRESH: Duration = Duration::from_millis(500);

const DELIVERED: &str = "webhook_deliveries_total";
const DELIVERED_HELP: &str = "Deliveries of webhooks that their receivers have taken.";
const FAILED: &str = "webhook_failures_total";
const FAILED_HELP: &str = "Tries to deliver a webhook that failed.";
const LAG: &str = "webhook_lag_seconds";
const LAG_HELP: &str = "For how long the delivery has been due that has been due longest, of active subscriptions.";

/// Sends what is due.
pub(crate) struct Deliver {
    clock: Clock,
    db: Db,
    red: Red,
    sealer: Sealer,
    sender: Sender,
    timer: Timer,
    stations: BTreeMap<Receiver, Station>,
    under_way: JoinSet<(Delivery, Attempt)>,
    /// Outcomes that are not written yet.
    finished: Vec<(Delivery, Attempt)>,
}

/// What is known of a receiver.
#[derive(Default)]
struct Station {
    pace: Pace,
    /// What is under way, by its place in its stream.
    under_way: BTreeSet<(String, i64)>,
    address: Option<Address>,
}

/// Where a receiver is, and the secrets that are valid.
#[derive(Clone)]
struct Address {
    target: Arc<Url>,
    secrets: Arc<Vec<Vec<u8>>>,
    read: (Instant, Time),
}

impl Deliver {
    pub(crate) fn new(deps: &Deps, sealer: Sealer, sender: Sender) -> Self {
        Self {
            clock: deps.clock.clone(),
            db: deps.db.clone(),
            red: deps.red.clone(),
            sealer,
            sender,
            timer: Timer::new(DELIVERIES, deps),
            stations: BTreeMap::new(),
            under_way: JoinSet::new(),
            finished: Vec::new(),
        }
    }

    /// Sends what is due, as far as there is room; answers how much.
    async fn fill(&mut self) -> Result<usize, Fault> {
        self.forget_idle();
        let now = self.timer.look();
        let (mut started, mut next, mut oldest) = (0_usize, None::<Time>, now);
        let mut after = (Tenant::from_uuid(Uuid::nil()), Id::from_uuid(Uuid::nil()));
        for _ in 0..PAGES_MAX {
            let receivers = rows::receivers(self.db.read(), after, RECEIVERS_MAX).await?;
            let Some((last, _)) = receivers.last() else { break };
            after = *last;
            for (receiver, due) in receivers {
                if due > now {
                    next = Some(next.map_or(due, |next| next.min(due)));
                } else if let Some(address) = self.address(receiver, now).await? {
                    oldest = oldest.min(due);
                    started = started.saturating_add(self.start(receiver, &address, now).await?);
                }
            }
        }
        self.timer.found_next(next);
        let lag = i64::try_from(now.since(oldest).as_secs()).unwrap_or(i64::MAX);
        self.red.level(LAG, LAG_HELP, lag);
        Ok(started)
    }

    /// Sends what is due to a receiver, as far as there is room.
    async fn start(&mut self, receiver: Receiver, address: &Address, now: Time) -> Result<usize, Fault> {
        let in_trouble = self.stations.values().filter(|station| station.pace.is_in_trouble());
        let in_trouble = in_trouble
            .map(|station| station.under_way.len())
            .fold(0, usize::saturating_add);
        let station = self.stations.entry(receiver).or_default();
        let whole = match station.pace.is_in_trouble() {
            true => IN_TROUBLE_MAX.saturating_sub(in_trouble),
            false => UNDER_WAY_MAX,
        };
        let whole = whole.min(UNDER_WAY_MAX.saturating_sub(self.under_way.len()));
        let room = station.pace.room(station.under_way.len()).min(whole);
        if room == 0 {
            return Ok(0);
        }
        let rows_max = room.saturating_add(station.under_way.len());
        let due = rows::due(
            self.db.read(),
            receiver,
            now,
            i64::try_from(rows_max).map_err(Fault::internal)?,
        )
        .await?;
        let mut started: usize = 0;
        for delivery in due {
            let place = (delivery.key.stream.clone(), delivery.key.position);
            if started == room || !station.under_way.insert(place) {
                continue;
            }
            started = started.saturating_add(1);
            self.under_way
                .spawn(send(self.sender.clone(), address.clone(), delivery));
        }
        Ok(started)
    }

    /// Where a receiver is; none of one that is gone or disabled.
    async fn address(&mut self, receiver: Receiver, now: Time) -> Result<Option<Address>, Fault> {
        let station = self.stations.entry(receiver).or_default();
        if let Some(address) = &station.address
            && address.read.0.elapsed() < ADDRESS_FRESH
            && now.since(address.read.1) < ADDRESS_FRESH
        {
            return Ok(Some(address.clone()));
        }
        station.address = None;
        let (tenant, id) = receiver;
        let found = subscriptions::find(self.db.read(), tenant, id).await?;
        let Some(found) = found.filter(|found| found.state == subscription::State::Active) else {
            return Ok(None);
        };
        let sealed = subscriptions::sealed_secrets(self.db.read(), tenant, id, now).await?;
        let place = place_of(tenant, id.uuid());
        let secrets: Result<_, Fault> = sealed.iter().map(|sealed| self.sealer.open(&place, sealed)).collect();
        let address = Address {
            target: Arc::new(target::parse(&found.target_url).map_err(Fault::internal)?),
            secrets: Arc::new(secrets?),
            read: (Instant::now(), now),
        };
        station.address = Some(address.clone());
        Ok(Some(address))
    }

    /// Waits for outcomes, for a moment at the most, or until something else may be due.
    async fn gather(&mut self) {
        if self.finished.is_empty() && !self.under_way.is_empty() {
            tokio::select! {
                Some(Ok(outcome)) = self.under_way.join_next() => self.finished.push(outcome),
                () = self.timer.rest() => {}
                () = kernel::pause(WAIT) => {}
            }
        }
        while self.finished.len() < OUTCOMES_MAX
            && let Some(Ok(outcome)) = self.under_way.try_join_next()
        {
            self.finished.push(outcome);
        }
    }

    /// Writes what became of deliveries. Where that fails, it is written later.
    async fn settle(&mut self) -> Result<usize, Fault> {
        let written = self.write(&self.finished).await?;
        self.red.add(DELIVERED, DELIVERED_HELP, written.delivered);
        self.red.add(FAILED, FAILED_HELP, written.failed);
        let finished = std::mem::take(&mut self.finished);
        for (delivery, attempt) in &finished {
            let Some(station) = self.stations.get_mut(&delivery.key.receiver) else {
                continue;
            };
            station
                .under_way
                .remove(&(delivery.key.stream.clone(), delivery.key.position));
            match &attempt.failure {
                None => station.pace.took(),
                Some(_) => station.pace.failed(),
            }
            if written.disabled.contains(&delivery.key.receiver) {
                station.address = None;
            }
        }
        Ok(finished.len())
    }

    async fn write(&self, finished: &[(Delivery, Attempt)]) -> Result<Written, Fault> {
        let tx = self.db.begin().await?;
        let receivers = finished.iter().map(|(delivery, _)| delivery.key.receiver).collect();
        let locked = subscriptions::lock_all(&*tx, &receivers).await?;
        let mut outcomes = Outcomes::default();
        for (delivery, attempt) in finished {
            if let Some(subscription) = locked.get(&delivery.key.receiver) {
                outcomes.judge(delivery, attempt, subscription, rand::random());
            }
        }
        rows::settle(&*tx, &outcomes.tried).await?;
        rows::note_failures(
            &*tx,
            outcomes.failed.iter().map(|(delivery, attempt)| (delivery, *attempt)),
        )
        .await?;
        let now = self.clock.now();
        if rows::release(&*tx, outcomes.delivered_lanes, now).await? {
            tx.comes_due(DELIVERIES, now);
        }
        let mut disabled = BTreeSet::new();
        for (receiver, why) in outcomes.disabled {
            if let Some(subscription) = locked.get(&receiver) {
                self.disable(&tx, receiver, subscription.clone(), why).await?;
                disabled.insert(receiver);
            }
        }
        tx.commit().await?;
        Ok(Written {
            delivered: outcomes.delivered,
            failed: u64::try_from(outcomes.failed.len()).unwrap_or(u64::MAX),
            disabled,
        })
    }

    /// Disables a subscription, and tells of it; one that is disabled already stays so for its own reason.
    async fn disable(
        &self,
        tx: &Tx,
        (tenant, id): Receiver,
        subscription: Subscription,
        why: DisableReason,
    ) -> Result<(), Fault> {
        if subscription.state != subscription::State::Active {
            return Ok(());
        }
        let now = self.clock.now();
        subscriptions::update(&**tx, tenant, &subscription.disable(why, now)).await?;
        let fact = WebhookDisabled {
            subscription_id: id.to_string(),
            reason: subscription::disable_reason(why).into(),
            disable_time: Some(now.to_wire()),
        };
        tx.emit(&self.clock, tenant, &id.to_string(), &fact).await
    }

    /// Forgets receivers of whom nothing is under way, where there are too many.
    fn forget_idle(&mut self) {
        if self.stations.len() > STATIONS_MAX {
            self.stations.retain(|_, station| !station.under_way.is_empty());
        }
    }
}

/// What was written.
struct Written {
    delivered: u64,
    failed: u64,
    disabled: BTreeSet<Receiver>,
}

/// What becomes of deliveries.
#[derive(Default)]
struct Outcomes<'a> {
    tried: Vec<Delivery>,
    failed: Vec<(Delivery, &'a Attempt)>,
    delivered: u64,
    delivered_lanes: BTreeSet<Lane>,
    disabled: BTreeMap<Receiver, DisableReason>,
}

impl<'a> Outcomes<'a> {
    fn judge(&mut self, delivery: &Delivery, attempt: &'a Attempt, subscription: &Subscription, chance: u32) {
        let since = delivery
            .first_try
            .unwrap_or(attempt.start)
            .max(subscription.active_time);
        let verdict = pause::verdict(attempt, delivery.attempts, since, chance);
        let state = match verdict {
            Verdict::Delivered => {
                self.delivered = self.delivered.saturating_add(1);
                self.delivered_lanes.insert(Lane::of(delivery));
                State::Delivered
            }
            Verdict::Again(time) => State::Due(time),
            Verdict::Disable(why) => {
                self.disabled.insert(delivery.key.receiver, why);
                State::Due(attempt.start)
            }
        };
        let tried = delivery.tried(attempt, state);
        if attempt.failure.is_some() {
            self.failed.push((tried.clone(), attempt));
        }
        self.tried.push(tried);
    }
}

/// Sends a delivery once.
async fn send(sender: Sender, address: Address, delivery: Delivery) -> (Delivery, Attempt) {
    let begun = caught(async {
        let fact = delivery.told.wire()?;
        let parcel = Parcel {
            target: address.target,
            secrets: address.secrets,
            id: delivery.told.id_text(),
            body: body(&fact)?,
        };
        Ok(sender.send(parcel).await)
    });
    let attempt = begun.await.unwrap_or_else(|fault| sender.failed(&fault));
    (delivery, attempt)
}

#[async_trait]
impl Worker for Deliver {
    fn name(&self) -> &str {
        DELIVERIES
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        let started = self.fill().await?;
        self.gather().await;
        if self.finished.is_empty() {
            return Ok(started);
        }
        let written = self.settle().await?;
        Ok(started.saturating_add(written))
    }

    async fn rest(&mut self) {
        let outcome = async {
            match self.under_way.join_next().await {
                Some(Ok(outcome)) => self.finished.push(outcome),
                Some(Err(_)) => {}
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = outcome => {}
            () = self.timer.rest() => {}
        }
    }

    fn has_news(&self) -> Option<bool> {
        (!self.under_way.is_empty() || !self.finished.is_empty()).then_some(true)
    }

    fn does_due_work(&self) -> bool {
        false
    }
}
