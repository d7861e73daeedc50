use std::collections::BTreeMap;

use kernel::{Tenant, Time};

use super::{AssetCode, CalendarMonth, CostCentre, EntryKind, SumKey, View};

/// A lot's part in an entry, as both were written down. What it counts in is told from that alone, not by what counted it
/// when it was posted.
#[derive(Clone, Debug)]
pub struct LotPart {
    /// Whose it is.
    pub tenant: Tenant,
    /// What it is counted in.
    pub asset: AssetCode,
    /// How far the asset's calendar is ahead of UTC.
    pub utc_offset_minutes: i32,
    /// The kind of the entry.
    pub kind: EntryKind,
    /// The change of the lot, with its sign.
    pub amount: i64,
    /// When the entry was posted.
    pub post_time: Time,
    /// Where it was spent.
    pub spent_at: CostCentre,
    /// When the lot was granted.
    pub grant_time: Time,
    /// When the lot expires.
    pub expire_time: Time,
    /// Who bears the lot's cost.
    pub centre: CostCentre,
}

impl LotPart {
    /// The sum of a view that it counts in; none where the view does not count its kind.
    pub fn key(&self, view: View) -> Option<SumKey> {
        let offset = self.utc_offset_minutes;
        let (month, spent_at) = match view {
            View::Expiry => (
                CalendarMonth::of_expiry(self.expire_time, offset),
                CostCentre::default(),
            ),
            View::Cohort => (CalendarMonth::of(self.grant_time, offset), CostCentre::default()),
            View::Settlement => (CalendarMonth::of(self.post_time, offset), self.spent_at.clone()),
        };
        view.counts(self.kind).then(|| SumKey {
            tenant: self.tenant,
            asset: self.asset.clone(),
            view,
            month,
            centre: self.centre.clone(),
            spent_at,
            kind: self.kind,
        })
    }
}

/// The running sums of one month of an asset and view: what is compared at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SumPage {
    /// The asset.
    pub asset: AssetCode,
    /// By which month.
    pub view: View,
    /// The month.
    pub month: CalendarMonth,
}

/// What a page holds: by cost centres and kind, what the entries sum up to, and what the running sum is.
pub type PageSums = BTreeMap<(CostCentre, CostCentre, EntryKind), Compared>;

/// An amount as the entries sum up to it, and as it was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// What the entries sum up to.
    pub proven: i128,
    /// What the running sum says.
    pub counted: i128,
}

/// A running sum that disagrees with the entries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "of {}, entries of the kind {} sum up to {} in the month {:?} of {}, of what {:?} granted, spent at {:?}: the running \
     sum is {}",
    page.asset, kind.name(), amounts.proven, page.month.to_string(), page.view.name(), centre, spent_at, amounts.counted
)]
pub struct WrongSum {
    /// Where it is.
    pub page: SumPage,
    /// The cost centre that the lots were granted by.
    pub centre: CostCentre,
    /// The cost centre where they were spent.
    pub spent_at: CostCentre,
    /// The kind of the entries.
    pub kind: EntryKind,
    /// Both amounts.
    pub amounts: Compared,
}

/// The sums of a page that disagree, in the order of their keys. A sum that was never counted is zero.
pub fn wrong_sums(page: &SumPage, sums: PageSums) -> Vec<WrongSum> {
    sums.into_iter()
        .filter(|(_, amounts)| amounts.proven != amounts.counted)
        .map(|((centre, spent_at, kind), amounts)| WrongSum {
            page: page.clone(),
            centre,
            spent_at,
            kind,
            amounts,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(kind: EntryKind) -> LotPart {
        let time = |text| Time::parse_rfc3339(text).unwrap();
        LotPart {
            tenant: Tenant::from_uuid(uuid::Uuid::nil()),
            asset: "points".into(),
            utc_offset_minutes: 480,
            kind,
            amount: -5,
            post_time: time("2026-02-28T16:00:00Z"),
            spent_at: "store-b".into(),
            grant_time: time("2026-01-31T15:59:59Z"),
            expire_time: time("2026-12-31T16:00:00Z"),
            centre: "store-a".into(),
        }
    }

    #[test]
    fn a_part_counts_in_the_months_of_its_lot_and_of_its_entry() {
        let read = |kind, view| {
            let key = part(kind).key(view);
            key.map(|key| (key.month.to_string(), key.centre.to_string(), key.spent_at.to_string()))
        };
        let key = |month: &str, spent_at: &str| Some((month.to_owned(), "store-a".to_owned(), spent_at.to_owned()));
        assert_eq!(read(EntryKind::Redeem, View::Expiry), key("2026-12", ""));
        assert_eq!(read(EntryKind::Redeem, View::Cohort), key("2026-01", ""));
        assert_eq!(read(EntryKind::Redeem, View::Settlement), key("2026-03", "store-b"));
        assert_eq!(read(EntryKind::Expire, View::Cohort), key("2026-01", ""));
        assert_eq!(read(EntryKind::Expire, View::Settlement), None);
    }

    #[test]
    fn a_sum_is_wrong_where_only_one_of_both_knows_it() {
        let page = SumPage {
            asset: "points".into(),
            view: View::Expiry,
            month: CalendarMonth::NEVER,
        };
        let amounts = |proven, counted| Compared { proven, counted };
        let all = [
            ("a", amounts(1, 1)),
            ("b", amounts(1, 0)),
            ("c", amounts(0, 1)),
            ("d", amounts(0, 0)),
        ];
        let sums = all.map(|(centre, amounts)| ((centre.into(), "".into(), EntryKind::Earn), amounts));
        let wrong = wrong_sums(&page, sums.into_iter().collect());
        let centres: Vec<&str> = wrong.iter().map(|it| &*it.centre).collect();
        assert_eq!(centres, ["b", "c"]);
    }
}
