//! What orchestrators and tools ask: whether the gateway lives and is ready, and what it serves.

use std::convert::Infallible;

use http::{Request, Response};
use prost_types::FileDescriptorSet;
use rpc::Methods;
use runtime::{Readiness, Report};
use tonic::body::Body;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::ServiceExt;

use crate::contract::{ContractError, is_served};

/// The paths of the services that are answered here.
const PREFIXES: [&str; 2] = ["/grpc.health.v1.", "/grpc.reflection."];

/// Health and reflection: services of gRPC's own, which ask for no key and tell nothing of a tenant.
pub(super) struct Probes {
    readiness: Readiness,
    routes: Routes,
    health: HealthReporter,
}

/// Whether the path is that of a service that is answered here.
pub(super) fn is_probe(path: &str) -> bool {
    PREFIXES.iter().any(|prefix| path.starts_with(prefix))
}

impl Probes {
    pub(super) fn new(readiness: Readiness) -> Result<Self, ContractError> {
        let methods = Methods::of_contracts().map_err(ContractError::Methods)?;
        let builder = || {
            tonic_reflection::server::Builder::configure()
                .register_file_descriptor_set(public_files(methods))
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        let (health, health_service) = tonic_health::server::health_reporter();
        // grpcurl, among others, speaks the older version alone.
        let routes = Routes::new(health_service)
            .add_service(builder().build_v1()?)
            .add_service(builder().build_v1alpha()?)
            .prepare();
        Ok(Self {
            readiness,
            routes,
            health,
        })
    }

    pub(super) async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let answer: Result<_, Infallible> = self.routes.clone().oneshot(request).await;
        answer.unwrap_or_else(|never| match never {})
    }

    /// Whether requests can be served, and what is missing.
    pub(super) async fn ready(&self) -> Report {
        self.readiness.public_report().await
    }

    /// Tells balancers to send nothing more.
    pub(super) async fn leave(&self) {
        self.health.set_service_status("", ServingStatus::NotServing).await;
    }
}

/// The contracts without what only peers may call.
fn public_files(methods: &Methods) -> FileDescriptorSet {
    let mut files = Vec::new();
    for file in contracts::descriptors().file_descriptor_protos() {
        let mut public = file.clone();
        public.source_code_info = None;
        for service in &mut public.service {
            let path = format!("/{}.{}/", file.package(), service.name());
            service
                .method
                .retain(|method| methods.at(&format!("{path}{}", method.name())).is_some_and(is_served));
        }
        public.service.retain(|service| !service.method.is_empty());
        if file.service.is_empty() || !public.service.is_empty() {
            files.push(public);
        }
    }
    FileDescriptorSet { file: files }
}
