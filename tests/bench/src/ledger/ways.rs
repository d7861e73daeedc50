use std::sync::Arc;

use contracts_points::v1::RedeemPointsRequest;
use contracts_points::v1::points_service_client::PointsServiceClient;
use fault::Fault;
use kernel::Tenant;
use points::Ledger;
use tonic::Status;

use crate::fleet::{Fleet, Route};

/// By which way a request gets to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// In this process, in a transaction of its own.
    Alone,
    /// In this process, through the posting engine.
    Engine,
    /// To the process of the service.
    Direct,
    /// To the process of the service, through that of the gateway.
    Gateway,
}

impl Way {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Alone => "(a) one transaction each",
            Self::Engine => "(b) engine in process",
            Self::Direct => "(c) gRPC direct",
            Self::Gateway => "(d) through the gateway",
        }
    }
}

/// All ways.
#[derive(Clone)]
pub(crate) struct Ways(Arc<Ends>);

struct Ends {
    tenant: Tenant,
    ledger: Ledger,
    direct: Route,
    gateway: Route,
}

impl Ways {
    pub(crate) fn new(fleet: &Fleet, ledger: Ledger) -> Result<Self, Fault> {
        Ok(Self(Arc::new(Ends {
            tenant: fleet.tenant(),
            ledger,
            direct: fleet.direct("points")?,
            gateway: fleet.gateway()?,
        })))
    }

    /// The way over the wire; in process there is none, and the direct one is taken.
    pub(crate) fn route(&self, way: Way) -> Route {
        match way {
            Way::Gateway => self.0.gateway.clone(),
            Way::Alone | Way::Engine | Way::Direct => self.0.direct.clone(),
        }
    }

    pub(crate) async fn redeem(&self, way: Way, request: RedeemPointsRequest) -> Result<(), Status> {
        let Ends { tenant, ledger, .. } = &*self.0;
        match way {
            Way::Alone => ledger
                .redeem_alone(*tenant, &request)
                .await
                .map(drop)
                .map_err(Status::from),
            Way::Engine => ledger.redeem(*tenant, &request).await.map(drop).map_err(Status::from),
            Way::Direct | Way::Gateway => {
                let route = self.route(way);
                let mut client = PointsServiceClient::new(route.channel());
                client.redeem_points(route.request(request)).await.map(drop)
            }
        }
    }
}
