//! What every integration needs: a connection that shows the key, a deadline for each call, and repetition.

use std::time::Duration;

use contracts_identity::v1::channel_service_client::ChannelServiceClient;
use contracts_identity::v1::member_service_client::MemberServiceClient;
use contracts_points::v1::asset_service_client::AssetServiceClient;
use contracts_points::v1::hold_service_client::HoldServiceClient;
use contracts_points::v1::points_service_client::PointsServiceClient;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt;

/// How long the customer waits for one call.
const DEADLINE: Duration = Duration::from_secs(2);
/// How often a call is made before the customer is told that it did not work.
const ATTEMPTS_MAX: u32 = 5;
/// How long to wait before a repetition, where the answer does not say; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// A connection that shows the key with every call.
pub type Connection = InterceptedService<Channel, Key>;

/// The platform, as a shop sees it.
#[derive(Clone, Debug)]
pub struct Client {
    connection: Connection,
}

/// Adds the key to a call.
#[derive(Clone, Debug)]
pub struct Key(MetadataValue<Ascii>);

impl Interceptor for Key {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

impl Client {
    /// The gateway at "127.0.0.1:7400"; it connects with the first call, and again whenever the connection is lost.
    pub fn new(address: &str, key: &str) -> Result<Self, Status> {
        let refused = |cause: &str| Status::invalid_argument(cause.to_owned());
        let endpoint = Endpoint::from_shared(format!("http://{address}"))
            .map_err(|_| refused("the address must be a host and a port, such as 127.0.0.1:7400"))?;
        let mut secret: MetadataValue<Ascii> = format!("Bearer {key}")
            .parse()
            .map_err(|_| refused("the key holds a character that no key has"))?;
        // Kept out of logs.
        secret.set_sensitive(true);
        let channel = endpoint.tcp_nodelay(true).timeout(DEADLINE).connect_lazy();
        Ok(Self {
            connection: InterceptedService::new(channel, Key(secret)),
        })
    }

    /// The channels that members come through.
    pub fn channels(&self) -> ChannelServiceClient<Connection> {
        ChannelServiceClient::new(self.connection.clone())
    }

    /// The members.
    pub fn members(&self) -> MemberServiceClient<Connection> {
        MemberServiceClient::new(self.connection.clone())
    }

    /// The assets that members collect.
    pub fn assets(&self) -> AssetServiceClient<Connection> {
        AssetServiceClient::new(self.connection.clone())
    }

    /// What members have of them.
    pub fn points(&self) -> PointsServiceClient<Connection> {
        PointsServiceClient::new(self.connection.clone())
    }

    /// What is set aside for a while.
    pub fn holds(&self) -> HoldServiceClient<Connection> {
        HoldServiceClient::new(self.connection.clone())
    }
}

/// Makes a call, and makes it again while the platform may be able to answer it later.
///
/// The request keeps its `request_id`, so a call that was done although its answer was lost is not done twice: the
/// repetition gets the first answer.
pub async fn repeated<T, F>(mut call: impl FnMut() -> F) -> Result<T, Status>
where
    F: Future<Output = Result<Response<T>, Status>>,
{
    let mut pause = FIRST_PAUSE;
    for _ in 1..ATTEMPTS_MAX {
        match call().await {
            Ok(answer) => return Ok(answer.into_inner()),
            Err(status) if may_pass(&status) => kernel::pause(asked_for(&status).unwrap_or(pause)).await,
            Err(status) => return Err(status),
        }
        pause = pause.saturating_mul(2);
    }
    call().await.map(Response::into_inner)
}

/// Whether the same call may succeed later. Everything else is a decision, and repeating it changes nothing.
fn may_pass(status: &Status) -> bool {
    // A channel of tonic tells a deadline of its own as CANCELLED.
    matches!(
        status.code(),
        Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded | Code::Aborted | Code::Cancelled
    )
}

/// The delay that the platform asks for.
fn asked_for(status: &Status) -> Option<Duration> {
    status.get_details_retry_info().and_then(|info| info.retry_delay)
}

/// The reason of a refusal, such as `INSUFFICIENT_POINTS`; programs decide by it, never by the message.
pub fn reason(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}
