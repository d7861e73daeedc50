//! The members that callers name: by their ids, which are followed to survivors, and by ids in channels, which identity
//! looks up.
//!
//! Identity is asked before a transaction, never within one.

use std::collections::{BTreeMap, BTreeSet};

use contracts_identity::v1::member_service_client::MemberServiceClient;
use contracts_identity::v1::{BatchGetMembersRequest, BatchLookUpMembersRequest, ExternalIdKey};
use fault::Fault;
use kernel::Tenant;
use lineage::Redirects;
use rpc::Peers;
use store::Db;

use super::MemberId;
use super::rows;
use crate::activity::wire::Who;

/// How many members identity reads in one call.
const GOT_MAX: usize = 200;
/// How many ids in channels identity looks up in one call.
const LOOKED_UP_MAX: usize = 1_000;

/// Who was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The members who are meant; who is unknown is absent.
    pub(crate) members: BTreeMap<Who, MemberId>,
    /// Of the unknown those whom nobody can be: identity would not register them.
    pub(crate) blocked: BTreeSet<Who>,
}

/// Finds members.
#[derive(Clone)]
pub(crate) struct People {
    db: Db,
    peers: Peers,
}

impl People {
    pub(crate) fn new(db: Db, peers: Peers) -> Self {
        Self { db, peers }
    }

    /// The members who are meant.
    pub(crate) async fn find(&self, tenant: Tenant, who: BTreeSet<Who>) -> Result<Found, Fault> {
        let (mut ids, mut externals) = (BTreeSet::new(), Vec::new());
        for who in who {
            match who {
                Who::Member(member) => {
                    ids.insert(member);
                }
                Who::External {
                    channel_code,
                    external_id,
                } => {
                    externals.push(ExternalIdKey {
                        channel_code,
                        external_id,
                    });
                }
            }
        }
        let mut found = self.look_up(tenant, externals).await?;
        found.members.extend(
            self.get(tenant, ids)
                .await?
                .into_iter()
                .map(|(id, member)| (Who::Member(id), member)),
        );
        Ok(found)
    }

    /// One member by id, where it exists.
    pub(crate) async fn find_one(&self, tenant: Tenant, member: MemberId) -> Result<Option<MemberId>, Fault> {
        Ok(self.get(tenant, BTreeSet::from([member])).await?.get(&member).copied())
    }

    /// Where an id leads here, whether or not there is such a member.
    pub(crate) async fn survivor(&self, tenant: Tenant, member: MemberId) -> Result<MemberId, Fault> {
        lineage::follow(self.db.read(), tenant, member).await
    }

    /// Most members are known here already; identity is asked for the rest, who may have registered a moment ago.
    async fn get(&self, tenant: Tenant, ids: BTreeSet<MemberId>) -> Result<BTreeMap<MemberId, MemberId>, Fault> {
        let named: Vec<_> = ids.iter().map(|id| (tenant, *id)).collect();
        let redirects = Redirects::of(self.db.read(), named).await?;
        let survivors: BTreeMap<MemberId, MemberId> =
            ids.into_iter().map(|id| (id, redirects.follow(tenant, id))).collect();
        let known = rows::known(self.db.read(), tenant, &survivors.values().copied().collect()).await?;
        let (mut found, unknown): (BTreeMap<_, _>, BTreeMap<_, _>) = survivors
            .into_iter()
            .partition(|(_, survivor)| known.contains(survivor));
        let unknown: Vec<(MemberId, MemberId)> = unknown.into_iter().collect();
        for chunk in unknown.chunks(GOT_MAX) {
            let member_ids = chunk.iter().map(|(_, survivor)| survivor.to_string()).collect();
            let mut identity = MemberServiceClient::new(self.peers.channel("identity").on_behalf_of(tenant)?);
            let answer = identity.batch_get_members(BatchGetMembersRequest { member_ids }).await;
            let results = answer.map_err(Fault::from_peer)?.into_inner().results;
            for ((id, _), result) in chunk.iter().zip(results) {
                if let Some(member) = result.member {
                    found.insert(*id, member.member_id.parse().map_err(Fault::internal)?);
                }
            }
        }
        Ok(found)
    }

    async fn look_up(&self, tenant: Tenant, keys: Vec<ExternalIdKey>) -> Result<Found, Fault> {
        let mut found = Found::default();
        for chunk in keys.chunks(LOOKED_UP_MAX) {
            let mut identity = MemberServiceClient::new(self.peers.channel("identity").on_behalf_of(tenant)?);
            let answer = identity
                .batch_look_up_members(BatchLookUpMembersRequest { keys: chunk.to_vec() })
                .await;
            let answer = answer.map_err(Fault::from_peer)?.into_inner();
            for (key, member_id) in chunk.iter().zip(answer.member_ids) {
                if !member_id.is_empty() {
                    let member = member_id.parse().map_err(Fault::internal)?;
                    found.members.insert(external(key), member);
                }
            }
            let blocked = answer.blocked_key_indexes.into_iter();
            let blocked = blocked.filter_map(|index| chunk.get(usize::try_from(index).ok()?));
            found.blocked.extend(blocked.map(external));
        }
        Ok(found)
    }
}

fn external(key: &ExternalIdKey) -> Who {
    Who::External {
        channel_code: key.channel_code.clone(),
        external_id: key.external_id.clone(),
    }
}
