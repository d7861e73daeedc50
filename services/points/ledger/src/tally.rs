use std::collections::BTreeMap;

use super::{AssetCode, Count, EntryKind, View};

/// All entries of one kind of an asset, added up twice: from the entries, and from the running sums of each view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// From the entries.
    pub entries: Count,
    /// From the running sums of each view.
    pub views: BTreeMap<View, Count>,
}

/// The entries of each kind of each asset.
pub type Tallies = BTreeMap<(AssetCode, EntryKind), Tally>;

/// How running sums disagree with the entries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "of {asset}, {} entries of the kind {} sum up to {}: the running sums by {} count {} of {}",
    entries.entries, kind.name(), entries.amount, view.name(), counted.entries, counted.amount
)]
pub struct Miscount {
    /// The asset.
    pub asset: AssetCode,
    /// The kind of the entries.
    pub kind: EntryKind,
    /// The view whose sums disagree.
    pub view: View,
    /// What the entries come to.
    pub entries: Count,
    /// What the running sums say.
    pub counted: Count,
}

/// The first disagreement. Every entry counts once in the views of expiry and of cohorts, and in that of settlements where
/// it is a spend, or one that was given back.
pub fn miscount(tallies: &Tallies) -> Option<Miscount> {
    let mut checks = tallies
        .iter()
        .flat_map(|(key, tally)| View::ALL.map(|view| (key, tally, view)));
    checks.find_map(|((asset, kind), tally, view)| {
        let counted = tally.views.get(&view).copied().unwrap_or_default();
        let expected = if view.counts(*kind) {
            tally.entries
        } else {
            Count::default()
        };
        (counted != expected).then(|| Miscount {
            asset: asset.clone(),
            kind: *kind,
            view,
            entries: expected,
            counted,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(entries: i64, amount: i128) -> Count {
        Count { amount, entries }
    }

    fn tallies(kind: EntryKind, views: [(View, Count); 3]) -> Tallies {
        let tally = Tally {
            entries: count(2, -70),
            views: views.into_iter().collect(),
        };
        Tallies::from([(("points".into(), kind), tally)])
    }

    #[test]
    fn every_view_counts_every_entry_that_is_its_own_and_no_other() {
        let (right, nothing) = (count(2, -70), Count::default());
        let all = |settled| {
            [
                (View::Expiry, right),
                (View::Cohort, right),
                (View::Settlement, settled),
            ]
        };
        assert_eq!(miscount(&tallies(EntryKind::Redeem, all(right))), None);
        assert_eq!(miscount(&tallies(EntryKind::Expire, all(nothing))), None);
        for (kind, settled) in [(EntryKind::Redeem, nothing), (EntryKind::Expire, right)] {
            let found = miscount(&tallies(kind, all(settled))).unwrap();
            assert_eq!((found.view, found.counted), (View::Settlement, settled));
        }
        for wrong in [count(1, -70), count(2, -69)] {
            for view in [View::Expiry, View::Cohort] {
                let mut tallies = tallies(EntryKind::Redeem, all(right));
                for tally in tallies.values_mut() {
                    tally.views.insert(view, wrong);
                }
                assert_eq!(miscount(&tallies).map(|it| (it.view, it.counted)), Some((view, wrong)));
            }
        }
    }
}
