use contracts_points::v1::{CreatePoolRequest, CreatePoolResponse};
use fault::Fault;
use ledger::{Pool, PoolMember, PoolRefusal, RedeemPolicy, Refusal, new_pool_id};
use rpc::Call;

use super::refusals::refused;
use super::rows::{joined_pool, save_pool};
use super::{member_in, settled_member_in, with_balance};
use crate::api::PointsApi;
use crate::asset::rows::asset;
use crate::posting;
use crate::posting::facts::pool_created;
use crate::wire::parse_id;

/// How many members a pool may have where the caller does not say.
const MEMBERS_DEFAULT: i32 = 8;

impl PointsApi {
    pub(crate) async fn create_pool(&self, call: Call<CreatePoolRequest>) -> Result<CreatePoolResponse, Fault> {
        let named = parse_id("owner_member_id", &call.owner_member_id)?;
        let policy = RedeemPolicy::from_number(call.redeem_policy)
            .ok_or_else(|| Fault::invalid("redeem_policy", "must be OWNER or MEMBERS"))?;
        let tx = store::begin_or_replay!(self.db, call);
        let (tenant, now) = (call.tenant(), self.clock.now());
        let owner = member_in(&tx, tenant, named).await?;
        let asset = asset(&**tx, tenant, &call.asset_code).await?.asset;
        if !asset.transferable() {
            return Err(posting::refusals::refused(Refusal::TransferForbidden {
                asset: asset.code,
            }));
        }
        if let Some(pool) = joined_pool(&**tx, tenant, owner, &asset.code).await? {
            let (member, asset) = (owner, asset.code);
            return Err(refused(PoolRefusal::Elsewhere { member, pool, asset }));
        }
        let pool = Pool {
            id: new_pool_id(self.clock.uuid()),
            tenant,
            asset: asset.code,
            display_name: call.display_name.clone(),
            owner,
            policy,
            members_max: if call.members_max == 0 {
                MEMBERS_DEFAULT
            } else {
                call.members_max
            },
            members: vec![PoolMember {
                member: owner,
                invite_time: now,
                join_time: Some(now),
            }],
            version: 1,
            create_time: now,
            dissolve_time: None,
        };
        // The place first, then the lock: a merge that gives the owner another place waits for this one while it holds no account.
        save_pool(&tx, &pool).await?;
        if settled_member_in(&tx, &pool, named).await? != owner {
            return Err(Fault::Contended);
        }
        tx.emit_all(&self.clock, vec![pool_created(&pool)]).await?;
        let answer = with_balance(&**tx, &pool, now).await?;
        tx.commit(CreatePoolResponse { pool: Some(answer) }).await
    }
}
