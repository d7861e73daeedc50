use contracts::points::v1::{RedeemPointsRequest, RedeemPointsResponse};
use fault::Fault;
use kernel::{Clock, Principal, Tenant};
use store::{Begun, Db};

use crate::domain::Posting;
use crate::engine::{Ask, Engine, Subject};
use crate::post::{account_of, post_one};
use crate::wire::{PostingRequest, ask};

/// The ledger without a server around it, for whoever shares its process to measure it: what does a transaction cost, and
/// what do many that share one?
#[derive(Clone)]
pub struct Ledger {
    clock: Clock,
    db: Db,
    engine: Engine,
}

impl Ledger {
    /// The ledger in a database that has its tables, with an engine of its own.
    pub fn start(clock: Clock, db: Db) -> Self {
        let engine = Engine::start(clock.clone(), db.clone());
        Self { clock, db, engine }
    }

    /// Redeems as the method does: in one transaction with whatever else is asked for at the time.
    pub async fn redeem(&self, tenant: Tenant, request: &RedeemPointsRequest) -> Result<RedeemPointsResponse, Fault> {
        self.engine.post(ask(&caller(tenant), request)?).await
    }

    /// Redeems in a transaction of its own, as methods do that post seldom: the same request id, decision, rows and facts.
    pub async fn redeem_alone(
        &self,
        tenant: Tenant,
        request: &RedeemPointsRequest,
    ) -> Result<RedeemPointsResponse, Fault> {
        rpc::retry(|| self.redeem_once(tenant, request)).await
    }

    async fn redeem_once(&self, tenant: Tenant, request: &RedeemPointsRequest) -> Result<RedeemPointsResponse, Fault> {
        let Ask {
            key,
            subject: Subject::Asset(member, asset),
            act,
            reference,
            cost_centre,
            answer: _,
        } = ask(&caller(tenant), request)?
        else {
            return Err(Fault::internal("a redemption names an asset"));
        };
        let tx = match self.db.begin_once(&key).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let account = account_of(&tx, tenant, member, &asset).await?;
        let posting = Posting {
            reference,
            cost_centre,
            ..Posting::new(account, act)
        };
        let effects = post_one(&tx, &self.clock, posting).await?;
        tx.commit(RedeemPointsRequest::response(&effects)).await
    }
}

fn caller(tenant: Tenant) -> Principal {
    Principal::service(crate::NAME, tenant)
}
