use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often the same kind of thing is logged at the most.
const EVERY: Duration = Duration::from_secs(10);

/// Keeps a caller that comes again and again from filling the log.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<(Option<Instant>, u64)>);

impl Told {
    /// How many have come since the last one that was told, this one included; none where it is not to be told.
    pub(crate) fn again(&self) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, count) = &mut *told;
        *count = count.saturating_add(1);
        if last.is_some_and(|last| last.elapsed() < EVERY) {
            return None;
        }
        *last = Some(Instant::now());
        Some(std::mem::take(count))
    }
}
