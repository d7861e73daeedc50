//! Balances: callers who ask while others are being answered share the next statements.

use std::collections::BTreeSet;

use contracts_points::v1;
use fault::Fault;
use kernel::{Clock, Tenant};
use ledger::{AccountKey, AssetCode, MemberId};
use lineage::Redirects;
use runtime::{Asked, Batch, Batcher, Bounds, Outcomes};
use store::Db;

use super::balances::{Wanted, balances_of};
use super::wire::{balance_to_wire, zero_balance};
use crate::asset::rows::assets;

/// How many balances share their statements.
const BALANCES_MAX: u32 = 256;

/// Reads many balances by one set of statements.
pub(crate) struct Reading {
    clock: Clock,
    db: Db,
}

/// One of them.
pub(crate) struct Holding {
    pub(crate) tenant: Tenant,
    pub(crate) member: MemberId,
    pub(crate) asset: AssetCode,
    /// For how many days ahead it is told what expires.
    pub(crate) days: i64,
}

impl Batch for Reading {
    const NOUN: &'static str = "balances to read";
    const FULL: &'static str = "as many balances wait to be read as can be read in time";
    const STOPPED: &'static str = "the service is stopping: repeat the call";

    type Ask = Holding;
    type Answer = v1::Balance;
    type Key = ();

    fn key(_: &Holding) {}

    async fn run(&self, asked: &[Asked<Self>]) -> Outcomes<Self> {
        let (conn, now) = (self.db.read(), self.clock.now());
        let ids = asked.iter().map(|Asked { ask, .. }| (ask.tenant, ask.member));
        let redirects = Redirects::of(conn, ids).await?;
        let wanted = |Asked { ask, .. }: &Asked<Self>| -> Wanted {
            let account = AccountKey {
                tenant: ask.tenant,
                member: redirects.follow(ask.tenant, ask.member),
                asset: ask.asset.clone(),
            };
            (account, now.plus_days(ask.days))
        };
        let wanted: Vec<Wanted> = asked.iter().map(wanted).collect();
        let found = balances_of(conn, wanted.iter().cloned().collect(), now).await?;
        let empty = wanted.iter().filter(|wanted| !found.contains_key(wanted));
        let codes: BTreeSet<_> = empty.map(|(key, _)| (key.tenant, key.asset.clone())).collect();
        let known = assets(conn, codes).await?;
        let outcome = |wanted: Wanted| {
            if let Some(row) = found.get(&wanted) {
                return Ok(balance_to_wire(wanted.0.member, row, now, wanted.1));
            }
            let AccountKey { tenant, member, asset } = wanted.0;
            if known.contains_key(&(tenant, asset.clone())) {
                Ok(zero_balance(member, &asset))
            } else {
                Err(Fault::not_found("asset", &asset))
            }
        };
        Ok(wanted.into_iter().map(outcome).collect())
    }
}

impl Reading {
    pub(crate) fn start(clock: Clock, db: Db) -> Batcher<Self> {
        Batcher::start(Self { clock, db }, Bounds::of_look_ups(BALANCES_MAX))
    }
}
