use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kernel::{Exact, Tenant, Time};

use super::{Asset, AssetCode, CostCentre, EntryId, LotId, MemberId};

/// How much an account may be granted to hold, or to owe. What was there before may come back or together beyond that, by
/// a merge or a reversal: nine such accounts can be counted as one.
pub const BALANCE_MAX: i64 = 1_000_000_000_000_000_000;

/// Whose balance of what. The order of the keys is the order in which accounts are locked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey {
    /// The tenant that the member is of.
    pub tenant: Tenant,
    /// Who holds the account: a member, or a pool.
    pub member: MemberId,
    /// What is counted on it.
    pub asset: AssetCode,
}

/// Why and since when nothing may be posted to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frozen {
    /// The operator's reason, or the disagreement that was found.
    pub reason: String,
    /// Since when it is frozen.
    pub time: Time,
}

/// Lots are spent in the order of these keys: what expires first goes first, what was granted first among equals.
pub type LotKey = (Time, LotId);

/// A part of a balance, granted at one time and expiring at one time.
///
/// What was granted is left, held, pending, spent, expired or taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    /// Its id.
    pub id: LotId,
    /// The entry that granted it.
    pub entry: EntryId,
    /// From when on it cannot be spent; [`Time::MAX`] where it never expires.
    pub expire_time: Time,
    /// When it was granted.
    pub grant_time: Time,
    /// How much was granted.
    pub granted: i64,
    /// What can be spent of it.
    pub remaining: i64,
    /// Who bears its cost; none where nobody was named.
    pub cost_centre: Option<CostCentre>,
    /// What open holds have set aside of it.
    pub held: i64,
    /// What of it waits to become available: all that has not been taken back, or nothing.
    pub pending: i64,
    /// When what is pending becomes available by itself.
    pub available_time: Option<Time>,
}

/// What an account's row says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The sum of the entries.
    pub balance: i64,
    /// The number of the last entry.
    pub sequence: i64,
    /// The member that the account went over to.
    pub moved_to: Option<MemberId>,
    /// What is held of the balance.
    pub held: i64,
    /// What is owed beside the balance.
    pub debt: i64,
    /// What is pending of the balance.
    pub pending: i64,
    /// When all that can be spent expires, unless the account moves before.
    pub idle_time: Option<Time>,
    /// What was owed when it went over.
    pub moved_debt: i64,
}

/// One balance, as it is while its row is locked, with as many of its lots as the postings at hand may touch.
#[derive(Clone, Debug)]
pub struct Account {
    /// What is counted on it.
    pub asset: Arc<Asset>,
    /// The sum of the entries, and of what is left or held in the lots.
    pub balance: i64,
    /// What is held of it.
    pub held: i64,
    /// What is pending of it.
    pub pending: i64,
    /// When all that can be spent expires, unless the account moves before.
    pub idle_time: Option<Time>,
    /// The debt, beside the balance. A member in debt has nothing to spend.
    pub debt: i64,
    /// The number of the last entry.
    pub sequence: i64,
    /// The member that it went over to; nothing is posted here any more.
    pub moved_to: Option<MemberId>,
    /// What was owed when it went over.
    pub moved_debt: i64,
    /// Why nothing may be posted here for now.
    pub frozen: Option<Frozen>,
    /// When it last changed.
    change_time: Time,
    lots: BTreeMap<LotKey, Lot>,
    /// Every open lot is among `lots`.
    complete: bool,
    changed_lots: BTreeSet<LotKey>,
    changed: bool,
}

impl Lot {
    /// Its place in the order of spending.
    pub fn key(&self) -> LotKey {
        (self.expire_time, self.id)
    }

    /// Whether its time has come by `now`: a lot can be spent before its expire time, not at it.
    pub fn is_due(&self, now: Time) -> bool {
        self.expire_time <= now
    }

