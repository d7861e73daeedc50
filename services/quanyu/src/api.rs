//! The platform's public API, called from outside as any customer's program calls it: an address and a key.

mod speech;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use contracts_campaign::v1::journey_run_service_client::JourneyRunServiceClient;
use contracts_campaign::v1::journey_service_client::JourneyServiceClient;
use contracts_gateway::v1::tenant_service_client::TenantServiceClient;
use contracts_identity::v1::channel_service_client::ChannelServiceClient;
use contracts_identity::v1::member_service_client::MemberServiceClient;
use contracts_points::v1::asset_service_client::AssetServiceClient;
use contracts_points::v1::earning_rule_service_client::EarningRuleServiceClient;
use contracts_points::v1::ledger_service_client::LedgerServiceClient;
use contracts_points::v1::points_service_client::PointsServiceClient;
use contracts_rights::v1::coupon_service_client::CouponServiceClient;
use contracts_rights::v1::coupon_template_service_client::CouponTemplateServiceClient;
use contracts_rights::v1::rights_summary_service_client::RightsSummaryServiceClient;
use contracts_rights::v1::tier_service_client::TierServiceClient;
use contracts_tagging::v1::activity_service_client::ActivityServiceClient;
use contracts_tagging::v1::insight_service_client::InsightServiceClient;
use contracts_tagging::v1::segment_service_client::SegmentServiceClient;
use contracts_tagging::v1::tag_service_client::TagServiceClient;
use fault::{Common, Fault};
use http::Uri;
use hyper_util::rt::TokioIo;
use rpc::Address;
use tls::{Certificates, Connector, Files, ServerName};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};
use tower::service_fn;

/// Several connections, because one HTTP/2 connection is read and written by one task at a time.
const CONNECTIONS: usize = 4;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// No call takes longer, nor does the stream of one chunk of an import.
const CALL_TIMEOUT: Duration = Duration::from_mins(1);
/// How often a call is repeated that met trouble, not a refusal.
const TRIES_MAX: u32 = 8;
/// The pause before the first repetition; it doubles with each further one.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection that shows the key with every call.
pub(crate) type Connection = InterceptedService<Channel, Bearer>;

/// Clients of every service behind one address.
#[derive(Clone)]
pub(crate) struct Api {
    connections: Arc<[Connection]>,
    turn: Arc<AtomicUsize>,
    address: Address,
    tls: Option<Connector>,
}

/// Adds the key to a call.
#[derive(Clone)]
pub(crate) struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        if !request.metadata().contains_key("grpc-timeout") {
            request.set_timeout(CALL_TIMEOUT);
        }
        Ok(request)
    }
}

/// One function for each client; they differ in nothing but the type.
macro_rules! clients {
    ($($name:ident: $client:ident,)*) => {
        impl Api {
            $(pub(crate) fn $name(&self) -> $client<Connection> {
                $client::new(self.connection())
            })*
        }
    };
}

clients! {
    tenants: TenantServiceClient,
    channels: ChannelServiceClient,
    members: MemberServiceClient,
    assets: AssetServiceClient,
    earning_rules: EarningRuleServiceClient,
    points: PointsServiceClient,
    ledger: LedgerServiceClient,
    tiers: TierServiceClient,
    coupon_templates: CouponTemplateServiceClient,
    coupons: CouponServiceClient,
    rights_summary: RightsSummaryServiceClient,
    activities: ActivityServiceClient,
    tags: TagServiceClient,
    segments: SegmentServiceClient,
    insights: InsightServiceClient,
    journeys: JourneyServiceClient,
    journey_runs: JourneyRunServiceClient,
}

impl Api {
    /// The platform at an address such as "127.0.0.1:7400" or "<http://quanyu.internal:7400>". Connects when first called.
    pub(crate) fn new(address: &str, key: &str) -> Result<Self, Fault> {
        Self::connected(address, key, None)
    }

    /// The same over TLS, where one of the CAs in a file has issued the certificate of the address.
    pub(crate) fn over_tls(address: &str, key: &str, ca_file: &Path) -> Result<Self, Fault> {
        let files = Files {
            ca: Some(ca_file.to_owned()),
            ..Files::default()
        };
        let certificates = Certificates::watch("import", files).map_err(|troubles| {
            let told: Vec<String> = troubles.into_iter().map(|trouble| trouble.message).collect();
            Fault::invalid("ca-file", told.join("; "))
        })?;
        Self::connected(address, key, Some(&Connector::new(&certificates)))
    }

