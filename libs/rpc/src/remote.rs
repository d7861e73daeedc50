//! A peer in other processes: each call goes to one of its replicas, and to another one where that one is away, silent or cannot
//! work.

mod outgoing;
mod replica;
mod replicas;
mod silence;
mod standing;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fault::{Fault, PEER_HEADER};
use futures::Stream;
use futures::future::join_all;
use http::{HeaderValue, Request, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;
use tonic::body::Body;
use tower::retry::budget::{Budget, TpsBudget};

use self::replica::{Missed, Replica};
use self::replicas::Replicas;
use crate::{Address, Contract, Transport, repeat};

/// The pause before a call is repeated that met a peer on its restart; it doubles each time.
const PAUSE: Duration = Duration::from_millis(10);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_millis(250);
/// How long a peer may take to restart. One that is away for longer is not waited for: its callers would fill this process.
pub(crate) const RESTART_MAX: Duration = Duration::from_secs(10);
/// How many calls may wait for a peer at once; the next one is told at once that it is away.
const WAITING_MAX: usize = 256;
/// How many calls may be repeated that a replica may have had: so many a second, and this part of all calls, by what was
/// called within so long. Where replicas are slow because they have too much to do, repeating would give them more.
const REPEATED_PER_SECOND: u32 = 10;
const REPEATED_PART: f32 = 0.1;
const REPEATED_WITHIN: Duration = Duration::from_secs(10);

/// A peer in other processes.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    name: Arc<str>,
    contract: &'static Contract,
    replicas: Replicas,
    /// Since when nobody has got through to any of them.
    away: Arc<Mutex<Option<Instant>>>,
    waiting: Arc<Semaphore>,
    budget: Arc<TpsBudget>,
}

impl Remote {
    /// At these addresses.
    pub(crate) fn fixed<const N: usize>(
        transport: &Transport,
        name: &str,
        contract: &'static Contract,
        addresses: [Address; N],
    ) -> Self {
        let name: Arc<str> = name.into();
        let replicas = addresses.map(|address| Arc::new(Replica::new(transport, &name, &address)));
        Self::over(name, contract, Replicas::fixed(replicas))
    }

    /// At the addresses of the newest set of a stream.
    pub(crate) fn following(
        transport: &Transport,
        name: &str,
        contract: &'static Contract,
        addresses: impl Stream<Item = BTreeSet<Address>> + Send + 'static,
    ) -> Self {
        let name: Arc<str> = name.into();
        let replicas = Replicas::following(transport, &name, addresses);
        Self::over(name, contract, replicas)
    }

    fn over(name: Arc<str>, contract: &'static Contract, replicas: Replicas) -> Self {
        Self {
            name,
            contract,
            replicas,
            away: Arc::default(),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
            budget: Arc::new(TpsBudget::new(REPEATED_WITHIN, REPEATED_PER_SECOND, REPEATED_PART)),
        }
    }

    /// Makes a call. One that may be repeated is tried at each replica that is there, and then again and again, while the peer
    /// restarts and `patience` lasts. What a replica may have had is repeated within a budget.
    pub(crate) async fn carry(
        &self,
        request: Request<Body>,
        patience: Option<Duration>,
    ) -> Result<Response<Body>, Status> {
        self.budget.deposit();
        let may_go_elsewhere = patience.is_some() || self.replicas.all().len() > 1;
        if !may_go_elsewhere || !repeat::may_be(self.contract, request.uri().path()) {
            return Ok(self.last_attempt(request).await?);
        }
        let (parts, body) = request.into_parts();
        let kept = repeat::read(body).await?;
        let give_up = patience.and_then(|patience| Instant::now().checked_add(patience));
        let (mut pause, mut tried, mut is_answered) = (PAUSE, Vec::new(), false);
        let mut place: Option<OwnedSemaphorePermit> = None;
        loop {
            let Some(body) = kept.again() else {
                return Ok(self.last_attempt(Request::from_parts(parts, Body::new(kept))).await?);
            };
            let request = Request::from_parts(parts.clone(), body);
            let missed = match self.attempt(request, &mut tried, true).await {
                Ok(response) => match repeat::settled(response).await {
                    // Once: the same word of a second one is the peer's.
                    Ok(answer) if !is_answered && repeat::is_unavailable(&answer) && self.may_be_repeated(&tried) => {
                        is_answered = true;
                        continue;
                    }
                    Ok(answer) => return Ok(answer.map(Body::new)),
                    Err(broken) => self.broken(&broken, &tried),
                },
                Err(missed) => missed,
            };
            let Missed { fault, was_sent } = missed;
            if !matches!(fault, Fault::Unavailable { .. }) || was_sent && !self.budget.withdraw() {
                return Err(fault.into());
            }
            // At once: that one replica is away says nothing of the others.
            if self.replicas.another(&tried).is_some() {
                continue;
            }
            let is_in_time =
                give_up.is_some_and(|end| Instant::now().checked_add(pause).is_some_and(|then| then < end));
            if !is_in_time || self.is_away_for_long() {
                return Err(fault.into());
            }
            if place.is_none() {
                place = self.waiting.clone().try_acquire_owned().ok();
            }
            if place.is_none() {
                return Err(fault.into());
            }
            tracing::debug!(peer = &*self.name, %fault, ?pause, "a call is repeated");
            kernel::pause(pause).await;
            pause = pause.saturating_mul(2).min(PAUSE_MAX);
            tried.clear();
        }
    }

