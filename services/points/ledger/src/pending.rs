use kernel::Time;

use super::{AccountKey, EntryId};

/// When what is earned becomes available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// When it is earned.
    AtOnce,
    /// At a time, or when it is confirmed before.
    At(Time),
    /// When it is confirmed.
    OnConfirmation,
}

impl Availability {
    /// As it is at `now`: what was to wait until a time that has passed does not wait.
    #[must_use]
    pub fn at(self, now: Time) -> Self {
        match self {
            Self::At(time) if time <= now => Self::AtOnce,
            Self::AtOnce | Self::At(_) | Self::OnConfirmation => self,
        }
    }

    /// When it becomes available by itself, if it has to wait for that.
    pub fn time(self) -> Option<Time> {
        match self {
            Self::At(time) => Some(time),
            Self::AtOnce | Self::OnConfirmation => None,
        }
    }
}

/// Which pending earns of an account are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Earns {
    /// That of this entry.
    Entry(EntryId),
    /// All that were earned with this reference.
    Reference(String),
}

/// A pending earn that has become available.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// The account.
    pub account: AccountKey,
    /// The entry of the earn.
    pub entry: EntryId,
    /// How much has become available.
    pub amount: i64,
    /// When.
    pub time: Time,
}

/// Why something becomes available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfirmCause {
    /// Somebody says so, which is refused where nothing is pending.
    Call,
    /// Its time has come. Where nothing is pending any more, or its time has not come, there is nothing to do.
    Time,
}
