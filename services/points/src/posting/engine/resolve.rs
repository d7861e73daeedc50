use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use fault::Fault;
use kernel::Tenant;
use ledger::{AccountKey, Act, Asset, AssetCode, MemberId, Pool, PoolId, PoolRefusal, Posting};
use store::Tx;
use uuid::Uuid;

use super::{Ask, Subject};
use crate::member::owners::Owned;
use crate::posting::whereabouts::Whereabouts;
use crate::{asset, member, pool, posting};

/// What was asked, in terms of accounts as they are today.
pub(crate) struct Resolved {
    /// One for each ask, or why there is none.
    pub(crate) postings: Vec<Result<Posting, Fault>>,
    /// Accounts that must be created before they are locked.
    pub(crate) missing: BTreeSet<AccountKey>,
    /// Accounts of members who were merged into others, with those that are meant instead.
    pub(crate) led: HashMap<AccountKey, AccountKey>,
    pub(crate) assets: HashMap<(Tenant, AssetCode), Arc<Asset>>,
}

type Owners = HashMap<(Owned, Tenant, Uuid), AccountKey>;
type Pools = HashMap<(Tenant, PoolId), Pool>;
type Found = HashMap<AccountKey, Whereabouts>;

/// The accounts that an ask means, by the ids that its caller, its entry, hold or adjustment, named.
struct Meant {
    account: AccountKey,
    /// That of the entry, which must be the same today.
    owner: Option<AccountKey>,
    /// That of the other member.
    receiver: Option<AccountKey>,
    /// That of the member who acts for a pool.
    spender: Option<AccountKey>,
}

impl Meant {
    fn keys(&self) -> impl Iterator<Item = &AccountKey> {
        let others = [&self.owner, &self.receiver, &self.spender];
        std::iter::once(&self.account).chain(others.into_iter().flatten())
    }
}

/// The accounts as they are today.
struct Today<'f> {
    account: &'f Whereabouts,
    receiver: Option<&'f Whereabouts>,
    spender: Option<MemberId>,
}

