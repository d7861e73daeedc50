//! Whether a file can be reached, as far as its statements tell. At PostgreSQL somebody looks, see
//! [`Liveness`](crate::liveness::Liveness); at a file nobody does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// For how long no statement may have failed before an answer ends the absence. A disk that is read and cannot be written, or
/// that fails now and then, would else begin and end one with every statement.
pub(crate) const QUIET: Duration = Duration::from_secs(10);

/// The absence of a file.
#[derive(Debug)]
pub(crate) struct Absence {
    quiet: Duration,
    /// Whether there is one below, so that nobody locks where there is none.
    is_on: AtomicBool,
    spell: Mutex<Option<Spell>>,
}

#[derive(Debug, Clone, Copy)]
struct Spell {
    since: Instant,
    failed: Instant,
}

impl Absence {
    pub(crate) fn new(quiet: Duration) -> Self {
        Self {
            quiet,
            is_on: AtomicBool::new(false),
            spell: Mutex::default(),
        }
    }

    /// A statement could not reach the file. Answers whether the absence begins with it.
    pub(crate) fn failed(&self) -> bool {
        let now = Instant::now();
        let mut spell = self.spell();
        let begins = spell.is_none();
        let since = spell.map_or(now, |spell| spell.since);
        *spell = Some(Spell { since, failed: now });
        self.is_on.store(true, Ordering::Release);
        begins
    }

    /// A statement has reached the file. Answers how long the absence was, where it ends with that.
    pub(crate) fn answered(&self) -> Option<Duration> {
        if !self.is_on.load(Ordering::Acquire) {
            return None;
        }
        let mut spell = self.spell();
        let over = spell.take_if(|spell| spell.failed.elapsed() >= self.quiet)?;
        self.is_on.store(false, Ordering::Release);
        Some(over.since.elapsed())
    }

    fn spell(&self) -> std::sync::MutexGuard<'_, Option<Spell>> {
        self.spell.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absence_begins_once_and_ends_once() {
        let absence = Absence::new(Duration::ZERO);
        assert_eq!(absence.answered(), None);
        for _ in 0..2 {
            assert_eq!([absence.failed(), absence.failed()], [true, false]);
            assert!(absence.answered().is_some(), "it ends");
            assert_eq!(absence.answered(), None, "it has ended");
        }
    }

    #[test]
    fn an_answer_soon_after_a_failure_ends_no_absence() {
        let absence = Absence::new(Duration::MAX);
        assert!(absence.failed());
        assert_eq!((absence.answered(), absence.failed()), (None, false));
    }
}
