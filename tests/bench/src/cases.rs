use std::sync::Arc;

use contracts_identity::v1::channel_service_client::ChannelServiceClient;
use contracts_identity::v1::member_service_client::MemberServiceClient;
use contracts_identity::v1::{Arrival, Channel, ChannelKind, CreateChannelRequest, ResolveMemberRequest};
use contracts_points::v1::asset_service_client::AssetServiceClient;
use contracts_points::v1::points_service_client::PointsServiceClient;
use contracts_points::v1::{
    Asset, AssetKind, CreateAssetRequest, EarnPointsRequest, GetBalanceRequest, RedeemPointsRequest,
};
use contracts_tagging::v1::activity_service_client::ActivityServiceClient;
use contracts_tagging::v1::{Activity, RecordActivitiesRequest};
use fault::Fault;
use futures::StreamExt;
use kernel::{Clock, Time};
use tonic::Status;

use crate::fleet::{Fleet, Route};
use crate::load::{Figures, Load};

/// How many activities a batch has.
const BATCH: u64 = 100;
const CHANNEL: &str = "pos";
pub(crate) const ASSET: &str = "points";
/// What every member has before the first redemption: enough for all of them.
const ENDOWMENT: i64 = 1_000_000_000;
/// Members that are made at once.
const MADE_AT_ONCE: usize = 64;

/// What the cases work on.
pub(crate) struct World {
    members: Arc<[String]>,
    /// Tells the requests of one run from those of another.
    run: String,
    identity: [Route; 2],
    points: [Route; 2],
    tagging: [Route; 2],
}

impl World {
    /// A channel, an asset and members, each of whom has something to spend.
    pub(crate) async fn build(fleet: &Fleet, members: usize) -> Result<Self, Fault> {
        let route = fleet.gateway()?;
        let run = Clock::system().now().micros().to_string();
        let channel = Channel {
            channel_code: CHANNEL.to_owned(),
            kind: ChannelKind::Pos.into(),
            display_name: "Stores".to_owned(),
            trust_rank: 1,
            ..Channel::default()
        };
        let request = CreateChannelRequest {
            request_id: run.clone(),
            channel: Some(channel),
        };
        ChannelServiceClient::new(route.channel())
            .create_channel(route.request(request))
            .await
            .map_err(Fault::from_peer)?;
        let asset = Asset {
            kind: AssetKind::Points.into(),
            ..Asset::default()
        };
        let request = CreateAssetRequest {
            request_id: run.clone(),
            code: ASSET.to_owned(),
            asset: Some(asset),
        };
        AssetServiceClient::new(route.channel())
            .create_asset(route.request(request))
            .await
            .map_err(Fault::from_peer)?;
        let made = (0..members).map(|n| make_member(route.clone(), run.clone(), n));
        let made: Vec<Result<String, Status>> = futures::stream::iter(made).buffered(MADE_AT_ONCE).collect().await;
        let members: Result<Vec<String>, Status> = made.into_iter().collect();
        Ok(Self {
            members: members.map_err(Fault::from_peer)?.into(),
            run,
            identity: [fleet.direct("identity")?, route.clone()],
            points: [fleet.direct("points")?, route.clone()],
            tagging: [fleet.direct("tagging")?, route],
        })
    }

    /// Whom the cases are about.
    pub(crate) fn members(&self) -> Arc<[String]> {
        self.members.clone()
    }

    /// Tells the requests of this run from those of another.
    pub(crate) fn run(&self) -> &str {
        &self.run
    }

    /// Every case, directly and through the gateway.
    pub(crate) async fn measure(&self, load: &Load) -> Result<Vec<(String, Figures)>, Fault> {
        let mut all = Vec::new();
        for (index, way) in ["direct", "gateway"].into_iter().enumerate() {
            let pick = |routes: &[Route; 2]| routes.get(index).cloned().ok_or_else(|| Fault::internal("two ways"));
            let (identity, points, tagging) = (pick(&self.identity)?, pick(&self.points)?, pick(&self.tagging)?);
            all.push((format!("ResolveMember {way}"), self.resolve(load, identity, way).await));
            all.push((format!("EarnPoints {way}"), self.earn(load, points.clone(), way).await));
            all.push((
                format!("RedeemPoints {way}"),
                self.redeem(load, points.clone(), way).await,
            ));
            all.push((format!("GetBalance {way}"), self.balance(load, points).await));
            all.push((
                format!("RecordActivities 1 {way}"),
                self.record(load, tagging.clone(), way, 1).await,
            ));
            all.push((
                format!("RecordActivities {BATCH} {way}"),
                self.record(load, tagging, way, BATCH).await,
            ));
        }
        Ok(all)
    }

    fn request_id(&self, case: &str, way: &str) -> impl Fn(u64) -> String + Clone + Send + use<> {
        let prefix = format!("{}-{case}-{way}", self.run);
        move |n| format!("{prefix}-{n}")
    }

