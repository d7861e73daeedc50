//! Health, readiness and reflection, for orchestrators and tools.

use std::convert::Infallible;

use http::{Request, Response};
use rpc::{Access, Health};
use runtime::{Readiness, Report};
use tonic::body::Body;
use tonic::service::Routes;
use tower::ServiceExt;

use super::reflection;
use crate::contract::ContractError;

/// The paths of the services that are answered here.
const PREFIXES: [&str; 2] = ["/grpc.health.v1.", REFLECTION];
const REFLECTION: &str = "/grpc.reflection.";

/// Health and reflection: services of gRPC's own, which ask for no key and tell nothing of a tenant.
pub(super) struct Probes {
    readiness: Readiness,
    routes: Routes,
    health: Health,
}

/// Whether the path is that of a service that is answered here.
pub(super) fn is_probe(path: &str) -> bool {
    PREFIXES.iter().any(|prefix| path.starts_with(prefix))
}

/// Whether the path is that of reflection, which settings may take away.
pub(super) fn is_reflection(path: &str) -> bool {
    path.starts_with(REFLECTION)
}

impl Probes {
    pub(super) fn new(readiness: Readiness) -> Result<Self, ContractError> {
        let (files, error_files) = (reflection::public_files()?, reflection::error_files()?);
        let builder = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(&files)
                .register_file_descriptor_set(error_files.clone())
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        let (health, health_service) = Health::of(&contracts_all::CONTRACT, |method| method.access != Access::Internal);
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

    /// Whether requests can be served; if not, of what something is wrong, each once: without their messages, two troubles of one
    /// are the same.
    pub(super) async fn ready(&self) -> Report {
        let mut report = self.readiness.public_report().await;
        report.findings.dedup();
        report
    }

    /// Tells balancers to send what there is.
    pub(super) async fn enter(&self) {
        self.health.tell(true).await;
    }

    /// Tells balancers to send nothing more.
    pub(super) async fn leave(&self) {
        self.health.tell(false).await;
    }
}
