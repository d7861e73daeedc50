use std::sync::Arc;

use kernel::Time;

use super::expiry::{ExpiryPolicy, end_of_day_after};

/// An asset's code: it is in every key, so it is shared rather than copied.
pub type AssetCode = Arc<str>;

/// What a posting has to know of its asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its code, by which accounts name it.
    pub code: AssetCode,
    /// What it is.
    pub kind: AssetKind,
    /// When its lots expire.
    pub expiry: ExpiryPolicy,
    /// How far its calendar is ahead of UTC.
    pub utc_offset_minutes: i32,
    /// How many days what comes back of an expired lot lives; 0: it stays expired.
    pub reversal_grace_days: i32,
    /// What taking an earn back does where it was spent meanwhile.
    pub clawback: ClawbackPolicy,
    /// Members may not give it to each other.
    pub transfer_forbidden: bool,
    /// The largest adjustment, either way, that one principal makes alone.
    pub adjustment_alone_max: i64,
}

/// What taking an earn back does where it was spent meanwhile; its numbers are the contract's and the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClawbackPolicy {
    /// What was earned is not taken back.
    None,
    /// As much is taken back as there is.
    WithinBalance,
    /// What is not there is owed.
    Debt,
}

impl ClawbackPolicy {
    /// The policy of a number.
    pub fn from_number(number: i32) -> Option<Self> {
        [Self::None, Self::WithinBalance, Self::Debt]
            .into_iter()
            .find(|policy| policy.number() == number)
    }

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::None => 1,
            Self::WithinBalance => 2,
            Self::Debt => 3,
        }
    }
}

/// What an asset is; its numbers are the contract's and the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssetKind {
    /// What members earn and spend.
    Points,
    /// What decides the tier: earned, never spent.
    Growth,
    /// Money that a member has paid in.
    StoredValuePrincipal,
    /// Money that a brand has given beside what was paid in.
    StoredValueGift,
    /// Whatever else a brand counts.
    Custom,
}

impl AssetKind {
    /// The kind of a number.
    pub fn from_number(number: i32) -> Option<Self> {
        [
            Self::Points,
            Self::Growth,
            Self::StoredValuePrincipal,
            Self::StoredValueGift,
            Self::Custom,
        ]
        .into_iter()
        .find(|kind| kind.number() == number)
    }

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::Points => 1,
            Self::Growth => 2,
            Self::StoredValuePrincipal => 3,
            Self::StoredValueGift => 4,
            Self::Custom => 5,
        }
    }

    /// Growth value decides the tier; it is not spent.
    pub fn spendable(self) -> bool {
        match self {
            Self::Growth => false,
            Self::Points | Self::StoredValuePrincipal | Self::StoredValueGift | Self::Custom => true,
        }
    }
}

impl Asset {
    /// When a lot expires that is granted at `grant`: [`Time::MAX`] where it never does, none where it would after the year
    /// 9999.
    pub fn expire_time(&self, grant: Time) -> Option<Time> {
        self.expiry.expire_time(grant, self.utc_offset_minutes)
    }

    /// Whether members may give it to each other.
    pub fn transferable(&self) -> bool {
        self.kind.spendable() && !self.transfer_forbidden
    }

    /// Whether one principal makes an adjustment of this amount alone.
    pub fn is_adjusted_alone(&self, amount: i64) -> bool {
        amount.saturating_abs() <= self.adjustment_alone_max
    }

    /// When what came back of expired lots expires; none where it gets no grace.
    pub fn grace_end(&self, now: Time) -> Option<Time> {
        (self.reversal_grace_days > 0).then(|| {
            // A clock that stands in the year 9999 has no later grace to give.
            end_of_day_after(now, i64::from(self.reversal_grace_days), self.utc_offset_minutes).unwrap_or(Time::LAST)
        })
    }
}
