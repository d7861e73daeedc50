//! A caller as an SDK makes one: two gateways, a deadline for each attempt, and what may pass is asked for again under the
//! same request id, with growing pauses.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rand::Rng;
use tests::Api;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// How long an attempt may take.
const ATTEMPT_MAX: Duration = Duration::from_secs(4);
/// How long a call may take with all its attempts: beyond any fault here.
const CALL_MAX: Duration = Duration::from_secs(90);
/// The pause after the first attempt; it doubles each time.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// The client, and all that it has lived through.
pub(crate) struct Sdk {
    gateways: [Api; 2],
    turn: AtomicUsize,
    history: Mutex<Vec<Call>>,
}

/// A call that was made, with all its attempts.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The role that did the work.
    pub(crate) role: &'static str,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    /// What came of the attempts before the last one.
    pub(crate) failures: Vec<Failure>,
    pub(crate) is_answered: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) status: Status,
    /// Whether the gateway said so; else it was not there.
    pub(crate) is_of_gateway: bool,
}

impl Sdk {
    pub(crate) fn new(gateways: [Api; 2]) -> Self {
        Self {
            gateways: gateways.map(|gateway| gateway.within(ATTEMPT_MAX)),
            turn: AtomicUsize::new(0),
            history: Mutex::default(),
        }
    }

    /// Asks until there is an answer. What is refused, or takes too long in all, is told.
    pub(crate) async fn call<T, Asking>(&self, role: &'static str, ask: impl Fn(Api) -> Asking) -> Result<T, Status>
    where
        Asking: Future<Output = Result<T, Status>>,
    {
        let (began, mut failures, mut pause) = (Instant::now(), Vec::new(), PAUSE);
        let mut turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let outcome = loop {
            let status = match ask(self.gateways[turn % 2].clone()).await {
                Ok(answer) => break Ok(answer),
                Err(status) => status,
            };
            if !may_pass(&status) || began.elapsed() > CALL_MAX {
                break Err(status);
            }
            let told = status.get_details_retry_info().and_then(|retry| retry.retry_delay);
            let is_of_gateway = std::error::Error::source(&status).is_none();
            failures.push(Failure { status, is_of_gateway });
            // To the other one: this one may be the fault.
            turn += 1;
            if is_of_gateway {
                let part = rand::rng().random_range(0.5..1.0);
                kernel::pause(told.unwrap_or(pause).max(pause).mul_f64(part)).await;
                pause = pause.saturating_mul(2).min(PAUSE_MAX);
            } else {
                // A balancer would not wait.
                kernel::pause(PAUSE).await;
            }
        };
        let is_answered = outcome.is_ok();
        self.history.lock().unwrap().push(Call {
            role,
            began,
            ended: Instant::now(),
            failures,
            is_answered,
        });
        outcome
    }

    /// The calls that have ended since then.
    pub(crate) fn since(&self, then: Instant) -> Vec<Call> {
        let history = self.history.lock().unwrap();
        history.iter().filter(|call| call.ended >= then).cloned().collect()
    }
}

/// Whether a status says that the same request may succeed later, as gRPC has it.
fn may_pass(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::Aborted => true,
        Code::ResourceExhausted => status.get_details_retry_info().is_some(),
        // What the transport of the client itself says of a connection that breaks.
        Code::Cancelled | Code::Unknown => std::error::Error::source(status).is_some(),
        _ => false,
    }
}
