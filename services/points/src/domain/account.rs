use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kernel::{Tenant, Time};

use super::{Asset, AssetCode, CostCentre, LotId, MemberId};

/// Whose balance of what. The order of the keys is the order in which accounts are locked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct AccountKey {
    pub(crate) tenant: Tenant,
    pub(crate) member: MemberId,
    pub(crate) asset: AssetCode,
}

/// Why and since when nothing may be posted to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frozen {
    pub(crate) reason: String,
    pub(crate) time: Time,
}

/// Lots are spent in the order of these keys: what expires first goes first, what was granted first among equals.
pub(crate) type LotKey = (Time, LotId);

/// A part of a balance, granted at one time and expiring at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lot {
    pub(crate) id: LotId,
    pub(crate) expire_time: Time,
    pub(crate) grant_time: Time,
    pub(crate) granted: i64,
    pub(crate) remaining: i64,
    /// Who bears its cost; none where nobody was named.
    pub(crate) cost_centre: Option<CostCentre>,
}

/// One balance, as it is while its row is locked, with as many of its lots as the postings at hand may touch.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) asset: Arc<Asset>,
    pub(crate) balance: i64,
    /// The number of the last entry.
    pub(crate) sequence: i64,
    /// The member that it went over to; nothing is posted here any more.
    pub(crate) moved_to: Option<MemberId>,
    /// Why nothing may be posted here for now.
    pub(crate) frozen: Option<Frozen>,
    /// When it last changed.
    change_time: Time,
    lots: BTreeMap<LotKey, Lot>,
    /// Every open lot is among `lots`.
    complete: bool,
    changed_lots: BTreeSet<LotKey>,
    changed: bool,
}

impl Lot {
    pub(crate) fn key(&self) -> LotKey {
        (self.expire_time, self.id)
    }

    /// Whether its time has come by `now`: a lot can be spent before its expire time, not at it.
    pub(crate) fn is_due(&self, now: Time) -> bool {
        self.expire_time <= now
    }

    pub(crate) fn is_open(&self) -> bool {
        self.remaining > 0
    }
}

impl Account {
    pub(crate) fn new(asset: Arc<Asset>, balance: i64, sequence: i64, moved_to: Option<MemberId>) -> Self {
        Self {
            asset,
            balance,
            sequence,
            moved_to,
            frozen: None,
            change_time: Time::EPOCH,
            lots: BTreeMap::new(),
            complete: false,
            changed_lots: BTreeSet::new(),
            changed: false,
        }
    }

    /// The same account, frozen if it is.
    pub(crate) fn frozen(self, frozen: Option<Frozen>) -> Self {
        Self { frozen, ..self }
    }

    /// The same account, which last changed at `change_time`.
    pub(crate) fn changed_at(self, change_time: Time) -> Self {
        Self { change_time, ..self }
    }

    /// When what happens at `now` happens to this account: never before what happened last, whatever the clock says. Clocks
    /// of replicas differ, and who reads the clock first may get the lock last.
    pub(crate) fn moment(&self, now: Time) -> Time {
        self.change_time.max(now)
    }

    /// Takes a lot in as it is in the database.
    pub(crate) fn load(&mut self, lot: Lot) {
        self.lots.entry(lot.key()).or_insert(lot);
    }

    /// Declares that every open lot has been loaded.
    pub(crate) fn set_complete(&mut self) {
        self.complete = true;
    }

    /// Whether every open lot is here. Otherwise those are that expire first, enough of them for all that is asked.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    /// What can be spent of the lots that are here.
    pub(crate) fn spendable(&self, now: Time) -> i64 {
        self.open_lots()
            .filter(|lot| !lot.is_due(now))
            .fold(0, |sum, lot| sum.saturating_add(lot.remaining))
    }

    /// The lots that are here and have something left, in the order of spending.
    pub(crate) fn open_lots(&self) -> impl Iterator<Item = &Lot> {
        self.lots.values().filter(|lot| lot.is_open())
    }

    pub(crate) fn lot(&self, key: LotKey) -> Option<&Lot> {
        self.lots.get(&key)
    }

    /// What there is to write: the account itself has changed.
    pub(crate) fn changed(&self) -> bool {
        self.changed
    }

    /// What there is to write: the lots that are new or have changed.
    pub(crate) fn changed_lots(&self) -> impl Iterator<Item = &Lot> {
        self.changed_lots.iter().filter_map(|key| self.lots.get(key))
    }

    /// Numbers the next entry, which changes the balance by `amount`.
    pub(super) fn book(&mut self, amount: i64) -> (i64, i64) {
        let balance = self.balance.checked_add(amount);
        let sequence = self.sequence.checked_add(1);
        let (Some(balance), Some(sequence)) = (balance, sequence) else {
            panic!("the decision let the balance {} overflow by {amount}", self.balance);
        };
        assert!(
            balance >= 0,
            "the decision let the balance {} fall below zero by {amount}",
            self.balance
        );
        self.balance = balance;
        self.sequence = sequence;
        self.changed = true;
        (sequence, balance)
    }

    pub(super) fn grant(&mut self, lot: Lot) {
        let key = lot.key();
        let before = self.lots.insert(key, lot);
        assert!(before.is_none(), "lot {} was granted before", key.1);
        self.changed_lots.insert(key);
    }

    /// Changes what is left of a lot by `amount`.
    pub(super) fn change(&mut self, key: LotKey, amount: i64) {
        let Some(lot) = self.lots.get_mut(&key) else {
            panic!("lot {} was not loaded", key.1)
        };
        let remaining = lot.remaining.saturating_add(amount);
        assert!(
            (0..=lot.granted).contains(&remaining),
            "lot {}: {remaining} of {} left",
            lot.id,
            lot.granted
        );
        lot.remaining = remaining;
        self.changed_lots.insert(key);
    }

    /// Gives a lot away, to be taken in by another account. It is written there.
    pub(super) fn give_away(&mut self, key: LotKey) -> Lot {
        let Some(lot) = self.lots.remove(&key) else {
            panic!("lot {} was not loaded", key.1)
        };
        self.changed_lots.remove(&key);
        lot
    }

    /// Takes in a lot of another account.
    pub(super) fn take_in(&mut self, lot: Lot) {
        self.changed_lots.insert(lot.key());
        self.lots.insert(lot.key(), lot);
    }

    pub(super) fn close(&mut self, moved_to: MemberId) {
        self.moved_to = Some(moved_to);
        self.changed = true;
    }
}
