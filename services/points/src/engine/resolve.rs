use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use fault::Fault;
use kernel::Tenant;
use store::Tx;
use uuid::Uuid;

use super::{Ask, Subject};
use crate::domain::{AccountKey, Act, Asset, AssetCode, Posting};
use crate::store::{self as ledger, Owned, Whereabouts};

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

type Owners = HashMap<(Owned, Tenant, Uuid), AccountKey>;
type Found = HashMap<AccountKey, Whereabouts>;

/// The accounts that an ask means, by the ids that its caller, its entry, hold or adjustment, named.
struct Meant {
    account: AccountKey,
    /// That of the entry, which must be the same today.
    owner: Option<AccountKey>,
    /// That of the other member.
    receiver: Option<AccountKey>,
}

impl Meant {
    fn keys(&self) -> impl Iterator<Item = &AccountKey> {
        std::iter::once(&self.account).chain(&self.owner).chain(&self.receiver)
    }
}

/// Finds the accounts that are meant, for all of them at once.
pub(super) async fn resolve(tx: &Tx, asks: &[&Ask]) -> Result<Resolved, Fault> {
    let owned = asks.iter().filter_map(|ask| owned(ask)).collect();
    let owners = ledger::owners(tx, &owned).await?;
    let meant: Vec<Result<Meant, Fault>> = asks.iter().map(|ask| meant(ask, &owners)).collect();
    let keys: BTreeSet<AccountKey> = meant.iter().flatten().flat_map(Meant::keys).cloned().collect();
    let found = ledger::whereabouts(tx, &keys).await?;
    let assets = ledger::assets(&**tx, keys.iter().map(ledger::asset_of).collect()).await?;
    let mut missing = BTreeSet::new();
    let postings = asks.iter().zip(meant).map(|(ask, meant)| {
        let meant = meant?;
        let (today, receiver) = today(ask, &meant, &found)?;
        let Some(asset) = assets.get(&ledger::asset_of(&today.account)) else {
            return Err(Fault::not_found("asset", &today.account.asset));
        };
        if !today.exists && begins_account(&ask.act, asset) {
            missing.insert(today.account.clone());
        }
        missing.extend(receiver.filter(|it| !it.exists).map(|it| it.account.clone()));
        Ok(Posting {
            reference: ask.reference.clone(),
            cost_centre: ask.cost_centre.clone(),
            ..Posting::new(today.account.clone(), towards(&ask.act, receiver))
        })
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

/// What the ask names instead of an account.
fn owned(ask: &Ask) -> Option<(Owned, Tenant, Uuid)> {
    let (owned, id) = match ask.subject {
        Subject::Asset(..) => return None,
        Subject::Entry(_, entry) => (Owned::Entry, entry.uuid()),
        Subject::Hold(hold) => (Owned::Hold, hold.uuid()),
        Subject::Adjustment(adjustment) => (Owned::Adjustment, adjustment.uuid()),
    };
    Some((owned, ask.key.tenant, id))
}

fn meant(ask: &Ask, owners: &Owners) -> Result<Meant, Fault> {
    let owner = owned(ask).and_then(|owned| owners.get(&owned));
    let account = match &ask.subject {
        Subject::Asset(member, asset) => AccountKey {
            tenant: ask.key.tenant,
            member: *member,
            asset: asset.clone(),
        },
        Subject::Entry(member, entry) => AccountKey {
            member: *member,
            ..owner.cloned().ok_or_else(|| Fault::not_found("entry", entry))?
        },
        Subject::Hold(hold) => owner.cloned().ok_or_else(|| Fault::not_found("hold", hold))?,
        Subject::Adjustment(adjustment) => owner
            .cloned()
            .ok_or_else(|| Fault::not_found("adjustment", adjustment))?,
    };
    let receiver = ask.act.receiver().map(|member| AccountKey {
        member,
        ..account.clone()
    });
    Ok(Meant {
        account,
        owner: owner.cloned(),
        receiver,
    })
}

/// The accounts today. The asking member and the entry's are one by now, or the entry is somebody else's.
fn today<'f>(ask: &Ask, meant: &Meant, found: &'f Found) -> Result<(&'f Whereabouts, Option<&'f Whereabouts>), Fault> {
    let of = |key: &AccountKey| {
        let found = found.get(key);
        found.ok_or_else(|| Fault::internal("an account was not looked for"))
    };
    let (asked, owner) = (of(&meant.account)?, meant.owner.as_ref().map(of).transpose()?);
    match ask.subject {
        Subject::Entry(_, entry) if owner.is_none_or(|owner| owner.account != asked.account) => {
            Err(Fault::not_found("entry", entry))
        }
        Subject::Entry(..) | Subject::Asset(..) | Subject::Hold(_) | Subject::Adjustment(_) => {
            Ok((asked, meant.receiver.as_ref().map(of).transpose()?))
        }
    }
}

/// What is asked for, with the other member as it is known today.
fn towards(act: &Act, receiver: Option<&Whereabouts>) -> Act {
    match (act, receiver) {
        (Act::Transfer { amount, .. }, Some(receiver)) => Act::Transfer {
            to: receiver.account.member,
            amount: *amount,
        },
        (act, _) => act.clone(),
    }
}

/// Whether an account that has no row yet gets one. Nothing else can be done to an account that never had an entry.
fn begins_account(act: &Act, asset: &Asset) -> bool {
    match act {
        Act::Earn { .. } | Act::Approve { .. } | Act::Move { .. } | Act::Return { .. } => true,
        Act::Adjust(correction) => correction.amount > 0 && asset.is_adjusted_alone(correction.amount),
        Act::Redeem { .. }
        | Act::RedeemPool { .. }
        | Act::Reverse { .. }
        | Act::Expire { .. }
        | Act::Confirm { .. }
        | Act::Cancel { .. }
        | Act::Hold { .. }
        | Act::Capture { .. }
        | Act::Release { .. }
        | Act::Transfer { .. }
        | Act::Reject { .. } => false,
    }
}
