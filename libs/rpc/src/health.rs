use std::collections::BTreeSet;

use tonic_health::ServingStatus;
use tonic_health::pb::health_server;
use tonic_health::server::{HealthReporter, HealthService};

use crate::{Contract, Method, Methods};

/// Tells the health of a server: as a whole, by the empty name, and of each gRPC service, since some balancers ask by name.
#[derive(Clone, Debug)]
pub struct Health {
    reporter: HealthReporter,
    services: BTreeSet<&'static str>,
}

/// Answers to those who ask for the health, once or for as long as they listen.
pub type HealthServer = health_server::HealthServer<HealthService>;

impl Health {
    /// Of the gRPC services of these methods of a contract.
    pub fn of(contract: &Contract, serves: impl Fn(&Method) -> bool) -> (Self, HealthServer) {
        let reporter = HealthReporter::new();
        let server = HealthServer::new(HealthService::from_health_reporter(reporter.clone()));
        let methods = contract.methods().into_iter().flat_map(Methods::iter);
        let served = methods.filter(|method| serves(method));
        let services = served
            .filter_map(|method| method.full_name.split_once('/'))
            .map(|(service, _)| service)
            .chain([""])
            .collect();
        (Self { reporter, services }, server)
    }

    /// Tells whether it can work.
    pub async fn tell(&self, serving: bool) {
        let status = match serving {
            true => ServingStatus::Serving,
            false => ServingStatus::NotServing,
        };
        for service in &self.services {
            self.reporter.set_service_status(service, status).await;
        }
    }
}