    /// Whether it has been pending until a time that has come by `now`.
    pub fn has_waited(&self, now: Time) -> bool {
        self.available_time.is_some_and(|time| time <= now)
    }

    /// Whether there is something to spend of it.
    pub fn is_open(&self) -> bool {
        self.remaining > 0
    }

    /// What of it counts for its holder's balance.
    pub fn worth(&self) -> i64 {
        self.remaining.exact_add(self.held).exact_add(self.pending)
    }
}

impl Account {
    /// An account as its row says, with none of its lots yet.
    pub fn new(asset: Arc<Asset>, standing: Standing) -> Self {
        let Standing {
            balance,
            sequence,
            moved_to,
            held,
            debt,
            pending,
            idle_time,
            moved_debt,
        } = standing;
        Self {
            asset,
            balance,
            held,
            debt,
            pending,
            idle_time,
            sequence,
            moved_to,
            moved_debt,
            frozen: None,
            change_time: Time::EPOCH,
            lots: BTreeMap::new(),
            complete: false,
            changed_lots: BTreeSet::new(),
            changed: false,
        }
    }

    /// The same account, frozen if it is.
    #[must_use]
    pub fn frozen(self, frozen: Option<Frozen>) -> Self {
        Self { frozen, ..self }
    }

    /// The same account, which last changed at `change_time`.
    #[must_use]
    pub fn changed_at(self, change_time: Time) -> Self {
        Self { change_time, ..self }
    }

    /// When what happens at `now` happens to this account: never before what happened last, whatever the clock says. Clocks
    /// of replicas differ, and who reads the clock first may get the lock last.
    pub fn moment(&self, now: Time) -> Time {
        self.change_time.max(now)
    }

    /// Takes a lot in as it is in the database.
    pub fn load(&mut self, lot: Lot) {
        self.lots.entry(lot.key()).or_insert(lot);
    }

    /// How many lots of it are here.
    pub fn lots_count(&self) -> usize {
        self.lots.len()
    }

    /// Declares that every open lot has been loaded.
    pub fn set_complete(&mut self) {
        self.complete = true;
    }

    /// Whether every open lot is here. Otherwise those are that expire first, enough of them for all that is asked.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// What can be spent of the lots that are here.
    pub fn spendable(&self, now: Time) -> i64 {
        self.open_lots()
            .filter(|lot| !lot.is_due(now))
            .fold(0, |sum, lot| sum.exact_add(lot.remaining))
    }

    /// The lots that are here and have something left, in the order of spending.
    pub fn open_lots(&self) -> impl Iterator<Item = &Lot> {
        self.lots.values().filter(|lot| lot.is_open())
    }

    /// The lots that are here and count for the balance: open ones, and those of which all that is left is held.
    pub(super) fn live_lots(&self) -> impl Iterator<Item = &Lot> {
        self.lots.values().filter(|lot| lot.worth() > 0)
    }

    /// A lot that is here.
    pub fn lot(&self, key: LotKey) -> Option<&Lot> {
        self.lots.get(&key)
    }

    /// A lot that is here, by its id alone.
    #[cfg(test)]
    pub fn lot_by_id(&self, id: LotId) -> Option<&Lot> {
        self.lots.values().find(|lot| lot.id == id)
    }

    /// What there is to write: the account itself has changed.
    pub fn changed(&self) -> bool {
        self.changed
    }

    /// What there is to write: the lots that are new or have changed.
    pub fn changed_lots(&self) -> impl Iterator<Item = &Lot> {
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
        self.change_aside(lot.held, lot.pending);
        let before = self.lots.insert(key, lot);
        assert!(before.is_none(), "lot {} was granted before", key.1);
        self.changed_lots.insert(key);
    }

    /// Changes what is left of a lot by `amount`.
    pub(super) fn change(&mut self, key: LotKey, amount: i64) {
        self.shift(key, [amount, 0, 0]);
    }

    /// Sets an amount of a lot aside.
    pub(super) fn set_aside(&mut self, key: LotKey, amount: i64) {
        self.shift(key, [amount.exact_neg(), amount, 0]);
    }

