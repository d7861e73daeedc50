//! Which letters a text has, and how many of each.

/// How often each of 32 groups of letters is there, up to four times: as many bits of the group's four. Two texts are apart in
/// as many letters as bits differ, or in more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Letters {
    bits: u128,
    /// How long the text is.
    count: u16,
}

/// No Jaro-Winkler likeness is larger by its beginning than this share of what is missing.
const PREFIX_SHARE: f64 = 0.4;

impl Letters {
    pub(super) fn of(text: &str) -> Self {
        let (mut bits, mut count) = (0_u128, 0_u16);
        for c in text.chars() {
            // Small Latin letters have groups of their own, and so have digits.
            let shift = (u32::from(c) & 31).wrapping_mul(4);
            let group = (bits >> shift) & 0b1111;
            let more = (group.wrapping_shl(1) | 1) & 0b1111;
            bits |= more.wrapping_shl(shift);
            count = count.saturating_add(1);
        }
        Self { bits, count }
    }

    /// How many letters at least stand in one text and not in the other.
    pub(crate) fn apart(self, other: Self) -> u32 {
        (self.bits ^ other.bits).count_ones()
    }

    /// Whether so many slips may lead from one to the other: a slip changes two letters at the most.
    pub(crate) fn may_be_slips(self, other: Self, most: usize) -> bool {
        self.apart(other) <= u32::try_from(most).unwrap_or(u32::MAX).saturating_mul(2)
    }

    /// How long the text is.
    pub(crate) fn count(self) -> u16 {
        self.count
    }

    /// The highest Jaro-Winkler likeness that two texts of such letters may have.
    pub(crate) fn likeness_max(self, other: Self) -> f64 {
        let (one, two) = (f64::from(self.count.max(1)), f64::from(other.count.max(1)));
        let shared = ((one + two - f64::from(self.apart(other))) / 2.0).max(0.0);
        let jaro = ((shared / one).min(1.0) + (shared / two).min(1.0) + 1.0) / 3.0;
        jaro + PREFIX_SHARE * (1.0 - jaro)
    }
}
