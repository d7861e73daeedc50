use contracts_points::v1::{JoinPoolRequest, JoinPoolResponse};
use fault::Fault;
use rpc::Call;

use super::refusals::refused;
use super::rows::{joined_pool, pool_for_update};
use super::wire::parse_pool;
use super::{save, settled_member_in, with_balance};
use crate::api::PointsApi;
use crate::posting::facts::pool_member_joined;
use crate::wire::parse_id;

impl PointsApi {
    pub(crate) async fn join_pool(&self, call: Call<JoinPoolRequest>) -> Result<JoinPoolResponse, Fault> {
        let id = parse_pool(&call.pool_id)?;
        let member = parse_id("member_id", &call.member_id)?;
        let tx = store::begin_or_replay!(self.db, call);
        let mut pool = pool_for_update(&tx, call.tenant(), id).await?;
        let member = settled_member_in(&tx, &pool, member).await?;
        let now = self.clock.now();
        let elsewhere = joined_pool(&**tx, call.tenant(), member, &pool.asset).await?;
        let answer = if pool.join(member, elsewhere, now).map_err(refused)? {
            tx.emit_all(&self.clock, vec![pool_member_joined(&pool, member, now)])
                .await?;
            save(&tx, &mut pool, now).await?
        } else {
            with_balance(&**tx, &pool, now).await?
        };
        tx.commit(JoinPoolResponse { pool: Some(answer) }).await
    }
}
