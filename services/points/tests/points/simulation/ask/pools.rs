//! What changes a pool itself.

use contracts_points::v1::pool_service_client::PoolServiceClient;
use contracts_points::v1::*;
use rpc::Channel;
use tonic::Status;

use super::{Ask, Change};
use crate::simulation::answer::Answer;
use crate::simulation::brand::Members;

impl Ask {
    pub(super) async fn change_pool(
        &self,
        request_id: String,
        members: &Members,
        channel: Channel,
    ) -> Result<Answer, Status> {
        Ok(match self {
            Self::Place { pool, member, change } => {
                let (pool_id, member_id) = (members.pools[*pool].clone(), members.id(*member));
                Answer::Place(change_place(*change, request_id, pool_id, member_id, channel).await?)
            }
            Self::Dissolve { pool } => {
                let pool_id = members.pools[*pool].clone();
                let request = DissolvePoolRequest { request_id, pool_id };
                let mut pools = PoolServiceClient::new(channel);
                Answer::Dissolve(pools.dissolve_pool(request).await?.into_inner())
            }
            other => panic!("{other:?} leaves pools as they are"),
        })
    }
}

async fn change_place(
    change: Change,
    request_id: String,
    pool_id: String,
    member_id: String,
    channel: Channel,
) -> Result<Option<Pool>, Status> {
    let mut pools = PoolServiceClient::new(channel);
    Ok(match change {
        Change::Invite => {
            let request = InvitePoolMemberRequest {
                request_id,
                pool_id,
                member_id,
            };
            pools.invite_pool_member(request).await?.into_inner().pool
        }
        Change::Join => {
            let request = JoinPoolRequest {
                request_id,
                pool_id,
                member_id,
            };
            pools.join_pool(request).await?.into_inner().pool
        }
        Change::Leave => {
            let request = RemovePoolMemberRequest {
                request_id,
                pool_id,
                member_id,
            };
            pools.remove_pool_member(request).await?.into_inner().pool
        }
    })
}