    fn member(&self) -> impl Fn(u64) -> String + Clone + Send + 'static {
        let members = self.members.clone();
        move |n| {
            let count = u64::try_from(members.len()).unwrap_or(1).max(1);
            let index = usize::try_from(n.checked_rem(count).unwrap_or(0)).unwrap_or(0);
            members.get(index).cloned().unwrap_or_default()
        }
    }

    /// Half of those who arrive are known, half are new.
    async fn resolve(&self, load: &Load, route: Route, way: &'static str) -> Figures {
        let (request_id, run) = (self.request_id("resolve", way), self.run.clone());
        let count = u64::try_from(self.members.len()).unwrap_or(1).max(1);
        load.measure(move |n| {
            let known = n % 2 == 0;
            let external_id = match known {
                true => format!("{run}-{}", n.checked_rem(count).unwrap_or(0)),
                false => format!("{run}-{way}-{n}"),
            };
            let arrival = Arrival {
                channel_code: CHANNEL.to_owned(),
                external_id,
                ..Arrival::default()
            };
            let request = ResolveMemberRequest {
                request_id: request_id(n),
                arrival: Some(arrival),
            };
            let (mut client, request) = (MemberServiceClient::new(route.channel()), route.request(request));
            async move { client.resolve_member(request).await.map(drop) }
        })
        .await
    }

    async fn earn(&self, load: &Load, route: Route, way: &'static str) -> Figures {
        let (request_id, member) = (self.request_id("earn", way), self.member());
        load.measure(move |n| {
            let request = earn(request_id(n), member(n), 10);
            let (mut client, request) = (PointsServiceClient::new(route.channel()), route.request(request));
            async move { client.earn_points(request).await.map(drop) }
        })
        .await
    }

    pub(crate) async fn redeem(&self, load: &Load, route: Route, way: &str) -> Figures {
        let (request_id, member) = (self.request_id("redeem", way), self.member());
        load.measure(move |n| {
            let request = RedeemPointsRequest {
                request_id: request_id(n),
                member_id: member(n),
                asset_code: ASSET.to_owned(),
                amount: 1,
                reference: String::new(),
                cost_centre: String::new(),
            };
            let (mut client, request) = (PointsServiceClient::new(route.channel()), route.request(request));
            async move { client.redeem_points(request).await.map(drop) }
        })
        .await
    }

    pub(crate) async fn balance(&self, load: &Load, route: Route) -> Figures {
        let member = self.member();
        load.measure(move |n| {
            let request = GetBalanceRequest {
                member_id: member(n),
                asset_code: ASSET.to_owned(),
                expiring_within_days: 0,
            };
            let (mut client, request) = (PointsServiceClient::new(route.channel()), route.request(request));
            async move { client.get_balance(request).await.map(drop) }
        })
        .await
    }

    async fn record(&self, load: &Load, route: Route, way: &'static str, batch: u64) -> Figures {
        let (request_id, member) = (self.request_id("record", way), self.member());
        let now = Clock::system().now();
        load.measure(move |n| {
            let activity = |i: u64| browsed(format!("{}-{batch}-{i}", request_id(n)), member(n.wrapping_add(i)), now);
            let activities = (0..batch).map(activity).collect();
            let request = RecordActivitiesRequest {
                unreadable_items: Vec::new(),
                request_id: format!("{}-{batch}", request_id(n)),
                validate_only: false,
                activities,
            };
            let (mut client, request) = (ActivityServiceClient::new(route.channel()), route.request(request));
            async move { client.record_activities(request).await.map(drop) }
        })
        .await
    }
}

async fn make_member(route: Route, run: String, n: usize) -> Result<String, Status> {
    let name = format!("{run}-{n}");
    let arrival = Arrival {
        channel_code: CHANNEL.to_owned(),
        external_id: name.clone(),
        ..Arrival::default()
    };
    let request = route.request(ResolveMemberRequest {
        request_id: name.clone(),
        arrival: Some(arrival),
    });
    let resolved = MemberServiceClient::new(route.channel())
        .resolve_member(request)
        .await?
        .into_inner();
    let member_id = resolved
        .resolution
        .ok_or_else(|| Status::internal("no resolution"))?
        .member_id;
    let request = route.request(earn(name, member_id.clone(), ENDOWMENT));
    PointsServiceClient::new(route.channel()).earn_points(request).await?;
    Ok(member_id)
}

fn earn(request_id: String, member_id: String, amount: i64) -> EarnPointsRequest {
    let asset_code = ASSET.to_owned();
    EarnPointsRequest {
        request_id,
        member_id,
        asset_code,
        amount,
        expire_time: None,
        reference: String::new(),
        cost_centre: String::new(),
        available_time: None,
        awaits_confirmation: false,
    }
}

fn browsed(source_id: String, member_id: String, now: Time) -> Activity {
    Activity {
        member_id,
        channel_code: CHANNEL.to_owned(),
        source_id,
        activity_type: "browsed".to_owned(),
        occur_time: Some(now.to_wire()),
        ..Activity::default()
    }
}