/// Finds the accounts that are meant, for all of them at once.
///
/// Pools are locked before it is looked whom members lead to: a merge that hands on a place in one of them locks it, too,
/// and has been seen as a whole by then, or waits.
pub(crate) async fn resolve(tx: &Tx, asks: &[&Ask]) -> Result<Resolved, Fault> {
    let named = asks
        .iter()
        .filter_map(|ask| Some((ask.key.tenant, ask.subject.pool()?)));
    let pools = pool::rows::lock_pools(tx, &named.collect()).await?;
    let owned = asks.iter().filter_map(|ask| owned(ask)).collect();
    let owners = member::owners::owners(tx, &owned).await?;
    let meant: Vec<Result<Meant, Fault>> = asks.iter().map(|ask| meant(ask, &owners, &pools)).collect();
    let keys: BTreeSet<AccountKey> = meant.iter().flatten().flat_map(Meant::keys).cloned().collect();
    let found = posting::whereabouts::whereabouts(tx, &keys).await?;
    let assets = asset::rows::assets(&**tx, keys.iter().map(posting::load::asset_of).collect()).await?;
    let mut missing = BTreeSet::new();
    let postings = asks.iter().zip(meant).map(|(ask, meant)| {
        let meant = meant?;
        let Today {
            account,
            receiver,
            spender,
        } = today(ask, &meant, &found)?;
        let Some(asset) = assets.get(&posting::load::asset_of(&account.account)) else {
            return Err(Fault::not_found("asset", &account.account.asset));
        };
        check_place(ask, &pools, account.account.member, spender).map_err(pool::refusals::refused)?;
        if !account.exists && ask.act.needs().begins.of(asset) {
            missing.insert(account.account.clone());
        }
        missing.extend(receiver.filter(|it| !it.exists).map(|it| it.account.clone()));
        Ok(Posting {
            reference: ask.reference.clone(),
            cost_centre: ask.cost_centre.clone(),
            ..Posting::new(account.account.clone(), towards(&ask.act, receiver, spender))
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
pub(crate) async fn check_led(tx: &Tx, led: &HashMap<AccountKey, AccountKey>) -> Result<(), Fault> {
    if led.is_empty() {
        return Ok(());
    }
    let found = posting::whereabouts::whereabouts(tx, &led.keys().cloned().collect()).await?;
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
        Subject::Asset(..) | Subject::PoolGiver(..) | Subject::PoolSpender(..) => return None,
        Subject::Entry(_, entry) | Subject::PoolEntry(_, entry) => (Owned::Entry, entry.uuid()),
        Subject::Hold(hold) => (Owned::Hold, hold.uuid()),
        Subject::Adjustment(adjustment) => (Owned::Adjustment, adjustment.uuid()),
    };
    Some((owned, ask.key.tenant, id))
}

fn meant(ask: &Ask, owners: &Owners, pools: &Pools) -> Result<Meant, Fault> {
    let found = owned(ask).and_then(|owned| owners.get(&owned));
    let of = |noun: &'static str, id: String| found.cloned().ok_or_else(|| Fault::not_found(noun, id));
    let pool = |id: &PoolId| {
        let pool = pools.get(&(ask.key.tenant, *id));
        pool.ok_or_else(|| Fault::not_found("pool", id))
    };
    let member = |member: MemberId, account: AccountKey| AccountKey { member, ..account };
    let (mut owner, mut spender) = (None, None);
    let account = match &ask.subject {
        Subject::Asset(member, asset) => AccountKey {
            tenant: ask.key.tenant,
            member: *member,
            asset: asset.clone(),
        },
        Subject::Entry(asked, entry) => {
            owner = Some(of("entry", entry.to_string())?);
            member(*asked, of("entry", entry.to_string())?)
        }
        Subject::Hold(hold) => of("hold", hold.to_string())?,
        Subject::Adjustment(adjustment) => of("adjustment", adjustment.to_string())?,
        Subject::PoolGiver(asked, id) => member(*asked, pool(id)?.account()),
        Subject::PoolSpender(id, asked) => {
            spender = Some(member(*asked, pool(id)?.account()));
            pool(id)?.account()
        }
        Subject::PoolEntry(id, entry) => {
            let account = pool(id)?.account();
            found
                .filter(|owner| **owner == account)
                .cloned()
                .ok_or_else(|| Fault::not_found("entry", entry))?
        }
    };
    let receiver = ask.act.needs().receiver.map(|to| member(to, account.clone()));
    Ok(Meant {
        account,
        owner,
        receiver,
        spender,
    })
}

/// The accounts today. The asking member and the entry's are one by now, or the entry is somebody else's.
fn today<'f>(ask: &Ask, meant: &Meant, found: &'f Found) -> Result<Today<'f>, Fault> {
    let of = |key: &AccountKey| {
        let found = found.get(key);
        found.ok_or_else(|| Fault::internal("an account was not looked for"))
    };
    let (asked, owner) = (of(&meant.account)?, meant.owner.as_ref().map(of).transpose()?);
    if let Subject::Entry(_, entry) = ask.subject
        && owner.is_none_or(|owner| owner.account != asked.account)
    {
        return Err(Fault::not_found("entry", entry));
    }
    let spender = meant.spender.as_ref().map(of).transpose()?;
    Ok(Today {
        account: asked,
        receiver: meant.receiver.as_ref().map(of).transpose()?,
        spender: spender.map(|spender| spender.account.member),
    })
}

/// Refuses members who may not do to a pool what they ask for. Its places are locked.
fn check_place(ask: &Ask, pools: &Pools, giver: MemberId, spender: Option<MemberId>) -> Result<(), PoolRefusal> {
    let pool = ask.subject.pool().and_then(|id| pools.get(&(ask.key.tenant, id)));
    match (&ask.subject, pool, spender) {
        (Subject::PoolGiver(..), Some(pool), _) => pool.check_contribution(giver),
        (Subject::PoolSpender(..), Some(pool), Some(spender)) => pool.check_redemption(spender),
        _ => Ok(()),
    }
}

/// What is asked for, with the other member as it is known today.
fn towards(act: &Act, receiver: Option<&Whereabouts>, spender: Option<MemberId>) -> Act {
    match (act, receiver, spender) {
        (Act::Transfer { amount, .. }, Some(receiver), _) => Act::Transfer {
            to: receiver.account.member,
            amount: *amount,
        },
        (Act::RedeemPool { amount, .. }, _, Some(by)) => Act::RedeemPool { by, amount: *amount },
        (Act::HoldPool { amount, ttl, .. }, _, Some(by)) => Act::HoldPool {
            by,
            amount: *amount,
            ttl: *ttl,
        },
        (act, ..) => act.clone(),
    }
}
