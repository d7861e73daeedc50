//! A process of the platform: what it is made of, how it is configured, how it starts and stops.
//!
//! A service is a value ([`Service`]): routes, workers and a database, built from [`Deps`]. Everything impure comes in
//! through these; nothing is global.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)
)]

mod batching;
mod caught;
mod config;
mod due;
mod envelope;
mod facts;
mod guard;
mod lifecycle;
mod queue;
mod readiness;
mod service;
mod timer;
mod turn;
mod worker;

pub use batching::{Asked, Batch, Batcher, Bounds, Outcome, Outcomes, Pending};
pub use caught::caught;
pub use config::{Loaded, Origin, Problem, Secret, Sentence, Settings, load, nearest, sentences_of};
pub use due::{DueRows, DueWork};
pub use envelope::Envelope;
pub use facts::{Facts, NoFacts, Source};
pub use guard::{APART_MAX, ClockTrust, Doubt, STOP_MAX};
pub use lifecycle::Lifecycle;
pub use queue::Queue;
pub use readiness::{Finding, Readiness, Report, Standing};
pub use service::{Deps, Service};
pub use timer::Timer;
pub use turn::Turn;
pub use worker::{Worker, WorkerHandle, Workers};
