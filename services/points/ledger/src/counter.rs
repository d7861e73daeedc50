use std::collections::BTreeMap;
use std::sync::Arc;

use super::{AccountKey, AssetCode, CalendarMonth, Entry, EntryKind, Lot, LotAmount, LotId, State};
use kernel::{Exact, Tenant};

/// Who bears the cost: a store, a brand, a channel, by its code; empty where nobody is named.
pub type CostCentre = Arc<str>;

/// What a running sum is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SumKey {
    /// Whose entries are added up.
    pub tenant: Tenant,
    /// What they are counted in.
    pub asset: AssetCode,
    /// By which month.
    pub view: View,
    /// The month.
    pub month: CalendarMonth,
    /// The cost centre that the lot was granted by.
    pub centre: CostCentre,
    /// The cost centre where it was spent; empty but in the view of settlements.
    pub spent_at: CostCentre,
    /// The kind of the entries.
    pub kind: EntryKind,
}

/// By which month the sums are kept. Its numbers are the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum View {
    /// By the month in which the lot expires: what the brand owes.
    Expiry,
    /// By the month in which the lot was granted: what became of it.
    Cohort,
    /// By the month in which it was spent: who owes whom.
    Settlement,
}

/// A running sum, or what is added to it. Sums over all members may exceed what one account holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// The sum of the amounts, with their signs.
    pub amount: i128,
    /// How many entries they are.
    pub entries: i64,
}

/// What is added to each running sum.
pub type Counts = BTreeMap<SumKey, Count>;

impl View {
    /// Every view.
    pub const ALL: [Self; 3] = [Self::Expiry, Self::Cohort, Self::Settlement];

    /// The view of a number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.number() == number)
    }

    /// What an operator calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Expiry => "expiry",
            Self::Cohort => "cohort",
            Self::Settlement => "settlement",
        }
    }

    /// Whether it counts entries of a kind.
    pub fn counts(self, kind: EntryKind) -> bool {
        match self {
            Self::Expiry | Self::Cohort => true,
            Self::Settlement => is_settled(kind),
        }
    }

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::Expiry => 1,
            Self::Cohort => 2,
            Self::Settlement => 3,
        }
    }
}

impl Count {
    /// Adds another one to it.
    pub fn add(&mut self, other: Self) {
        self.amount = self.amount.exact_add(other.amount);
        self.entries = self.entries.exact_add(other.entries);
    }
}

/// What decided entries add to the running sums, aggregated: one row for each sum, in the order of their keys, however
/// many entries there are.
///
/// An entry counts once by its first lot in the view of expiry, so that the sum of its counts is the number of entries.
pub fn count<'e>(state: &State, entries: impl Iterator<Item = &'e Entry>) -> Counts {
    let mut counts = Counts::new();
    for entry in entries {
        let asset = &state.account(&entry.account).asset;
        let offset = asset.utc_offset_minutes;
        if entry.lots.is_empty() {
            count_bare(&mut counts, entry, offset);
        }
        let mut is_first = 1;
        for part in &entry.lots {
            let lot = lot_of(state, entry, part);
            let centre = lot.cost_centre.clone().unwrap_or_default();
            let mut add = |view, month, spent_at: CostCentre, entries| {
                let key = SumKey {
                    tenant: entry.account.tenant,
                    asset: entry.account.asset.clone(),
                    view,
                    month,
                    centre: centre.clone(),
                    spent_at,
                    kind: entry.kind,
                };
                let count = Count {
                    amount: i128::from(part.amount),
                    entries,
                };
                counts.entry(key).or_default().add(count);
            };
            let expiry = CalendarMonth::of_expiry(lot.expire_time, offset);
            add(View::Expiry, expiry, CostCentre::default(), is_first);
            let cohort = CalendarMonth::of(lot.grant_time, offset);
            add(View::Cohort, cohort, CostCentre::default(), is_first);
            if is_settled(entry.kind) {
                let spent_at = entry.cost_centre.clone().unwrap_or_default();
                add(
                    View::Settlement,
                    CalendarMonth::of(entry.post_time, offset),
                    spent_at,
                    is_first,
                );
            }
            is_first = 0;
        }
    }
    counts
}

/// Counts an entry that is about a debt alone, and so in no lot: by the month in which it was posted.
fn count_bare(counts: &mut Counts, entry: &Entry, offset: i32) {
    let month = CalendarMonth::of(entry.post_time, offset);
    for view in [View::Expiry, View::Cohort] {
        let key = SumKey {
            tenant: entry.account.tenant,
            asset: entry.account.asset.clone(),
            view,
            month,
            centre: CostCentre::default(),
            spent_at: CostCentre::default(),
            kind: entry.kind,
        };
        let count = Count { amount: 0, entries: 1 };
        counts.entry(key).or_default().add(count);
    }
}

/// Whether it is a spend, or one that was given back: what one centre granted, another one gave something for.
fn is_settled(kind: EntryKind) -> bool {
    match kind {
        EntryKind::Redeem | EntryKind::RedeemReversal => true,
        EntryKind::Earn
        | EntryKind::EarnReversal
        | EntryKind::Expire
        | EntryKind::MoveOut
        | EntryKind::MoveIn
        | EntryKind::DebtRepayment
        | EntryKind::TransferOut
        | EntryKind::TransferIn
        | EntryKind::Adjustment => false,
    }
}

/// The lot that a part of an entry is in: that of what came back for an expired lot is the new one, which bears the entry's
/// number. A lot that moved on in the same batch is with its new holder.
fn lot_of<'s>(state: &'s State, entry: &Entry, part: &LotAmount) -> &'s Lot {
    let key = match entry.lot_expire_time {
        Some(expire_time) if part.regranted => (expire_time, LotId::from_uuid(entry.id.uuid())),
        Some(_) | None => (part.expire_time, part.lot),
    };
    let with_holder = |holder: &AccountKey| state.account(holder).lot(key);
    let lot = with_holder(&entry.account).or_else(|| state.accounts().find_map(|(holder, _)| with_holder(holder)));
    let Some(lot) = lot else {
        panic!("lot {} of entry {} was not loaded", key.1, entry.id)
    };
    lot
}