    fn connected(address: &str, key: &str, tls: Option<&Connector>) -> Result<Self, Fault> {
        let read = Self::check_address(address, tls.is_some());
        let address = read.map_err(|wrong| Fault::invalid("address", wrong))?;
        let endpoint = Endpoint::from(address.uri().clone());
        let bearer = format!("Bearer {key}").parse().map(Bearer);
        let bearer =
            bearer.map_err(|_| Fault::invalid("key", "must be an API key: \"qy_\" and 64 letters and digits"))?;
        let endpoint = endpoint
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_adaptive_window(true);
        let open = |_| match tls {
            None => Ok(endpoint.connect_lazy()),
            Some(connector) => connect(&endpoint, &address, connector),
        };
        let opened: Result<Vec<Channel>, Fault> = (0..CONNECTIONS).map(open).collect();
        let shows_key = |channel| InterceptedService::new(channel, bearer.clone());
        Ok(Self {
            connections: opened?.into_iter().map(shows_key).collect(),
            turn: Arc::default(),
            address,
            tls: tls.cloned(),
        })
    }

    /// The address that a text is; or why it is none that can be called so.
    pub(crate) fn check_address(text: &str, over_tls: bool) -> Result<Address, String> {
        let begins_with_https = text.starts_with("https://");
        if begins_with_https && !over_tls {
            let message = "begins with https: name the CAs that you trust with --ca-file, such as \
                 /etc/ssl/certs/ca-certificates.crt";
            return Err(message.to_owned());
        }
        let with_scheme = match text.contains("://") {
            true => text.to_owned(),
            false => format!("http://{text}"),
        };
        with_scheme
            .parse()
            .map_err(|_| format!("{text} is no address: write host:port"))
    }

    /// Refuses an address that speaks TLS where it is called in plain text, or the other way round: what a call meets there
    /// says nothing. One that is away is not told of here.
    pub(crate) async fn check_speech(&self) -> Result<(), Fault> {
        speech::check(&self.address, self.tls.as_ref()).await
    }

    /// The connection whose turn it is.
    fn connection(&self) -> Connection {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        self.connections[turn.checked_rem(self.connections.len()).unwrap_or(0)].clone()
    }
}

/// A channel whose connections are opened over TLS, to the name that the address has.
fn connect(endpoint: &Endpoint, address: &Address, connector: &Connector) -> Result<Channel, Fault> {
    let name = name_of(address)?;
    let (connector, address) = (connector.clone(), address.clone());
    Ok(endpoint.connect_with_connector_lazy(service_fn(move |_: Uri| {
        let (connector, name, address) = (connector.clone(), name.clone(), address.clone());
        async move {
            let opened = connector.open(name, address.host(), address.port()).await;
            opened.map(TokioIo::new)
        }
    })))
}

/// The name that the certificate at an address must have.
fn name_of(address: &Address) -> Result<ServerName<'static>, Fault> {
    let name = ServerName::try_from(address.host().to_owned());
    name.map_err(|_| Fault::invalid("address", format!("{address} has no name to be certified")))
}

/// Makes a call, and again where it met trouble: its request id is the same each time, so it takes effect once.
pub(crate) async fn patiently<T>(mut call: impl AsyncFnMut() -> Result<Response<T>, Status>) -> Result<T, Fault> {
    let mut pause = PAUSE;
    for _ in 1..TRIES_MAX {
        match call().await.map_err(Fault::from_peer) {
            Err(fault) if may_pass(&fault) => {
                tracing::debug!(%fault, ?pause, "a call is repeated");
                kernel::pause(pause).await;
                pause = pause.saturating_mul(2);
            }
            outcome => return outcome.map(Response::into_inner),
        }
    }
    call().await.map(Response::into_inner).map_err(Fault::from_peer)
}

/// Whether repeating may help. A fault inside the platform does not pass by itself.
fn may_pass(fault: &Fault) -> bool {
    match fault {
        Fault::Contended | Fault::Unavailable { .. } => true,
        Fault::Refused(refusal) => refusal.reason == fault::Reason::name(&Common::Overloaded),
        Fault::Internal(_) => false,
    }
}
