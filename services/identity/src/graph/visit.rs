use std::sync::Arc;

use contracts_identity::v1::{self as proto, ResolveMemberRequest};
use fault::Fault;
use kernel::{Clock, RequestKey, Tenant};
use rpc::Call;
use sea_orm::ConnectionTrait;

use super::Arrival;
use super::arrival::{self, Importable, Judged};
use super::key::Key;
use super::rows::Wanted;
use crate::channel::Channels;
use crate::channel::rows::ChannelsOf;
use crate::{blocked_value, channel};

/// A call that brings an arrival.
pub(crate) struct Visit {
    /// What makes it the same request when it is repeated, its tenant with it.
    pub(crate) key: RequestKey,
    /// Who calls.
    pub(crate) actor: String,
    arrival: proto::Arrival,
}

impl Visit {
    pub(crate) fn new(call: &Call<ResolveMemberRequest>) -> Self {
        Self {
            key: call.key(&call.request_id),
            actor: call.principal().subject.clone(),
            arrival: call.arrival.clone().unwrap_or_default(),
        }
    }

    pub(crate) fn tenant(&self) -> Tenant {
        self.key.tenant
    }

    /// The id in its channel, by which most people are found: what brings the same person is best decided together.
    pub(crate) fn anchor(&self) -> (Tenant, String, String) {
        let proto::Arrival {
            channel_code,
            external_id,
            ..
        } = &self.arrival;
        (self.tenant(), channel_code.clone(), external_id.clone())
    }
}

/// The arrivals of visits, each as its tenant's channels and list of blocked values let it be read, or why it is refused.
pub(crate) struct Arrivals {
    channels: ChannelsOf,
    pub(crate) arrivals: Vec<Result<Arrival, Fault>>,
}

impl Arrivals {
    pub(crate) async fn of(conn: &impl ConnectionTrait, clock: &Clock, visits: &[&Visit]) -> Result<Self, Fault> {
        let channels = channel::rows::of_tenants(conn, visits.iter().map(|visit| visit.tenant())).await?;
        let judge = |visit: &&Visit| {
            let channels = channels.of(visit.tenant());
            arrival::judge(&visit.arrival, &channels, Importable::No, clock.now())
        };
        let judged: Vec<Judged> = visits.iter().map(judge).collect();
        let mut brought: Vec<(Tenant, &Key)> = Vec::new();
        for (visit, judged) in visits.iter().zip(&judged) {
            brought.extend(judged.brought().map(|key| (visit.tenant(), key)));
        }
        let blocklists = blocked_value::rows::among_tenants(conn, &brought).await?;
        let arrivals = visits
            .iter()
            .zip(judged)
            .map(|(visit, judged)| judged.heed(blocklists.of(visit.tenant())));
        Ok(Self {
            arrivals: arrivals.collect(),
            channels,
        })
    }

    pub(crate) fn channels_of(&self, tenant: Tenant) -> Arc<Channels> {
        self.channels.of(tenant)
    }

    /// What the decision on one of them looks at.
    pub(crate) fn wanted_for(&self, tenant: Tenant, arrival: &Arrival) -> Wanted {
        Wanted {
            tenant,
            channels: self.channels_of(tenant),
            keys: arrival.keys().cloned().collect::<Vec<Key>>(),
            ids: Vec::new(),
        }
    }
}
