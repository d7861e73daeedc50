use contracts_points::v1::{DissolvePoolRequest, DissolvePoolResponse};
use fault::Fault;
use ledger::{Act, EntryKind, Posting};
use rpc::Call;
use store::redirects;

use super::refusals::refused;
use super::rows::pool_for_update;
use super::save;
use super::wire::parse_pool;
use crate::account::wire::entry_to_wire;
use crate::api::PointsApi;
use crate::posting::facts::pool_dissolved;
use crate::posting::post::{account_of, post_one};

impl PointsApi {
    pub(crate) async fn dissolve_pool(&self, call: Call<DissolvePoolRequest>) -> Result<DissolvePoolResponse, Fault> {
        let id = parse_pool(&call.pool_id)?;
        let tx = store::begin_or_replay!(self.db, call);
        let (tenant, now) = (call.tenant(), self.clock.now());
        let mut pool = pool_for_update(&tx, tenant, id).await?;
        pool.dissolve(now).map_err(refused)?;
        let owner = account_of(&tx, tenant, pool.owner, &pool.asset).await?.member;
        let posting = Posting::new(pool.account(), Act::Move { to: owner });
        let effects = post_one(&tx, &self.clock, posting).await?;
        redirects::add(&**tx, tenant, id.uuid(), owner.uuid()).await?;
        tx.emit_all(&self.clock, vec![pool_dissolved(&pool, now)]).await?;
        let answer = save(&tx, &mut pool, now).await?;
        let arrived = effects.entries.iter().find(|entry| entry.kind == EntryKind::MoveIn);
        tx.commit(DissolvePoolResponse {
            pool: Some(answer),
            entry: arrived.map(entry_to_wire),
        })
        .await
    }
}
