//! How much is sent to one receiver at a time.

/// How many deliveries are under way to one receiver at the most.
pub(crate) const UNDER_WAY_MAX: usize = 64;
/// How many to one of whom nothing is known yet.
const UNDER_WAY_FIRST: usize = 16;

/// How many deliveries may be under way to a receiver: one that takes them gets more at a time, one that fails gets fewer, down
/// to one, by which it is seen when it is well again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pace {
    limit: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self { limit: UNDER_WAY_FIRST }
    }
}

impl Pace {
    /// How many more may be sent beside those under way.
    pub(crate) fn room(&self, under_way: usize) -> usize {
        self.limit.saturating_sub(under_way)
    }

    /// Whether it has failed of late.
    pub(crate) fn is_in_trouble(&self) -> bool {
        self.limit < UNDER_WAY_FIRST
    }

    pub(crate) fn took(&mut self) {
        self.limit = self.limit.saturating_add(1).min(UNDER_WAY_MAX);
    }

    pub(crate) fn failed(&mut self) {
        self.limit = self.limit.div_euclid(2).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_gets_one_at_a_time_and_who_takes_gets_more() {
        let mut pace = Pace::default();
        assert_eq!(pace.room(0), 16);
        for _ in 0..10 {
            pace.failed();
        }
        assert!(pace.is_in_trouble());
        assert_eq!((pace.room(0), pace.room(1), pace.room(7)), (1, 0, 0));
        for _ in 0..100 {
            pace.took();
        }
        assert!(!pace.is_in_trouble());
        assert_eq!(pace.room(0), UNDER_WAY_MAX);
    }
}
