//! Who is meant, of many callers at a time: what is asked while others are looked up shares the next statements, and the next
//! calls of identity.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contracts_identity::v1::member_service_client::MemberServiceClient;
use contracts_identity::v1::{BatchGetMembersRequest, BatchLookUpMembersRequest, ExternalIdKey};
use fault::Fault;
use futures::{StreamExt, TryStreamExt, stream};
use kernel::Tenant;
use lineage::Redirects;
use rpc::Peers;
use runtime::{Asked, Batch, Batcher, Bounds, Outcomes};
use store::Db;

use super::MemberId;
use super::rows;
use crate::activity::wire::Who;

/// How many persons share their statements.
const PERSONS_MAX: u32 = 2_000;
/// How many members identity reads in one call.
const GOT_MAX: usize = 200;
/// How many ids in channels identity looks up in one call.
const LOOKED_UP_MAX: usize = 1_000;
/// How many calls of identity are under way at a time for one run.
const CALLS_MAX: usize = 8;

/// Finds the persons of many callers by one set of statements.
pub(crate) struct Finding {
    db: Db,
    peers: Peers,
}

/// The persons whom one caller names.
pub(crate) struct Named {
    pub(crate) tenant: Tenant,
    pub(crate) who: Vec<Who>,
}

/// Who is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meant {
    /// This member.
    Is(MemberId),
    /// Nobody who is known.
    Unknown,
    /// Nobody, and nobody can be: identity would not register them.
    Nobody,
}

impl Meant {
    /// The member, where there is one.
    pub(crate) fn member(self) -> Option<MemberId> {
        match self {
            Self::Is(member) => Some(member),
            Self::Unknown | Self::Nobody => None,
        }
    }
}

impl Batch for Finding {
    const NOUN: &'static str = "persons who are looked for";
    const FULL: &'static str = "as many persons wait to be looked for as can be found in time";
    const STOPPED: &'static str = "the service is stopping: repeat the call";

    type Ask = Named;
    /// Of each person in its place.
    type Answer = Vec<Meant>;
    type Key = ();

    fn key(_: &Named) {}

    fn weight(ask: &Named) -> u32 {
        u32::try_from(ask.who.len()).unwrap_or(u32::MAX)
    }

    async fn run(&self, asked: &[Asked<Self>]) -> Outcomes<Self> {
        let persons = asked
            .iter()
            .flat_map(|Asked { ask, .. }| ask.who.iter().map(|who| (ask.tenant, who)));
        let found = Asked::on_behalf_of_all(asked, self.find(persons.collect())).await?;
        let meant = |tenant: Tenant, who: &Who| found.get(&(tenant, who)).copied().unwrap_or(Meant::Unknown);
        let outcome = |Asked { ask, .. }: &Asked<Self>| Ok(ask.who.iter().map(|who| meant(ask.tenant, who)).collect());
        Ok(asked.iter().map(outcome).collect())
    }
}

/// Who was found; who is unknown may be absent.
type Found<'w> = HashMap<(Tenant, &'w Who), Meant>;

impl Finding {
    pub(crate) fn start(db: Db, peers: Peers) -> Batcher<Self> {
        Batcher::start(Self { db, peers }, Bounds::of_look_ups(PERSONS_MAX))
    }

