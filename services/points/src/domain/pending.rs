use kernel::Time;

use super::{AccountKey, EntryId};

/// When what is earned becomes available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Availability {
    AtOnce,
    /// At a time, or when it is confirmed before.
    At(Time),
    /// When it is confirmed.
    OnConfirmation,
}

impl Availability {
    /// As it is at `now`: what was to wait until a time that has passed does not wait.
    pub(crate) fn at(self, now: Time) -> Self {
        match self {
            Self::At(time) if time <= now => Self::AtOnce,
            Self::AtOnce | Self::At(_) | Self::OnConfirmation => self,
        }
    }

    /// When it becomes available by itself, if it has to wait for that.
    pub(crate) fn time(self) -> Option<Time> {
        match self {
            Self::At(time) => Some(time),
            Self::AtOnce | Self::OnConfirmation => None,
        }
    }
}

/// Which pending earns of an account are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Earns {
    /// That of this entry.
    Entry(EntryId),
    /// All that were earned with this reference.
    Reference(String),
}

/// A pending earn that has become available.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Confirmed {
    pub(crate) account: AccountKey,
    pub(crate) entry: EntryId,
    pub(crate) amount: i64,
    pub(crate) time: Time,
}

/// Why something becomes available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConfirmCause {
    /// Somebody says so, which is refused where nothing is pending.
    Call,
    /// Its time has come. Where nothing is pending any more, or its time has not come, there is nothing to do.
    Time,
}
