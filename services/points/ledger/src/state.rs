use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use kernel::{Exact, Time};
use uuid::Uuid;

use super::{
    Account, AccountKey, Adjustment, AdjustmentId, Asset, CostCentre, Earns, Entry, EntryId, EntryKind, Hold, HoldId,
    Lot, LotAmount, LotId, Part, Reversible,
};

/// Everything that postings are decided on: locked accounts, their lots, the entries that are to be reversed, the time,
/// and new numbers for new entries. Deciding moves it on, so that the next posting sees the one before.
pub struct State {
    /// The time at which everything is decided.
    pub now: Time,
    accounts: BTreeMap<AccountKey, Account>,
    pub(super) reversibles: HashMap<EntryId, Reversible>,
    holds: BTreeMap<HoldId, Hold>,
    changed_holds: BTreeSet<HoldId>,
    /// Holds whose parts are in other lots than before.
    replaced_holds: BTreeSet<HoldId>,
    /// Lots that are another member's by now, to which nothing of a posting at hand can come back.
    elsewhere: HashMap<LotId, Lot>,
    adjustments: BTreeMap<AdjustmentId, Adjustment>,
    changed_adjustments: BTreeSet<AdjustmentId>,
    /// The pending earns of those references that postings name, and of those that postings made.
    waiting: BTreeMap<AccountKey, BTreeMap<String, Vec<EntryId>>>,
    /// Who bears the cost of what is granted by the posting at hand.
    pub(super) cost_centre: Option<CostCentre>,
    ids: Box<dyn FnMut() -> Uuid + Send + Sync>,
}

impl State {
    /// A state without accounts, at one moment, with a source of new numbers.
    pub fn new(now: Time, ids: impl FnMut() -> Uuid + Send + Sync + 'static) -> Self {
        Self {
            now,
            accounts: BTreeMap::new(),
            reversibles: HashMap::new(),
            holds: BTreeMap::new(),
            changed_holds: BTreeSet::new(),
            replaced_holds: BTreeSet::new(),
            elsewhere: HashMap::new(),
            adjustments: BTreeMap::new(),
            changed_adjustments: BTreeSet::new(),
            waiting: BTreeMap::new(),
            cost_centre: None,
            ids: Box::new(ids),
        }
    }

    /// Takes in an account that is locked.
    pub fn load(&mut self, key: AccountKey, account: Account) {
        self.accounts.insert(key, account);
    }

    /// Takes in an entry that a posting names.
    pub fn load_reversible(&mut self, reversible: Reversible) {
        self.reversibles.insert(reversible.entry, reversible);
    }

    /// Takes in a hold of a locked account.
    pub fn load_hold(&mut self, hold: Hold) {
        self.holds.insert(hold.id, hold);
    }

    /// Takes note of a lot that is another member's.
    pub fn load_elsewhere(&mut self, lot: Lot) {
        self.elsewhere.insert(lot.id, lot);
    }

    /// A lot that is another member's, if it is known.
    pub(super) fn elsewhere(&self, id: LotId) -> Option<&Lot> {
        self.elsewhere.get(&id)
    }

    /// A hold that was loaded.
    pub fn hold(&self, id: HoldId) -> &Hold {
        let Some(hold) = self.holds.get(&id) else {
            panic!("hold {id} was not loaded")
        };
        hold
    }

