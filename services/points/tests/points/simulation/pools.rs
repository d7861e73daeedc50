//! The pools that there are: of members who are merged and parted, so that places in them are handed over and given back, and
//! of others, who come and go. What is left of one that has ended is its owner's, whichever member that becomes.

use std::collections::BTreeSet;

use contracts_points::v1::pool_service_client::PoolServiceClient;
use contracts_points::v1::{CreatePoolRequest, InvitePoolMemberRequest, JoinPoolRequest, PoolRedeemPolicy};
use rpc::Channel;

use super::brand::{Account, FAMILY, MEMBERS, Members};
use super::identity::Leads;

/// A pool, as it is created.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) asset: usize,
    /// Its members by their numbers, the owner first.
    pub(super) members: &'static [usize],
    pub(super) owner_alone: bool,
}

/// Of each asset one, since nobody joins two of the same.
pub(super) const POOLS: [Pool; 2] = [
    Pool {
        asset: 0,
        members: &[1, 0, 3],
        owner_alone: false,
    },
    Pool {
        asset: 1,
        members: &[0, 2, 4, 5],
        owner_alone: true,
    },
];

impl Pool {
    /// A pool's account.
    pub(super) fn account(number: usize) -> Account {
        Account {
            member: MEMBERS + number,
            asset: POOLS[number].asset,
        }
    }

    /// Those of the family who have a place by now: they never leave, so that is who came with one, or whom such a member has
    /// become.
    pub(super) fn of_family(&self, leads: &Leads) -> BTreeSet<usize> {
        let family = self.members.iter().filter(|member| **member < FAMILY);
        family.map(|member| leads.of(*member)).collect()
    }

    /// Who owns it by now.
    pub(super) fn owner(&self, leads: &Leads) -> usize {
        leads.of(self.members[0])
    }

    /// Creates it with all of its members; answers its id.
    pub(super) async fn create(&self, members: Members, channel: Channel) -> String {
        let mut pools = PoolServiceClient::new(channel);
        let asset_code = super::brand::ASSETS[self.asset].code.to_owned();
        let policy = if self.owner_alone {
            PoolRedeemPolicy::Owner
        } else {
            PoolRedeemPolicy::Members
        };
        let request = CreatePoolRequest {
            request_id: format!("pool-{asset_code}"),
            asset_code,
            owner_member_id: members.id(self.members[0]),
            display_name: String::new(),
            redeem_policy: policy.into(),
            members_max: 0,
        };
        let created = pools.create_pool(request).await.unwrap().into_inner();
        let pool_id = created.pool.unwrap().pool_id;
        for member in &self.members[1..] {
            let member_id = members.id(*member);
            let invite = InvitePoolMemberRequest {
                request_id: format!("invite-{pool_id}-{member}"),
                pool_id: pool_id.clone(),
                member_id: member_id.clone(),
            };
            pools.invite_pool_member(invite).await.unwrap();
            let join = JoinPoolRequest {
                request_id: format!("join-{pool_id}-{member}"),
                pool_id: pool_id.clone(),
                member_id,
            };
            pools.join_pool(join).await.unwrap();
        }
        pool_id
    }
}
