//! Where the time goes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A part of the demo's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    SetUp,
    Arrivals,
    Recording,
    Settling,
    Benefits,
    Figures,
}

impl Phase {
    pub(super) const ALL: [Self; 6] = [
        Self::SetUp,
        Self::Arrivals,
        Self::Recording,
        Self::Settling,
        Self::Benefits,
        Self::Figures,
    ];

    /// What people call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::SetUp => "start the platform, set up the brand",
            Self::Arrivals => "recognise who turns up",
            Self::Recording => "record orders and refunds",
            Self::Settling => "wait for points, tiers, tags, segments, journeys",
            Self::Benefits => "use and return coupons and points",
            Self::Figures => "reconcile the ledger, read the figures",
        }
    }
}

/// Time spent, by phase.
#[derive(Debug, Default)]
pub(super) struct Phases(BTreeMap<Phase, Duration>);

impl Phases {
    /// Does a piece of work and counts its time.
    pub(super) async fn measure<T>(&mut self, phase: Phase, work: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let outcome = work.await;
        let spent = self.0.entry(phase).or_default();
        *spent = spent.saturating_add(started.elapsed());
        outcome
    }

    pub(super) fn of(&self, phase: Phase) -> Duration {
        self.0.get(&phase).copied().unwrap_or_default()
    }

    pub(super) fn total(&self) -> Duration {
        self.0
            .values()
            .fold(Duration::ZERO, |sum, spent| sum.saturating_add(*spent))
    }
}