    /// Gives back to a lot what was set aside of it.
    pub(super) fn put_back(&mut self, key: LotKey, amount: i64) {
        self.shift(key, [amount, amount.exact_neg(), 0]);
    }

    /// Takes from a lot what was set aside of it.
    pub(super) fn spend_held(&mut self, key: LotKey, amount: i64) {
        self.shift(key, [0, amount.exact_neg(), 0]);
    }

    /// Takes from a lot what was pending of it.
    pub(super) fn take_pending(&mut self, key: LotKey, amount: i64) {
        self.shift(key, [0, 0, amount.exact_neg()]);
    }

    /// Makes available what was pending of a lot.
    pub(super) fn confirm(&mut self, key: LotKey, amount: i64) {
        self.shift(key, [amount, 0, amount.exact_neg()]);
    }

    /// Changes what of a lot is left, held and pending.
    fn shift(&mut self, key: LotKey, [remaining, held, pending]: [i64; 3]) {
        let Some(lot) = self.lots.get_mut(&key) else {
            panic!("lot {} was not loaded", key.1)
        };
        lot.remaining = lot.remaining.exact_add(remaining);
        lot.held = lot.held.exact_add(held);
        lot.pending = lot.pending.exact_add(pending);
        let parts = [lot.remaining, lot.held, lot.pending];
        assert!(
            parts.iter().all(|part| *part >= 0) && lot.worth() <= lot.granted,
            "lot {}: {parts:?} of {}",
            lot.id,
            lot.granted
        );
        self.changed_lots.insert(key);
        self.change_aside(held, pending);
    }

    fn change_aside(&mut self, held: i64, pending: i64) {
        if held != 0 || pending != 0 {
            self.held = self.held.exact_add(held);
            self.pending = self.pending.exact_add(pending);
            assert!(
                self.held >= 0 && self.pending >= 0,
                "the decision let what is held or pending fall below zero"
            );
            self.changed = true;
        }
    }

    /// Gives a lot away, to be taken in by another account. It is written there.
    pub(super) fn give_away(&mut self, key: LotKey) -> Lot {
        let Some(lot) = self.lots.remove(&key) else {
            panic!("lot {} was not loaded", key.1)
        };
        self.changed_lots.remove(&key);
        self.change_aside(lot.held.exact_neg(), lot.pending.exact_neg());
        lot
    }

    /// Takes in a lot of another account.
    pub(super) fn take_in(&mut self, lot: Lot) {
        self.changed_lots.insert(lot.key());
        self.change_aside(lot.held, lot.pending);
        self.lots.insert(lot.key(), lot);
    }

    /// Whether it has not moved for as long as its asset allows.
    pub fn is_idle(&self, now: Time) -> bool {
        self.idle_time.is_some_and(|time| time <= now)
    }

    /// Notes when it will have been idle for too long.
    pub(super) fn set_idle_time(&mut self, idle_time: Option<Time>) {
        if self.idle_time != idle_time {
            self.idle_time = idle_time;
            self.changed = true;
        }
    }

    /// Changes what is owed.
    pub(super) fn change_debt(&mut self, amount: i64) {
        let debt = self.debt.checked_add(amount).filter(|debt| *debt >= 0);
        let Some(debt) = debt else {
            panic!("the decision let the debt {} change by {amount}", self.debt)
        };
        self.debt = debt;
        self.changed = true;
    }

    /// Closes it: all that was in it, and a debt, have gone over.
    pub(super) fn close(&mut self, moved_to: MemberId, moved_debt: i64) {
        self.moved_to = Some(moved_to);
        self.moved_debt = moved_debt;
        self.changed = true;
    }

    /// Opens it again, because its member is itself again.
    pub(super) fn reopen(&mut self) {
        self.moved_to = None;
        self.moved_debt = 0;
        self.changed = true;
    }
}
