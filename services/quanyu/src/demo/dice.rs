//! Chance that is the same on every machine: what falls follows from the seed and from whom it is thrown for.

/// Dice that fall the same way for the same seed and the same thing.
///
/// Splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014), because a library's generator
/// may change with its version, and with it every figure that the demo prints.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

/// The golden ratio as a fraction of 2^64.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl Dice {
    /// The dice for one thing, for example for customer 17.
    pub(super) fn of(seed: u64, thing: u64) -> Self {
        let mut dice = Self(seed ^ thing.wrapping_mul(STEP));
        // Neighbouring things begin with unlike numbers.
        let start = dice.next();
        Self(start)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        let span = high.saturating_sub(low).saturating_add(1);
        low.saturating_add(self.next().checked_rem(span).unwrap_or(0))
    }

    /// True in so many of a hundred throws.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of several.
    pub(super) fn pick<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        let last = u64::try_from(among.len()).unwrap_or(0).checked_sub(1)?;
        among.get(usize::try_from(self.between(0, last)).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dice_fall_the_same_way_again_and_differ_by_thing_and_seed() {
        let throw = |seed, thing| {
            let mut dice = Dice::of(seed, thing);
            (0..8).map(|_| dice.between(1, 1_000_000)).collect::<Vec<_>>()
        };
        assert_eq!(throw(7, 1), throw(7, 1));
        assert_ne!(throw(7, 1), throw(7, 2));
        assert_ne!(throw(7, 1), throw(8, 1));
    }

    #[test]
    fn a_chance_is_what_it_says() {
        let hits = (0..100_000).filter(|thing| Dice::of(1, *thing).chance(30)).count();
        assert!((29_000..=31_000).contains(&hits), "{hits}");
        let mut dice = Dice::of(1, 1);
        assert!((0..1_000).all(|_| (3..=5).contains(&dice.between(3, 5))));
        assert!(!dice.chance(0) && dice.chance(100));
        assert_eq!(dice.pick::<u8>(&[]), None);
    }
}
