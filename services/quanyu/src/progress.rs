//! How far a long command is: a bar for people, and now and then a plain line where nobody watches a terminal.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::terminal::complain;

/// How often a plain line is written.
const LINE_EVERY: Duration = Duration::from_secs(5);
const BAR: &str = "{msg:24} {wide_bar} {human_pos} of {human_len} {prefix}, {per_sec}, {eta} left";

/// Counts up to a known number, on standard error.
pub(crate) struct Progress {
    /// What is counted: "orders".
    noun: &'static str,
    total: u64,
    done: u64,
    /// What was done before, by another run: it is no part of the rate.
    before: u64,
    started: Instant,
    bar: Option<ProgressBar>,
    last_line: Instant,
}

impl Progress {
    /// Begins to count things.
    pub(crate) fn new(noun: &'static str, total: u64) -> Self {
        let now = Instant::now();
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(total).with_style(style).with_prefix(noun)
        });
        Self {
            noun,
            total,
            done: 0,
            before: 0,
            started: now,
            bar,
            last_line: now,
        }
    }

    /// Goes on where another run has ended.
    pub(crate) fn after(self, before: u64) -> Self {
        if let Some(bar) = &self.bar {
            bar.set_position(before);
            bar.reset_eta();
        }
        Self {
            done: before,
            before,
            ..self
        }
    }

    /// Says what is being worked on.
    pub(crate) fn at(&self, place: impl Into<String>) {
        if let Some(bar) = &self.bar {
            bar.set_message(place.into());
        }
    }

    /// So many more are done.
    pub(crate) fn add(&mut self, more: u64, place: &str) {
        self.done = self.done.saturating_add(more);
        if let Some(bar) = &self.bar {
            bar.set_position(self.done);
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            complain(format_args!(
                "{place}: {} of {} {}, {} a second",
                self.done,
                self.total,
                self.noun,
                self.rate()
            ));
        }
    }

    /// How many a second were done so far.
    pub(crate) fn rate(&self) -> u64 {
        rate(self.done.saturating_sub(self.before), self.started.elapsed())
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// How many a second, rounded down.
pub(crate) fn rate(count: u64, took: Duration) -> u64 {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
    count.saturating_mul(1_000_000).checked_div(micros).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_per_second_and_never_divides_by_nothing() {
        assert_eq!(rate(500, Duration::from_millis(250)), 2_000);
        assert_eq!(rate(500, Duration::ZERO), 500_000_000);
    }
}
