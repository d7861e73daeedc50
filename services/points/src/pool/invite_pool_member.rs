use contracts_points::v1::{InvitePoolMemberRequest, InvitePoolMemberResponse};
use fault::Fault;
use rpc::Call;

use super::refusals::refused;
use super::rows::pool_for_update;
use super::wire::parse_pool;
use super::{save, settled_member_in, with_balance};
use crate::api::PointsApi;
use crate::posting::facts::pool_member_invited;
use crate::wire::parse_id;

impl PointsApi {
    pub(crate) async fn invite_pool_member(
        &self,
        call: Call<InvitePoolMemberRequest>,
    ) -> Result<InvitePoolMemberResponse, Fault> {
        let id = parse_pool(&call.pool_id)?;
        let member = parse_id("member_id", &call.member_id)?;
        let tx = store::begin_or_replay!(self.db, call);
        let mut pool = pool_for_update(&tx, call.tenant(), id).await?;
        let member = settled_member_in(&tx, &pool, member).await?;
        let now = self.clock.now();
        let answer = if pool.invite(member, now).map_err(refused)? {
            tx.emit_all(&self.clock, vec![pool_member_invited(&pool, member, now)])
                .await?;
            save(&tx, &mut pool, now).await?
        } else {
            with_balance(&**tx, &pool, now).await?
        };
        tx.commit(InvitePoolMemberResponse { pool: Some(answer) }).await
    }
}