    async fn find<'w>(&self, persons: Vec<(Tenant, &'w Who)>) -> Result<Found<'w>, Fault> {
        let (mut ids, mut externals) = (BTreeMap::new(), BTreeMap::<Tenant, BTreeSet<&Who>>::new());
        for (tenant, who) in persons {
            match who {
                Who::Member(id) => drop(ids.insert((tenant, *id), who)),
                Who::External { .. } => drop(externals.entry(tenant).or_default().insert(who)),
            }
        }
        let (of_ids, of_externals) = futures::try_join!(self.get(&ids), self.look_up(externals))?;
        let of_ids = of_ids.into_iter().filter_map(|(key, member)| {
            let who = ids.get(&key)?;
            Some(((key.0, *who), Meant::Is(member)))
        });
        Ok(of_ids.chain(of_externals).collect())
    }

    /// Most members are known here already; identity is asked for the rest, who may have registered a moment ago.
    async fn get(
        &self,
        ids: &BTreeMap<(Tenant, MemberId), &Who>,
    ) -> Result<Vec<((Tenant, MemberId), MemberId)>, Fault> {
        let redirects = Redirects::of(self.db.read(), ids.keys().copied()).await?;
        let lead = |(tenant, id): (Tenant, MemberId)| (tenant, redirects.follow(tenant, id));
        let known = rows::known(self.db.read(), &ids.keys().copied().map(lead).collect()).await?;
        let (mut found, mut unknown) = (Vec::with_capacity(ids.len()), BTreeMap::<Tenant, Vec<_>>::new());
        for key in ids.keys().copied() {
            let (tenant, survivor) = lead(key);
            match known.contains(&(tenant, survivor)) {
                true => found.push((key, survivor)),
                false => unknown.entry(tenant).or_default().push((key, survivor)),
            }
        }
        let mut calls = Vec::new();
        for (tenant, unknown) in &unknown {
            for chunk in unknown.chunks(GOT_MAX) {
                calls.push(self.get_of_identity(*tenant, chunk));
            }
        }
        let answers: Vec<Vec<_>> = stream::iter(calls).buffer_unordered(CALLS_MAX).try_collect().await?;
        found.extend(answers.into_iter().flatten());
        Ok(found)
    }

    async fn get_of_identity(
        &self,
        tenant: Tenant,
        unknown: &[((Tenant, MemberId), MemberId)],
    ) -> Result<Vec<((Tenant, MemberId), MemberId)>, Fault> {
        let member_ids = unknown.iter().map(|(_, survivor)| survivor.to_string()).collect();
        let answer = self
            .identity(tenant)?
            .batch_get_members(BatchGetMembersRequest { member_ids })
            .await;
        let results = answer.map_err(Fault::from_peer)?.into_inner().results;
        let mut found = Vec::new();
        for ((key, _), result) in unknown.iter().zip(results) {
            if let Some(member) = result.member {
                found.push((*key, member.member_id.parse().map_err(Fault::internal)?));
            }
        }
        Ok(found)
    }

    async fn look_up<'w>(
        &self,
        externals: BTreeMap<Tenant, BTreeSet<&'w Who>>,
    ) -> Result<Vec<((Tenant, &'w Who), Meant)>, Fault> {
        let mut calls = Vec::new();
        for (tenant, externals) in externals {
            let externals: Vec<&Who> = externals.into_iter().collect();
            for chunk in externals.chunks(LOOKED_UP_MAX) {
                calls.push(self.look_up_at_identity(tenant, chunk.to_vec()));
            }
        }
        let answers: Vec<Vec<_>> = stream::iter(calls).buffer_unordered(CALLS_MAX).try_collect().await?;
        Ok(answers.into_iter().flatten().collect())
    }

    async fn look_up_at_identity<'w>(
        &self,
        tenant: Tenant,
        externals: Vec<&'w Who>,
    ) -> Result<Vec<((Tenant, &'w Who), Meant)>, Fault> {
        let keys = externals.iter().filter_map(|who| key(who)).collect();
        let answer = self
            .identity(tenant)?
            .batch_look_up_members(BatchLookUpMembersRequest { keys })
            .await;
        let answer = answer.map_err(Fault::from_peer)?.into_inner();
        let blocked: BTreeSet<i32> = answer.blocked_key_indexes.into_iter().collect();
        let mut found = Vec::with_capacity(externals.len());
        for ((index, who), member_id) in (0..).zip(externals).zip(answer.member_ids) {
            let meant = match member_id.as_str() {
                "" if blocked.contains(&index) => Meant::Nobody,
                "" => Meant::Unknown,
                id => Meant::Is(id.parse().map_err(Fault::internal)?),
            };
            found.push(((tenant, who), meant));
        }
        Ok(found)
    }

    fn identity(&self, tenant: Tenant) -> Result<MemberServiceClient<rpc::Channel>, Fault> {
        Ok(MemberServiceClient::new(
            self.peers.channel("identity").on_behalf_of(tenant)?,
        ))
    }
}

fn key(who: &Who) -> Option<ExternalIdKey> {
    match who {
        Who::Member(_) => None,
        Who::External {
            channel_code,
            external_id,
        } => Some(ExternalIdKey {
            channel_code: channel_code.clone(),
            external_id: external_id.clone(),
        }),
    }
}
