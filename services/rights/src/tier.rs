mod changes;
pub(crate) mod due;
pub(crate) mod facts;
mod get_member_tier;
mod get_tier_ladder;
mod list_tier_changes;
pub(crate) mod play;
pub(crate) mod roster;
pub(crate) mod rows;
mod service;
mod upsert_tier_ladder;
mod wire;

use std::collections::BTreeSet;

use kernel::{Exact, Time};
use serde::{Deserialize, Serialize};

/// A whole way in basis points.
const WHOLE_BASIS_POINTS: i128 = 10_000;

/// The tiers of a brand, from the lowest, which begins at 0, to the highest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TierLadder {
    asset_code: String,
    tiers: Vec<Tier>,
    version: i64,
    update_time: Time,
}

/// One step of the ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tier {
    /// Its code.
    pub(crate) code: String,
    /// The name that members read.
    pub(crate) name: String,
    /// The growth value from which a member has it.
    pub(crate) threshold: i64,
}

/// The way to the next tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress<'a> {
    /// The next tier.
    pub(crate) next: &'a Tier,
    /// The growth value that is missing.
    pub(crate) missing: i64,
    /// How much is done, 0 to 10,000.
    pub(crate) done_basis_points: i32,
}

/// Something wrong with one field of a ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// The field: "tiers[1].threshold".
    pub(crate) path: String,
    /// The rule that it breaks.
    pub(crate) message: &'static str,
}

impl TierLadder {
    /// A ladder whose thresholds begin at 0 and ascend, or everything that is wrong with it.
    pub(crate) fn new(
        asset_code: String,
        tiers: Vec<Tier>,
        version: i64,
        update_time: Time,
    ) -> Result<Self, Vec<Flaw>> {
        let flaws = flaws(&tiers);
        if flaws.is_empty() {
            Ok(Self {
                asset_code,
                tiers,
                version,
                update_time,
            })
        } else {
            Err(flaws)
        }
    }

    /// The asset that is the growth value.
    pub(crate) fn asset_code(&self) -> &str {
        &self.asset_code
    }

    /// The tiers, from the lowest.
    pub(crate) fn tiers(&self) -> &[Tier] {
        &self.tiers
    }

    /// Grows with every change.
    pub(crate) fn version(&self) -> i64 {
        self.version
    }

    /// When it was changed last.
    pub(crate) fn update_time(&self) -> Time {
        self.update_time
    }

    /// Whether the other ladder places everybody, and is called, the same.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        self.asset_code == other.asset_code && self.tiers == other.tiers
    }

    /// The tier of a member with `growth_value` who had `kept`: the higher one of `kept` and the tier that the growth value
    /// deserves. A kept tier that is gone from the ladder counts for nothing.
    pub(crate) fn place(&self, kept: Option<&str>, growth_value: i64) -> &Tier {
        let kept = kept.and_then(|code| self.rank(code)).unwrap_or(0);
        let deserved = self
            .tiers
            .iter()
            .rposition(|tier| tier.threshold <= growth_value)
            .unwrap_or(0);
        &self.tiers[kept.max(deserved)]
    }

    /// The way from the tier `code` to the next; none on the highest.
    pub(crate) fn progress(&self, code: &str, growth_value: i64) -> Option<Progress<'_>> {
        let rank = self.rank(code)?;
        let (present, next) = (&self.tiers[rank], self.tiers.get(rank.checked_add(1)?)?);
        let way = i128::from(next.threshold).exact_sub(i128::from(present.threshold));
        let done = i128::from(growth_value).exact_sub(i128::from(present.threshold));
        let done = done
            .exact_mul(WHOLE_BASIS_POINTS)
            .div_euclid(way)
            .clamp(0, WHOLE_BASIS_POINTS);
        Some(Progress {
            next,
            missing: next.threshold.saturating_sub(growth_value).max(0),
            done_basis_points: i32::try_from(done).unwrap_or(0),
        })
    }

    fn rank(&self, code: &str) -> Option<usize> {
        self.tiers.iter().position(|tier| tier.code == code)
    }
}

