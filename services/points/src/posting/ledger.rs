use contracts_points::v1::{RedeemPointsRequest, RedeemPointsResponse};
use fault::Fault;
use kernel::{Clock, Principal, Tenant};
use prost::Message;
use store::Db;

use crate::posting::engine::Engine;
use crate::posting::request::ask;

/// The ledger without a server around it, for a bench that shares its process: what does a transaction cost, and
/// what do many that share one?
#[derive(Clone)]
pub struct Ledger {
    engine: Engine,
}

impl Ledger {
    /// The ledger in a database that has its tables, with an engine of its own.
    pub fn start(clock: Clock, db: Db) -> Self {
        Self {
            engine: Engine::start(clock, db),
        }
    }

    /// Redeems as the method does: in one transaction with whatever else is asked for at the time.
    pub async fn redeem(&self, tenant: Tenant, request: &RedeemPointsRequest) -> Result<RedeemPointsResponse, Fault> {
        self.engine.post(ask(&caller(tenant), request)?).await
    }

    /// Redeems as a batch of one does that is all or nothing: in a transaction of its own, by the same statements.
    pub async fn redeem_alone(
        &self,
        tenant: Tenant,
        request: &RedeemPointsRequest,
    ) -> Result<RedeemPointsResponse, Fault> {
        let ask = ask(&caller(tenant), request)?;
        let outcome = self.engine.post_together(&[ask], true).await?.pop().flatten();
        let answer = outcome.ok_or_else(|| Fault::internal("a posting without an outcome"))??;
        RedeemPointsResponse::decode(&*answer).map_err(Fault::internal)
    }
}

fn caller(tenant: Tenant) -> Principal {
    Principal::service(crate::NAME, tenant)
}
