use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kernel::Time;
use uuid::Uuid;

use super::{Account, AccountKey, Asset, CostCentre, Entry, EntryId, EntryKind, LotAmount, Reversible};

/// Everything that postings are decided on: locked accounts, their lots, the entries that are to be reversed, the time,
/// and new numbers for new entries. Deciding moves it on, so that the next posting sees the one before.
pub(crate) struct State {
    pub(crate) now: Time,
    accounts: BTreeMap<AccountKey, Account>,
    pub(super) reversibles: HashMap<EntryId, Reversible>,
    /// Who bears the cost of what is granted by the posting at hand.
    pub(super) cost_centre: Option<CostCentre>,
    ids: Box<dyn FnMut() -> Uuid + Send + Sync>,
}

impl State {
    /// A state without accounts, at one moment, with a source of new numbers.
    pub(crate) fn new(now: Time, ids: impl FnMut() -> Uuid + Send + Sync + 'static) -> Self {
        Self {
            now,
            accounts: BTreeMap::new(),
            reversibles: HashMap::new(),
            cost_centre: None,
            ids: Box::new(ids),
        }
    }

    pub(crate) fn load(&mut self, key: AccountKey, account: Account) {
        self.accounts.insert(key, account);
    }

    pub(crate) fn load_reversible(&mut self, reversible: Reversible) {
        self.reversibles.insert(reversible.entry, reversible);
    }

    /// The accounts, in the order of their keys.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = (&AccountKey, &Account)> {
        self.accounts.iter()
    }

    /// An account that was loaded.
    pub(crate) fn account(&self, key: &AccountKey) -> &Account {
        let Some(account) = self.accounts.get(key) else {
            panic!("account {key:?} was not loaded")
        };
        account
    }

    /// An account that was loaded, to be changed.
    pub(crate) fn account_mut(&mut self, key: &AccountKey) -> &mut Account {
        let Some(account) = self.accounts.get_mut(key) else {
            panic!("account {key:?} was not loaded")
        };
        account
    }

    /// An entry that was loaded to be reversed.
    pub(crate) fn reversible(&self, entry: EntryId) -> Option<&Reversible> {
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
        let sum = lots.iter().fold(0_i64, |sum, part| sum.saturating_add(part.amount));
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
        }
    }

    /// The asset of a loaded account.
    pub(super) fn asset(&self, key: &AccountKey) -> Arc<Asset> {
        self.account(key).asset.clone()
    }
}
