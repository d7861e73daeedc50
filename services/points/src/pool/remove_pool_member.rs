use contracts_points::v1::{RemovePoolMemberRequest, RemovePoolMemberResponse};
use fault::Fault;
use rpc::Call;

use super::refusals::refused;
use super::rows::pool_for_update;
use super::wire::parse_pool;
use super::{member_in, save};
use crate::api::PointsApi;
use crate::posting::facts::pool_member_left;
use crate::wire::parse_id;

impl PointsApi {
    pub(crate) async fn remove_pool_member(
        &self,
        call: Call<RemovePoolMemberRequest>,
    ) -> Result<RemovePoolMemberResponse, Fault> {
        let id = parse_pool(&call.pool_id)?;
        let member = parse_id("member_id", &call.member_id)?;
        let tx = store::begin_or_replay!(self.db, call);
        let mut pool = pool_for_update(&tx, call.tenant(), id).await?;
        // Not before: a merge that hands the place on locks the pool, too.
        let member = member_in(&tx, call.tenant(), member).await?;
        let now = self.clock.now();
        pool.remove(member).map_err(refused)?;
        tx.emit_all(&self.clock, vec![pool_member_left(&pool, member, now)])
            .await?;
        let answer = save(&tx, &mut pool, now).await?;
        tx.commit(RemovePoolMemberResponse { pool: Some(answer) }).await
    }
}
