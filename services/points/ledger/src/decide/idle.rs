//! Accounts that have not moved for as long as their asset allows: all that can be spent of them expires.
//!
//! No lot is rewritten when an account moves. The account alone knows when it will have been idle for too long, and each
//! posting to it begins with that: what is expired by then neither pays nor comes back to life by the posting itself.

use kernel::Exact;

use super::{sum, take};
use crate::{Account, AccountKey, Act, Effects, Entry, EntryKind, LotKey, State};

/// What idle accounts were before they expired, so that a refused posting leaves them as they were.
#[derive(Default)]
pub(super) struct Expired {
    entries: Vec<Entry>,
    before: Vec<(AccountKey, Account)>,
}

/// Expires what can be spent of those accounts that are idle. All of their open lots are loaded.
pub(super) fn expire(state: &mut State, keys: &[&AccountKey]) -> Expired {
    let mut expired = Expired::default();
    for &key in keys {
        let account = state.account(key);
        if !account.is_idle(state.now) {
            continue;
        }
        assert!(account.is_complete(), "an idle account whose lots are not all loaded");
        let plan: Vec<(LotKey, i64)> = account.open_lots().map(|lot| (lot.key(), lot.remaining)).collect();
        expired.before.push((key.clone(), account.clone()));
        if !plan.is_empty() {
            let lots = take(state, key, &plan);
            let entry = state.book(key, EntryKind::Expire, sum(&plan).exact_neg(), lots);
            expired.entries.push(entry);
        }
    }
    expired
}

impl Expired {
    /// The posting was refused: nothing has happened.
    pub(super) fn undo(self, state: &mut State) {
        // The latest first, so that the first word about an account is the last one said.
        for (key, account) in self.before.into_iter().rev() {
            state.load(key, account);
        }
    }

    /// Puts what expired before what was posted.
    pub(super) fn join(self, effects: &mut Effects) {
        let shift = self.entries.len();
        effects.main = effects.main.map(|main| main.saturating_add(shift));
        effects.entries.splice(0..0, self.entries);
    }
}

/// Notes that accounts have moved. What expires does not move an account; it only has nothing to expire any more.
pub(super) fn touch(state: &mut State, act: &Act, keys: &[&AccountKey]) {
    let now = state.now;
    for &key in keys {
        let account = state.account_mut(key);
        let idle_time = match act {
            Act::Expire { .. } => account.idle_time.filter(|time| *time > now),
            _ if account.moved_to.is_some() => None,
            _ => account.asset.expiry.idle_time(now, account.asset.utc_offset_minutes),
        };
        account.set_idle_time(idle_time);
    }
}