    /// Whether one replica at least answers and says that it can work.
    pub(crate) async fn check(&self, timeout: Duration) -> Result<(), Fault> {
        let replicas = self.replicas.all();
        let checked = join_all(replicas.iter().map(|replica| replica.ask(timeout))).await;
        let mut faults = Vec::new();
        for outcome in checked {
            match outcome {
                Ok(()) => return Ok(()),
                Err(fault) => faults.push(fault.to_string()),
            }
        }
        Err(match faults.is_empty() {
            true => unknown_peer(&self.name),
            false => away(&self.name).inside(faults.join("; ")),
        })
    }

    /// Makes a call that is not repeated, whatever becomes of it.
    async fn last_attempt(&self, request: Request<Body>) -> Result<Response<Body>, Fault> {
        let outcome = self.attempt(request, &mut Vec::new(), false).await;
        outcome.map_err(|missed| missed.fault)
    }

    /// Makes a call at one replica, and notes by which it has been tried. One that may go elsewhere is taken from a replica that
    /// has fallen silent.
    async fn attempt(
        &self,
        request: Request<Body>,
        tried: &mut Vec<Arc<Replica>>,
        may_go_elsewhere: bool,
    ) -> Result<Response<Body>, Missed> {
        self.look_after_those_left();
        let Some(replica) = self.replicas.pick(tried) else {
            let (fault, was_sent) = (unknown_peer(&self.name), false);
            self.nobody_got_through(&fault);
            return Err(Missed { fault, was_sent });
        };
        tried.push(replica.clone());
        let outcome = tokio::select! {
            biased;
            outcome = replica.call(request) => outcome,
            () = self.falls_silent(&replica, tried), if may_go_elsewhere => {
                // It has been paid for.
                Err(Missed { fault: replica.silent(), was_sent: false })
            }
        };
        match outcome {
            Ok(mut response) => {
                if response.headers().contains_key("grpc-status")
                    && let Ok(name) = HeaderValue::from_str(&self.name)
                {
                    response.headers_mut().insert(PEER_HEADER, name);
                }
                *self.away.lock().unwrap_or_else(PoisonError::into_inner) = None;
                Ok(response)
            }
            Err(missed) => {
                self.nobody_got_through(&missed.fault);
                Err(missed)
            }
        }
    }

    /// Whether there is another replica for a call, and it may be repeated there by what has been repeated of late.
    fn may_be_repeated(&self, tried: &[Arc<Replica>]) -> bool {
        self.replicas.another(tried).is_some() && self.budget.withdraw()
    }

    /// Asks replicas that get no calls whether they can work, beside the calls, none of which has to wait for that.
    fn look_after_those_left(&self) {
        let replicas = self.replicas.all();
        if replicas.len() < 2 {
            return;
        }
        for replica in replicas.iter().filter(|replica| replica.standing.is_to_be_asked()) {
            let replica = Arc::clone(replica);
            // It ends by itself.
            tokio::spawn(async move { replica.ask_for_long().await });
        }
    }

    fn broken(&self, status: &Status, tried: &[Arc<Replica>]) -> Missed {
        let fault = tried
            .last()
            .map_or_else(|| unknown_peer(&self.name), |replica| replica.fault(status));
        Missed { fault, was_sent: true }
    }

    fn nobody_got_through(&self, fault: &Fault) {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(fault, Fault::Unavailable { .. }) && away.is_none() {
            *away = Some(Instant::now());
        }
    }

    fn is_away_for_long(&self) -> bool {
        let away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        away.is_some_and(|since| since.elapsed() > RESTART_MAX)
    }
}

/// What callers are told of a peer that is away: its name, and that they may come again.
fn away(name: &str) -> Fault {
    Fault::unavailable(format!(
        "the service {name} cannot be reached: repeat later, a write with the same request id to learn its outcome"
    ))
}

/// What is told of a peer of whom no address is known.
pub fn unknown_peer(name: &str) -> Fault {
    away(name).inside(format!(
        "no address of {name} is known: see that it runs, and that peers.{name} or its discovery names it"
    ))
}
