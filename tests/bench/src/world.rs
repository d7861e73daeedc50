//! What the cases work on: a channel, an asset and members, each of whom has something to spend.

use std::sync::Arc;

use contracts_identity::v1::batch_resolve_members_result::Result as Resolved;
use contracts_identity::v1::channel_service_client::ChannelServiceClient;
use contracts_identity::v1::member_service_client::MemberServiceClient;
use contracts_identity::v1::{Arrival, BatchResolveMembersRequest, Channel, ChannelKind, CreateChannelRequest};
use contracts_points::v1::asset_service_client::AssetServiceClient;
use contracts_points::v1::posting::Request;
use contracts_points::v1::posting_service_client::PostingServiceClient;
use contracts_points::v1::{Asset, AssetKind, CreateAssetRequest, EarnPointsRequest, PostBatchRequest, Posting};
use fault::Fault;
use futures::{StreamExt, TryStreamExt};
use kernel::Clock;
use tonic::Status;

use crate::fleet::{Fleet, Route};

pub(crate) const CHANNEL: &str = "pos";
pub(crate) const ASSET: &str = "points";
/// What every member has before the first redemption: enough for all of them.
const ENDOWMENT: i64 = 1_000_000_000;
/// How many members one call makes.
const MADE_IN_ONE: usize = 500;
/// How many such calls are under way at once.
const MADE_AT_ONCE: usize = 4;

/// How a call goes to its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Way {
    Direct,
    Gateway,
}

impl Way {
    pub(crate) const ALL: [Self; 2] = [Self::Direct, Self::Gateway];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Gateway => "gateway",
        }
    }

    /// To a service.
    pub(crate) fn route(self, fleet: &Fleet, service: &str) -> Result<Route, Fault> {
        match self {
            Self::Direct => fleet.direct(service),
            Self::Gateway => fleet.gateway(),
        }
    }
}

pub(crate) struct World {
    members: Arc<[String]>,
    /// Tells the requests of one run from those of another.
    run: String,
}

impl World {
    pub(crate) async fn build(fleet: &Fleet, members: usize) -> Result<Self, Fault> {
        let route = fleet.gateway()?;
        let run = Clock::system().now().micros().to_string();
        create_channel(&route, &run).await.map_err(Fault::from_peer)?;
        create_asset(&route, &run).await.map_err(Fault::from_peer)?;
        let firsts = (0..members).step_by(MADE_IN_ONE);
        let made = firsts.map(|first| {
            let last = first.saturating_add(MADE_IN_ONE).min(members);
            make_members(route.clone(), run.clone(), first..last)
        });
        let made = futures::stream::iter(made).buffered(MADE_AT_ONCE);
        let made: Vec<Vec<String>> = made.try_collect().await.map_err(Fault::from_peer)?;
        Ok(Self {
            members: made.into_iter().flatten().collect(),
            run,
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

    /// The id of the member whose turn the nth call is.
    pub(crate) fn member(&self) -> impl Fn(u64) -> String + Clone + Send + use<> {
        let members = self.members.clone();
        move |n| members.get(place(n, members.len())).cloned().unwrap_or_default()
    }

    /// That member's id in the channel.
    pub(crate) fn external_id(&self) -> impl Fn(u64) -> String + Clone + Send + use<> {
        let (run, count) = (self.run.clone(), self.members.len());
        move |n| format!("{run}-{}", place(n, count))
    }
}

/// Request ids that no other measurement has.
pub(crate) fn request_ids(case: &str) -> impl Fn(u64) -> String + Clone + Send + use<> {
    let now = Clock::system().now().micros();
    let prefix = format!("{now}-{}", case.replace(' ', "-"));
    move |n| format!("{prefix}-{n}")
}

/// The place of the nth call among so many.
fn place(n: u64, count: usize) -> usize {
    // Scattered: neighbours in time are no neighbours in the index.
    let scattered = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let count = u64::try_from(count).unwrap_or(1).max(1);
    usize::try_from(scattered.checked_rem(count).unwrap_or(0)).unwrap_or(0)
}

async fn create_channel(route: &Route, run: &str) -> Result<(), Status> {
    let channel = Channel {
        channel_code: CHANNEL.to_owned(),
        kind: ChannelKind::Pos.into(),
        display_name: "Stores".to_owned(),
        trust_rank: 1,
        ..Channel::default()
    };
    let request = CreateChannelRequest {
        request_id: run.to_owned(),
        channel: Some(channel),
    };
    let mut client = ChannelServiceClient::new(route.channel());
    client.create_channel(route.request(request)).await.map(drop)
}

async fn create_asset(route: &Route, run: &str) -> Result<(), Status> {
    let asset = Asset {
        kind: AssetKind::Points.into(),
        ..Asset::default()
    };
    let request = CreateAssetRequest {
        request_id: run.to_owned(),
        code: ASSET.to_owned(),
        asset: Some(asset),
    };
    let mut client = AssetServiceClient::new(route.channel());
    client.create_asset(route.request(request)).await.map(drop)
}

/// Members of these numbers, each with something to spend; their ids.
async fn make_members(route: Route, run: String, numbers: std::ops::Range<usize>) -> Result<Vec<String>, Status> {
    let named = |n: usize| format!("{run}-{n}");
    let request_id = format!("{run}-from-{}", numbers.start);
    let arrival = |n| Arrival {
        channel_code: CHANNEL.to_owned(),
        external_id: named(n),
        ..Arrival::default()
    };
    let request = BatchResolveMembersRequest {
        request_id,
        arrivals: numbers.clone().map(arrival).collect(),
        ..BatchResolveMembersRequest::default()
    };
    let mut client = MemberServiceClient::new(route.channel());
    let resolved = client.batch_resolve_members(route.request(request)).await?.into_inner();
    let member_ids = resolved.results.into_iter().map(|result| match result.result {
        Some(Resolved::Resolution(resolution)) => Ok(resolution.member_id),
        other => Err(Status::internal(format!("a member was not made: {other:?}"))),
    });
    let member_ids: Vec<String> = member_ids.collect::<Result<_, _>>()?;
    let endow = |(n, member_id): (usize, &String)| Posting {
        request: Some(Request::Earn(earn(named(n), member_id.clone(), ENDOWMENT))),
    };
    let request = PostBatchRequest {
        postings: numbers.zip(&member_ids).map(endow).collect(),
        ..PostBatchRequest::default()
    };
    let mut client = PostingServiceClient::new(route.channel());
    let posted = client.post_batch(route.request(request)).await?.into_inner();
    match posted.refused_count {
        0 => Ok(member_ids),
        refused => Err(Status::internal(format!("{refused} members got nothing to spend"))),
    }
}

pub(crate) fn earn(request_id: String, member_id: String, amount: i64) -> EarnPointsRequest {
    EarnPointsRequest {
        request_id,
        member_id,
        asset_code: ASSET.to_owned(),
        amount,
        ..EarnPointsRequest::default()
    }
}