    /// The holds that are here, in the order in which they were made.
    pub fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.values()
    }

    /// What there is to write: the holds that are new or have changed.
    pub fn changed_holds(&self) -> impl Iterator<Item = &Hold> {
        self.changed_holds.iter().filter_map(|id| self.holds.get(id))
    }

    /// Puts a hold in the place of what it was before.
    pub(super) fn put_hold(&mut self, hold: Hold) {
        self.changed_holds.insert(hold.id);
        self.holds.insert(hold.id, hold);
    }

    /// Whether the parts of a hold have to be written anew.
    pub fn is_replaced(&self, hold: HoldId) -> bool {
        self.replaced_holds.contains(&hold)
    }

    /// Puts the parts of a hold that were in one lot into another.
    pub(super) fn replace_in_holds(&mut self, holds: &[HoldId], from: LotId, to: LotId) {
        for id in holds {
            let Some(hold) = self.holds.get_mut(id) else {
                panic!("hold {id} was not loaded")
            };
            for part in hold.parts.iter_mut().filter(|part| part.lot == from) {
                part.lot = to;
            }
            self.changed_holds.insert(*id);
            self.replaced_holds.insert(*id);
        }
    }

    /// Takes in an adjustment that is locked.
    pub fn load_adjustment(&mut self, adjustment: Adjustment) {
        self.adjustments.insert(adjustment.id, adjustment);
    }

    /// An adjustment that was loaded.
    pub fn adjustment(&self, id: AdjustmentId) -> &Adjustment {
        let Some(adjustment) = self.adjustments.get(&id) else {
            panic!("adjustment {id} was not loaded")
        };
        adjustment
    }

    /// What there is to write: the adjustments that are new or have changed.
    pub fn changed_adjustments(&self) -> impl Iterator<Item = &Adjustment> {
        self.changed_adjustments
            .iter()
            .filter_map(|id| self.adjustments.get(id))
    }

    /// Puts an adjustment in the place of what it was before.
    pub(super) fn put_adjustment(&mut self, adjustment: Adjustment) {
        self.changed_adjustments.insert(adjustment.id);
        self.adjustments.insert(adjustment.id, adjustment);
    }

    /// The number of a new adjustment.
    pub(super) fn adjustment_id(&mut self) -> AdjustmentId {
        AdjustmentId::from_uuid((self.ids)())
    }

    /// Notes a pending earn of an account under its reference.
    pub fn load_waiting(&mut self, key: &AccountKey, reference: &str, entry: EntryId) {
        let references = self.waiting.entry(key.clone()).or_default();
        references.entry(reference.to_owned()).or_default().push(entry);
    }

    /// The earns that are meant. Whether they are pending still is another question.
    pub fn earns(&self, key: &AccountKey, earns: &Earns) -> Vec<EntryId> {
        match earns {
            Earns::Entry(entry) => vec![*entry],
            Earns::Reference(reference) => {
                let of_account = self.waiting.get(key);
                let found = of_account.and_then(|references| references.get(reference));
                found.cloned().unwrap_or_default()
            }
        }
    }

    /// Notes an earn that has just been booked and is pending, so that a later posting can confirm or cancel it.
    pub(super) fn note_waiting(&mut self, earn: &Entry) {
        let parts = earn.lots.iter().map(|lot| Part {
            lot: lot.lot,
            expire_time: lot.expire_time,
            amount: lot.amount,
            reversed: 0,
        });
        self.load_reversible(Reversible {
            entry: earn.id,
            member: earn.account.member,
            kind: earn.kind,
            amount: earn.amount,
            reversed: 0,
            parts: parts.collect(),
            cost_centre: earn.cost_centre.clone(),
        });
        self.load_waiting(&earn.account, &earn.reference, earn.id);
    }

    /// The number of a new lot that does not bear its entry's.
    pub(super) fn lot_id(&mut self) -> LotId {
        LotId::from_uuid((self.ids)())
    }

    /// The number of a new hold.
    pub(super) fn hold_id(&mut self) -> HoldId {
        HoldId::from_uuid((self.ids)())
    }

    /// The accounts, in the order of their keys.
    pub fn accounts(&self) -> impl Iterator<Item = (&AccountKey, &Account)> {
        self.accounts.iter()
    }

    /// Whether an account was loaded.
    pub fn has_account(&self, key: &AccountKey) -> bool {
        self.accounts.contains_key(key)
    }

    /// An account that was loaded.
    pub fn account(&self, key: &AccountKey) -> &Account {
        let Some(account) = self.accounts.get(key) else {
            panic!("account {key:?} was not loaded")
        };
        account
    }

    /// An account that was loaded, to be changed.
    pub fn account_mut(&mut self, key: &AccountKey) -> &mut Account {
        let Some(account) = self.accounts.get_mut(key) else {
            panic!("account {key:?} was not loaded")
        };
        account
    }

    /// An entry that was loaded to be reversed.
    pub fn reversible(&self, entry: EntryId) -> Option<&Reversible> {
        self.reversibles.get(&entry)
    }

    /// The number of a new entry.
    pub(super) fn entry_id(&mut self) -> EntryId {
        EntryId::from_uuid((self.ids)())
    }

    /// Books an entry on a loaded account: numbers it, and changes the balance by its amount.
    pub(super) fn book(&mut self, key: &AccountKey, kind: EntryKind, amount: i64, lots: Vec<LotAmount>) -> Entry {
        let id = self.entry_id();
        self.book_as(id, key, kind, amount, lots)
    }

    /// Books an entry whose number was taken before, because its new lot bears it.
    pub(super) fn book_as(
        &mut self,
        id: EntryId,
        key: &AccountKey,
        kind: EntryKind,
        amount: i64,
        lots: Vec<LotAmount>,
    ) -> Entry {
        let sum = lots.iter().fold(0_i64, |sum, part| sum.exact_add(part.amount));
        assert!(sum == amount, "an entry of {amount} whose lots sum up to {sum}");
        let post_time = self.account(key).moment(self.now);
        let (sequence, balance) = self.account_mut(key).book(amount);
        Entry {
            id,
            account: key.clone(),
            sequence,
            kind,
            amount,
            balance,
            post_time,
            lots,
            lot_expire_time: None,
            reference: String::new(),
            reverses: None,
            earned_by: None,
            counterpart: None,
            cost_centre: None,
            hold: None,
            debt: 0,
            acting: None,
            adjustment: None,
        }
    }

    /// The asset of a loaded account.
    pub(super) fn asset(&self, key: &AccountKey) -> Arc<Asset> {
        self.account(key).asset.clone()
    }
}
