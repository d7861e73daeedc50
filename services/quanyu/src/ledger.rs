//! The ledger itself, asked as its clients ask it, over a database beside which a platform may serve.

use std::collections::BTreeMap;
use std::sync::Arc;

use contracts_points::v1::asset_service_client::AssetServiceClient;
use contracts_points::v1::ledger_service_client::LedgerServiceClient;
use fault::Fault;
use kernel::{Clock, Tenant};
use rpc::{Channel, Peers, Signer, Stack, Switchboard};
use runtime::{Deps, NoFacts};
use store::Db;
use telemetry::Red;

/// The service of points, without its workers: who asks changes nothing.
pub(crate) struct Ledger(Peers);

impl Ledger {
    /// Over the database of points.
    pub(crate) fn over(points: &Db) -> Result<Self, Fault> {
        let signer = Signer::new(&[0; 32]);
        let switchboard = Switchboard::new();
        let channels = BTreeMap::from([(points::NAME.to_owned(), Channel::local(switchboard.clone()))]);
        let peers = Peers::new("doctor", signer.clone(), channels);
        let service = points::service(Deps {
            clock: Clock::system(),
            db: points.clone(),
            peers: peers.clone(),
            facts: Arc::new(NoFacts),
            red: Red::default(),
        });
        let stack = Stack {
            signer,
            red: Red::default(),
            concurrency_max: 1,
        };
        switchboard.connect(rpc::serve(service.routes, service.contract, stack)?);
        Ok(Self(peers))
    }

    /// What it proves and sums up of a tenant.
    pub(crate) fn of(&self, tenant: Tenant) -> Result<LedgerServiceClient<Channel>, Fault> {
        Ok(LedgerServiceClient::new(
            self.0.channel(points::NAME).on_behalf_of(tenant)?,
        ))
    }

    /// The assets of a tenant.
    pub(crate) fn assets_of(&self, tenant: Tenant) -> Result<AssetServiceClient<Channel>, Fault> {
        Ok(AssetServiceClient::new(
            self.0.channel(points::NAME).on_behalf_of(tenant)?,
        ))
    }
}
