use contracts_points::v1::{UpdatePoolRequest, UpdatePoolResponse};
use fault::Fault;
use ledger::{Pool, PoolRefusal};
use rpc::Call;

use super::refusals::refused;
use super::rows::pool_for_update;
use super::wire::{PoolPatch, parse_pool};
use super::{member_in, save};
use crate::api::PointsApi;

impl PointsApi {
    pub(crate) async fn update_pool(&self, call: Call<UpdatePoolRequest>) -> Result<UpdatePoolResponse, Fault> {
        let id = parse_pool(&call.pool_id)?;
        let sent = call
            .pool
            .as_ref()
            .ok_or_else(|| Fault::invalid("pool", "is required"))?;
        let mut patch = PoolPatch::masked(sent, call.update_mask.as_ref())?;
        let tx = store::begin_or_replay!(self.db, call);
        let mut pool = pool_for_update(&tx, call.tenant(), id).await?;
        // Not before: a merge that hands the place on locks the pool, too.
        if let Some(owner) = patch.owner {
            patch.owner = Some(member_in(&tx, call.tenant(), owner).await?);
        }
        Fault::check_etag(&call.etag, pool.version)?;
        apply(&mut pool, patch).map_err(refused)?;
        let answer = save(&tx, &mut pool, self.clock.now()).await?;
        tx.commit(UpdatePoolResponse { pool: Some(answer) }).await
    }
}

fn apply(pool: &mut Pool, patch: PoolPatch) -> Result<(), PoolRefusal> {
    pool.check_open()?;
    let PoolPatch {
        display_name,
        owner,
        policy,
        members_max,
    } = patch;
    pool.display_name = display_name.unwrap_or(std::mem::take(&mut pool.display_name));
    pool.policy = policy.unwrap_or(pool.policy);
    pool.members_max = members_max.unwrap_or(pool.members_max);
    pool.check_size()?;
    owner.map_or(Ok(()), |owner| pool.hand_over(owner))
}
