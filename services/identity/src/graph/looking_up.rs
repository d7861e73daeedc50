//! Members by their identities: those who are looked up while others are being looked up share the next statements.

use contracts_identity::v1::{LookUpMemberRequest, LookUpMemberResponse};
use fault::Fault;
use kernel::Tenant;
use runtime::{Asked, Batch, Batcher, Bounds, Outcomes};
use store::Db;

use super::identity::Evidence;
use super::key::Key;
use super::member::MemberId;
use super::refusals::link_fault;
use super::{LinkError, arrival, identity, rows, wire};
use crate::{blocked_value, channel};

/// How many members share their statements.
const LOOK_UPS_MAX: u32 = 256;

/// Looks up many members by one set of statements.
pub(crate) struct LookingUp {
    db: Db,
}

/// One of them.
pub(crate) struct LookUp {
    pub(crate) tenant: Tenant,
    pub(crate) request: LookUpMemberRequest,
}

impl Batch for LookingUp {
    const NOUN: &'static str = "look-ups of members";
    const FULL: &'static str = "as many members wait to be looked up as can be looked up in time";
    const STOPPED: &'static str = "the service is stopping: repeat the call";

    type Ask = LookUp;
    type Answer = LookUpMemberResponse;
    type Key = ();

    fn key(_: &LookUp) {}

    async fn run(&self, asked: &[Asked<Self>]) -> Outcomes<Self> {
        let conn = self.db.read();
        let channels = channel::rows::of_tenants(conn, asked.iter().map(|asked| asked.ask.tenant)).await?;
        let read = asked.iter().map(|Asked { ask, .. }| {
            let evidence = arrival::looked_up(&ask.request, &channels.of(ask.tenant))?;
            Ok((ask.tenant, evidence))
        });
        let read: Vec<Result<(Tenant, Evidence), Fault>> = read.collect();
        let keys: Vec<(Tenant, &Key)> = read
            .iter()
            .flatten()
            .map(|(tenant, evidence)| (*tenant, &evidence.key))
            .collect();
        let holders = identity::rows::holders(conn, &keys).await?;
        let holder = |(tenant, key): &(Tenant, &Key)| holders.get(&(*tenant, (*key).clone())).copied();
        let (held, unheld): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| holder(key).is_some());
        let blocklists = blocked_value::rows::among_tenants(conn, &unheld).await?;
        let ids: Vec<(Tenant, MemberId)> = held.iter().filter_map(|key| Some((key.0, holder(key)?))).collect();
        let mut members = rows::members(conn, &ids).await?.into_iter();
        let outcomes = read.into_iter().map(|read| {
            let (tenant, Evidence { key, blocked, .. }) = read?;
            if holder(&(tenant, &key)).is_none() {
                return Err(leads_to_nobody(blocked || blocklists.of(tenant).blocks(&key), key));
            }
            let member = members.next().ok_or_else(|| Fault::internal("a member was not read"))?;
            // Its holder was there a moment ago.
            let member = member?.ok_or(Fault::Contended)?;
            Ok(LookUpMemberResponse {
                member: Some(wire::member(&member)),
            })
        });
        Ok(outcomes.collect())
    }
}

impl LookingUp {
    pub(crate) fn start(db: Db) -> Batcher<Self> {
        Batcher::start(Self { db }, Bounds::of_look_ups(LOOK_UPS_MAX))
    }
}

/// Why a key leads to nobody: nobody has it yet, or nobody ever can.
fn leads_to_nobody(blocked: bool, key: Key) -> Fault {
    if blocked {
        link_fault(LinkError::Blocked(key))
    } else {
        Fault::not_found("member", &key)
    }
}
