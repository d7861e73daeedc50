use std::fmt::Display;
use std::time::Duration;

use contracts_campaign::v1::journey_run_service_client::JourneyRunServiceClient;
use contracts_campaign::v1::journey_service_client::JourneyServiceClient;
use contracts_gateway::v1::api_key_service_client::ApiKeyServiceClient;
use contracts_gateway::v1::tenant_service_client::TenantServiceClient;
use contracts_identity::v1::channel_service_client::ChannelServiceClient;
use contracts_identity::v1::member_service_client::MemberServiceClient;
use contracts_points::v1::adjustment_service_client::AdjustmentServiceClient;
use contracts_points::v1::asset_service_client::AssetServiceClient;
use contracts_points::v1::earning_rule_service_client::EarningRuleServiceClient;
use contracts_points::v1::hold_service_client::HoldServiceClient;
use contracts_points::v1::ledger_service_client::LedgerServiceClient;
use contracts_points::v1::points_service_client::PointsServiceClient;
use contracts_rights::v1::coupon_service_client::CouponServiceClient;
use contracts_rights::v1::coupon_template_service_client::CouponTemplateServiceClient;
use contracts_rights::v1::tier_service_client::TierServiceClient;
use contracts_tagging::v1::activity_service_client::ActivityServiceClient;
use contracts_tagging::v1::segment_service_client::SegmentServiceClient;
use contracts_tagging::v1::tag_service_client::TagServiceClient;
use kernel::Clock;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_types::StatusExt;

/// A connection that shows a key with every call.
pub type Connection = InterceptedService<Channel, Bearer>;

/// Generated clients of everything behind one address.
#[derive(Clone, Debug)]
pub struct Api {
    channel: Channel,
    bearer: Bearer,
}

/// Adds the key to a call, and its deadline where it has one.
#[derive(Clone, Debug)]
pub struct Bearer {
    key: MetadataValue<Ascii>,
    timeout: Option<Duration>,
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.key.clone());
        if let Some(timeout) = self.timeout {
            request.set_timeout(timeout);
        }
        Ok(request)
    }
}

/// The reason of a refusal, or what came instead of one.
pub fn reason(status: &Status) -> String {
    let info = status.get_details_error_info();
    info.map_or_else(|| status.to_string(), |info| info.reason)
}

impl Api {
    /// The platform at "127.0.0.1:7400", called with a key. Connects when first called.
    pub fn new(address: impl Display, key: &str) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
        Self::over(endpoint.tcp_nodelay(true).connect_lazy(), key)
    }

    /// The platform at the other end of a channel.
    pub fn over(channel: Channel, key: &str) -> Self {
        Self {
            channel,
            bearer: bearer(key),
        }
    }

    /// The same platform, called with another key.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self {
            channel: self.channel.clone(),
            bearer: bearer(key),
        }
    }

    /// The same platform, where each call has so much time.
    #[must_use]
    pub fn within(&self, timeout: Duration) -> Self {
        let mut within = self.clone();
        within.bearer.timeout = Some(timeout);
        within
    }

    /// A request id that nobody has used before.
    pub fn request_id() -> String {
        Clock::system().uuid().to_string()
    }

    /// For calls without a key.
    pub fn anonymous(&self) -> Channel {
        self.channel.clone()
    }

    /// For clients that have no name here.
    pub fn connection(&self) -> Connection {
        InterceptedService::new(self.channel.clone(), self.bearer.clone())
    }

    /// API keys.
    pub fn api_keys(&self) -> ApiKeyServiceClient<Connection> {
        ApiKeyServiceClient::new(self.connection())
    }

    /// Tenants.
    pub fn tenants(&self) -> TenantServiceClient<Connection> {
        TenantServiceClient::new(self.connection())
    }

    /// Channels.
    pub fn channels(&self) -> ChannelServiceClient<Connection> {
        ChannelServiceClient::new(self.connection())
    }

    /// Members.
    pub fn members(&self) -> MemberServiceClient<Connection> {
        MemberServiceClient::new(self.connection())
    }

    /// Assets.
    pub fn assets(&self) -> AssetServiceClient<Connection> {
        AssetServiceClient::new(self.connection())
    }

    /// Adjustments of points.
    pub fn adjustments(&self) -> AdjustmentServiceClient<Connection> {
        AdjustmentServiceClient::new(self.connection())
    }

    /// Holds of points.
    pub fn holds(&self) -> HoldServiceClient<Connection> {
        HoldServiceClient::new(self.connection())
    }

    /// Earning rules.
    pub fn earning_rules(&self) -> EarningRuleServiceClient<Connection> {
        EarningRuleServiceClient::new(self.connection())
    }

    /// Points.
    pub fn points(&self) -> PointsServiceClient<Connection> {
        PointsServiceClient::new(self.connection())
    }

    /// The ledger as a whole.
    pub fn ledger(&self) -> LedgerServiceClient<Connection> {
        LedgerServiceClient::new(self.connection())
    }

    /// Tiers.
    pub fn tiers(&self) -> TierServiceClient<Connection> {
        TierServiceClient::new(self.connection())
    }

    /// Coupon templates.
    pub fn coupon_templates(&self) -> CouponTemplateServiceClient<Connection> {
        CouponTemplateServiceClient::new(self.connection())
    }

    /// Coupons.
    pub fn coupons(&self) -> CouponServiceClient<Connection> {
        CouponServiceClient::new(self.connection())
    }

    /// Activities.
    pub fn activities(&self) -> ActivityServiceClient<Connection> {
        ActivityServiceClient::new(self.connection())
    }

    /// Tags.
    pub fn tags(&self) -> TagServiceClient<Connection> {
        TagServiceClient::new(self.connection())
    }

    /// Segments.
    pub fn segments(&self) -> SegmentServiceClient<Connection> {
        SegmentServiceClient::new(self.connection())
    }

    /// Journeys.
    pub fn journeys(&self) -> JourneyServiceClient<Connection> {
        JourneyServiceClient::new(self.connection())
    }

    /// The runs of journeys.
    pub fn journey_runs(&self) -> JourneyRunServiceClient<Connection> {
        JourneyRunServiceClient::new(self.connection())
    }
}

fn bearer(key: &str) -> Bearer {
    Bearer {
        key: format!("Bearer {key}").parse().expect("a key is plain text"),
        timeout: None,
    }
}