fn flaws(tiers: &[Tier]) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let mut codes = BTreeSet::new();
    let mut below: Option<i64> = None;
    if tiers.is_empty() {
        flaws.push(Flaw {
            path: "tiers".to_owned(),
            message: "must have at least one tier",
        });
    }
    for (index, tier) in tiers.iter().enumerate() {
        let threshold_is_right = below.map_or(tier.threshold == 0, |below| tier.threshold > below);
        if !threshold_is_right {
            let message = match below {
                None => "must be 0 for the lowest tier, so that every member has a tier",
                Some(_) => "must be above the threshold of the tier before",
            };
            flaws.push(Flaw {
                path: format!("tiers[{index}].threshold"),
                message,
            });
        }
        if !codes.insert(&tier.code) {
            flaws.push(Flaw {
                path: format!("tiers[{index}].code"),
                message: "must not be the code of another tier",
            });
        }
        below = Some(tier.threshold);
    }
    flaws
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ladder(thresholds: &[i64]) -> Result<TierLadder, Vec<Flaw>> {
        let tier = |(rank, threshold): (usize, &i64)| Tier {
            code: format!("t{rank}"),
            name: format!("Tier {rank}"),
            threshold: *threshold,
        };
        TierLadder::new(
            "growth".to_owned(),
            thresholds.iter().enumerate().map(tier).collect(),
            1,
            Time::EPOCH,
        )
    }

    #[test]
    fn a_threshold_is_reached_by_exactly_its_value() {
        let ladder = ladder(&[0, 100, 500]).unwrap();
        for (growth, code) in [
            (-5, "t0"),
            (0, "t0"),
            (99, "t0"),
            (100, "t1"),
            (101, "t1"),
            (499, "t1"),
            (500, "t2"),
            (i64::MAX, "t2"),
        ] {
            assert_eq!(ladder.place(None, growth).code, code, "at a growth value of {growth}");
        }
    }

    #[test]
    fn a_tier_that_was_reached_is_kept_while_it_exists() {
        let ladder = ladder(&[0, 100, 500]).unwrap();
        assert_eq!(ladder.place(Some("t1"), 0).code, "t1");
        assert_eq!(ladder.place(Some("t1"), 500).code, "t2");
        assert_eq!(ladder.place(Some("gone"), 100).code, "t1");
    }

    #[test]
    fn progress_is_counted_from_the_present_tier_and_rounded_down() {
        let ladder = ladder(&[0, 100, 400]).unwrap();
        for (code, growth, missing, done) in [
            ("t0", 0, 100, 0),
            ("t0", 99, 1, 9_900),
            ("t1", 100, 300, 0),
            ("t1", 101, 299, 33),
            ("t1", 20, 380, 0),
        ] {
            let progress = ladder.progress(code, growth).unwrap();
            assert_eq!(
                (progress.missing, progress.done_basis_points),
                (missing, done),
                "{code} at {growth}"
            );
        }
        assert_eq!(ladder.progress("t2", 400), None);
    }

    #[test]
    fn a_ladder_begins_at_zero_and_ascends() {
        let paths = |thresholds: &[i64]| -> Vec<String> {
            ladder(thresholds)
                .unwrap_err()
                .into_iter()
                .map(|flaw| flaw.path)
                .collect()
        };
        assert_eq!(paths(&[1, 2]), ["tiers[0].threshold"]);
        assert_eq!(paths(&[0, 10, 10, 5]), ["tiers[2].threshold", "tiers[3].threshold"]);
        assert_eq!(paths(&[]), ["tiers"]);
    }

    #[test]
    fn the_codes_of_a_ladder_differ() {
        let tier = |threshold| Tier {
            code: "gold".to_owned(),
            name: "Gold".to_owned(),
            threshold,
        };
        let flaws = TierLadder::new("growth".to_owned(), vec![tier(0), tier(1)], 1, Time::EPOCH).unwrap_err();
        assert_eq!(flaws[0].path, "tiers[1].code");
    }

    proptest! {
        #[test]
        fn more_growth_never_means_a_lower_tier(mut steps in proptest::collection::vec(1_i64..1_000, 0..10), low in 0_i64..5_000, more in 0_i64..5_000) {
            let mut threshold = 0;
            for step in &mut steps {
                threshold += *step;
                *step = threshold;
            }
            steps.insert(0, 0);
            let ladder = ladder(&steps).unwrap();
            let (before, after) = (ladder.place(None, low), ladder.place(None, low + more));
            prop_assert!(before.threshold <= after.threshold);
            prop_assert!(after.threshold <= low + more);
            prop_assert_eq!(ladder.place(Some(&after.code), 0), after);
            if let Some(progress) = ladder.progress(&before.code, low) {
                prop_assert_eq!(progress.missing + low, progress.next.threshold);
                prop_assert!((0..10_000).contains(&progress.done_basis_points));
            }
        }
    }
}
