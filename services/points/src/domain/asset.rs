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
}

/// What an asset is; the numbers are the contract's and the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AssetKind {
    Points = 1,
    Growth = 2,
    StoredValuePrincipal = 3,
    StoredValueGift = 4,
    Custom = 5,
}

impl AssetKind {
    /// Growth value decides the tier; it is not spent.
    pub(crate) fn spendable(self) -> bool {
        match self {
            Self::Growth => false,
            Self::Points | Self::StoredValuePrincipal | Self::StoredValueGift | Self::Custom => true,
        }
    }
}

impl Asset {
    /// When a lot expires that is granted at `grant`; [`Time::MAX`] where it never does.
    pub(crate) fn expire_time(&self, grant: Time) -> Time {
        self.expiry.expire_time(grant, self.utc_offset_minutes)
    }

    /// When what came back of expired lots expires; none where it gets no grace.
    pub(crate) fn grace_end(&self, now: Time) -> Option<Time> {
        (self.reversal_grace_days > 0)
            .then(|| end_of_day_after(now, i64::from(self.reversal_grace_days), self.utc_offset_minutes))
    }
}
