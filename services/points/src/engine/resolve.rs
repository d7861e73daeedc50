use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use fault::Fault;
use kernel::Tenant;
use store::Tx;

use super::{Ask, Subject};
use crate::domain::{AccountKey, Act, Asset, AssetCode, EntryId, MemberId, Posting};
use crate::store::{self as ledger, Whereabouts};

/// What was asked, in terms of accounts as they are today.
pub(super) struct Resolved {
    /// One for each ask, or why there is none.
    pub(super) postings: Vec<Result<Posting, Fault>>,
    /// Accounts that must be created before they are locked.
    pub(super) missing: BTreeSet<AccountKey>,
    /// Accounts of members who were merged into others, with those that are meant instead.
    pub(super) led: HashMap<AccountKey, AccountKey>,
    pub(super) assets: HashMap<(Tenant, AssetCode), Arc<Asset>>,
}

type Owners = HashMap<(Tenant, EntryId), (MemberId, AssetCode)>;

/// The account that an ask means, as its caller named it, and as its entry names it.
struct Meant {
    asked: AccountKey,
    owner: AccountKey,
}

/// Finds the accounts that are meant, for all of them at once.
pub(super) async fn resolve(tx: &Tx, asks: &[&Ask]) -> Result<Resolved, Fault> {
    let owners = owners(tx, asks).await?;
    let meant: Vec<Result<Meant, Fault>> = asks.iter().map(|ask| meant(ask, &owners)).collect();
    let keys: BTreeSet<AccountKey> = meant
        .iter()
        .flatten()
        .flat_map(|meant| [meant.asked.clone(), meant.owner.clone()])
        .collect();
    let found = ledger::whereabouts(tx, &keys).await?;
    let assets = ledger::assets(&**tx, keys.iter().map(ledger::asset_of).collect()).await?;
    let mut missing = BTreeSet::new();
    let postings = asks.iter().zip(meant).map(|(ask, meant)| {
        let today = today(ask, &meant?, &found)?;
        if !assets.contains_key(&ledger::asset_of(&today.account)) {
            return Err(Fault::not_found("asset", &today.account.asset));
        }
        let posting = Posting {
            reference: ask.reference.clone(),
            cost_centre: ask.cost_centre.clone(),
            ..Posting::new(today.account.clone(), ask.act.clone())
        };
        if !today.exists && begins_account(&ask.act) {
            missing.insert(today.account.clone());
        }
        missing.extend(ledger::keys_of(&posting).filter(|key| *key != today.account));
        Ok(posting)
    });
    let postings = postings.collect();
    let led = found
        .iter()
        .filter(|(asked, today)| **asked != today.account)
        .map(|(asked, today)| (asked.clone(), today.account.clone()));
    let led = led.collect();
    Ok(Resolved {
        postings,
        missing,
        led,
        assets,
    })
}

/// Makes sure, now that the accounts are locked, that members who were merged into others still are: an undo of the merge
/// closes no account, and so turns nobody away.
pub(super) async fn check_led(tx: &Tx, led: &HashMap<AccountKey, AccountKey>) -> Result<(), Fault> {
    if led.is_empty() {
        return Ok(());
    }
    let found = ledger::whereabouts(tx, &led.keys().cloned().collect()).await?;
    let is_led = |(asked, to): (&AccountKey, &AccountKey)| found.get(asked).is_some_and(|found| found.account == *to);
    if led.iter().all(is_led) {
        Ok(())
    } else {
        Err(Fault::Contended)
    }
}

async fn owners(tx: &Tx, asks: &[&Ask]) -> Result<Owners, Fault> {
    let entries = asks.iter().filter_map(|ask| match ask.subject {
        Subject::Entry(entry) => Some((ask.key.tenant, entry)),
        Subject::Asset(_) => None,
    });
    let entries: BTreeSet<(Tenant, EntryId)> = entries.collect();
    ledger::owners(tx, &entries).await
}

fn meant(ask: &Ask, owners: &Owners) -> Result<Meant, Fault> {
    let (tenant, member) = (ask.key.tenant, ask.member);
    let (owner, asset) = match &ask.subject {
        Subject::Asset(asset) => (member, asset),
        Subject::Entry(entry) => match owners.get(&(tenant, *entry)) {
            Some((owner, asset)) => (*owner, asset),
            None => return Err(Fault::not_found("entry", entry)),
        },
    };
    let key = |member| AccountKey {
        tenant,
        member,
        asset: asset.clone(),
    };
    Ok(Meant {
        asked: key(member),
        owner: key(owner),
    })
}

/// The account today. The asking member and the entry's are one by now, or the entry is somebody else's.
fn today<'f>(ask: &Ask, meant: &Meant, found: &'f HashMap<AccountKey, Whereabouts>) -> Result<&'f Whereabouts, Fault> {
    let of = |key: &AccountKey| {
        let found = found.get(key);
        found.ok_or_else(|| Fault::internal("an account was not looked for"))
    };
    let (asked, owner) = (of(&meant.asked)?, of(&meant.owner)?);
    match ask.subject {
        Subject::Entry(entry) if asked.account != owner.account => Err(Fault::not_found("entry", entry)),
        Subject::Entry(_) | Subject::Asset(_) => Ok(asked),
    }
}

/// Whether an account that has no row yet gets one. Nothing else can be done to an account that never had an entry.
fn begins_account(act: &Act) -> bool {
    match act {
        Act::Earn { .. } | Act::Adjust { .. } | Act::Move { .. } | Act::Return { .. } => true,
        Act::Redeem { .. }
        | Act::RedeemPool { .. }
        | Act::Reverse { .. }
        | Act::Expire { .. }
        | Act::Confirm { .. }
        | Act::Cancel { .. }
        | Act::Hold { .. }
        | Act::Capture { .. }
        | Act::Release { .. }
        | Act::Transfer { .. } => false,
    }
}
