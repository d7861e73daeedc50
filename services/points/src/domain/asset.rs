use std::sync::Arc;

use kernel::Time;

use super::expiry::{ExpiryPolicy, end_of_day_after};

/// An asset's code: it is in every key, so it is shared rather than copied.
pub(crate) type AssetCode = Arc<str>;

/// What a posting has to know of its asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asset {
    pub(crate) code: AssetCode,
    pub(crate) kind: AssetKind,
    pub(crate) expiry: ExpiryPolicy,
    pub(crate) utc_offset_minutes: i32,
    pub(crate) reversal_grace_days: i32,
    pub(crate) clawback: ClawbackPolicy,
    pub(crate) transfer_forbidden: bool,
    /// The largest adjustment, either way, that one principal makes alone.
    pub(crate) adjustment_alone_max: i64,
}

/// What taking an earn back does where it was spent meanwhile; its numbers are the contract's and the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClawbackPolicy {
    None,
    WithinBalance,
    Debt,
}

impl ClawbackPolicy {
    /// The policy of a number.
    pub(crate) fn from_number(number: i32) -> Option<Self> {
        [Self::None, Self::WithinBalance, Self::Debt]
            .into_iter()
            .find(|policy| policy.number() == number)
    }

    /// Its number.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::None => 1,
            Self::WithinBalance => 2,
            Self::Debt => 3,
        }
    }
}

/// What an asset is; its numbers are the contract's and the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AssetKind {
    Points,
    Growth,
    StoredValuePrincipal,
    StoredValueGift,
    Custom,
}

impl AssetKind {
    /// The kind of a number.
    pub(crate) fn from_number(number: i32) -> Option<Self> {
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
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Points => 1,
            Self::Growth => 2,
            Self::StoredValuePrincipal => 3,
            Self::StoredValueGift => 4,
            Self::Custom => 5,
        }
    }

    /// Growth value decides the tier; it is not spent.
    pub(crate) fn spendable(self) -> bool {
        match self {
            Self::Growth => false,
            Self::Points | Self::StoredValuePrincipal | Self::StoredValueGift | Self::Custom => true,
        }
    }
}

impl Asset {
    /// When a lot expires that is granted at `grant`: [`Time::MAX`] where it never does, none where it would after the year
    /// 9999.
    pub(crate) fn expire_time(&self, grant: Time) -> Option<Time> {
        self.expiry.expire_time(grant, self.utc_offset_minutes)
    }

    /// Whether members may give it to each other.
    pub(crate) fn transferable(&self) -> bool {
        self.kind.spendable() && !self.transfer_forbidden
    }

    /// Whether one principal makes an adjustment of this amount alone.
    pub(crate) fn is_adjusted_alone(&self, amount: i64) -> bool {
        amount.saturating_abs() <= self.adjustment_alone_max
    }

    /// When what came back of expired lots expires; none where it gets no grace.
    pub(crate) fn grace_end(&self, now: Time) -> Option<Time> {
        (self.reversal_grace_days > 0).then(|| {
            // A clock that stands in the year 9999 has no later grace to give.
            end_of_day_after(now, i64::from(self.reversal_grace_days), self.utc_offset_minutes).unwrap_or(Time::LAST)
        })
    }
}
