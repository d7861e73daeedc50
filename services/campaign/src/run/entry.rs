use crate::journey::definition::Reentry;

/// A member's history with one journey, whatever its versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// How often the member has entered.
    pub(crate) visits: i32,
    /// Whether the last of these runs goes on.
    pub(crate) active: bool,
}

impl Entry {
    /// The number of the visit that begins now; none where the member may not enter.
    pub(crate) fn enter(self, rule: Reentry) -> Option<i32> {
        let free = match rule {
            Reentry::Once => self.visits == 0,
            Reentry::AfterEnd => !self.active,
        };
        free.then(|| self.visits.checked_add(1)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_is_once_and_never_twice_at_a_time() {
        for (visits, active, once, after_end) in [
            (0, false, Some(1), Some(1)),
            (1, true, None, None),
            (1, false, None, Some(2)),
            (7, false, None, Some(8)),
        ] {
            let entry = Entry { visits, active };
            assert_eq!(entry.enter(Reentry::Once), once);
            assert_eq!(entry.enter(Reentry::AfterEnd), after_end);
        }
    }
}
