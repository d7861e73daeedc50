//! The calls that channels make most.

use contracts_identity::v1::member_service_client::MemberServiceClient;
use contracts_identity::v1::{Arrival, GetMemberRequest, IdentityKind, LookUpMemberRequest, ResolveMemberRequest};
use contracts_points::v1::points_service_client::PointsServiceClient;
use contracts_points::v1::{GetBalanceRequest, RedeemPointsRequest};
use contracts_tagging::v1::activity_service_client::ActivityServiceClient;
use contracts_tagging::v1::tag_service_client::TagServiceClient;
use contracts_tagging::v1::{Activity, ListMemberTagsRequest, RecordActivitiesRequest};
use kernel::{Clock, Time};

use crate::fleet::Route;
use crate::load::{Figures, Load};
use crate::world::{ASSET, CHANNEL, World, earn, request_ids};

/// How many activities a batch has.
const BATCH: u64 = 100;

/// A call that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// Of somebody who has been there before.
    ResolveKnown,
    /// Of somebody who comes for the first time.
    ResolveNew,
    GetMember,
    LookUp,
    Earn,
    Redeem,
    Balance,
    Tags,
    RecordOne,
    RecordMany,
}

impl Case {
    pub(crate) const ALL: [Self; 10] = [
        Self::ResolveKnown,
        Self::ResolveNew,
        Self::GetMember,
        Self::LookUp,
        Self::Earn,
        Self::Redeem,
        Self::Balance,
        Self::Tags,
        Self::RecordOne,
        Self::RecordMany,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ResolveKnown => "ResolveMember known",
            Self::ResolveNew => "ResolveMember new",
            Self::GetMember => "GetMember",
            Self::LookUp => "LookUpMember",
            Self::Earn => "EarnPoints",
            Self::Redeem => "RedeemPoints",
            Self::Balance => "GetBalance",
            Self::Tags => "ListMemberTags",
            Self::RecordOne => "RecordActivities 1",
            Self::RecordMany => "RecordActivities 100",
        }
    }

    /// The service that answers.
    pub(crate) fn service(self) -> &'static str {
        match self {
            Self::ResolveKnown | Self::ResolveNew | Self::GetMember | Self::LookUp => "identity",
            Self::Earn | Self::Redeem | Self::Balance => "points",
            Self::Tags | Self::RecordOne | Self::RecordMany => "tagging",
        }
    }

    /// Puts the load on it.
    pub(crate) async fn measure(self, world: &World, route: Route, load: &Load) -> Figures {
        let request_id = request_ids(self.name());
        match self {
            Self::ResolveKnown => resolve(load, route, request_id, world.external_id()).await,
            Self::ResolveNew => resolve(load, route, request_id.clone(), request_id).await,
            Self::GetMember => get_member(load, route, world.member()).await,
            Self::LookUp => look_up(load, route, world.external_id()).await,
            Self::Earn => earned(load, route, request_id, world.member()).await,
            Self::Redeem => redeem(load, route, request_id, world.member()).await,
            Self::Balance => balance(load, route, world.member()).await,
            Self::Tags => tags(load, route, world.member()).await,
            Self::RecordOne => record(load, route, request_id, world.member(), 1).await,
            Self::RecordMany => record(load, route, request_id, world.member(), BATCH).await,
        }
    }
}

/// A text of the nth call.
trait OfCall: Fn(u64) -> String + Clone + Send + 'static {}

impl<F: Fn(u64) -> String + Clone + Send + 'static> OfCall for F {}

async fn resolve(load: &Load, route: Route, request_id: impl OfCall, external_id: impl OfCall) -> Figures {
    load.measure(move |n| {
        let arrival = Arrival {
            channel_code: CHANNEL.to_owned(),
            external_id: external_id(n),
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

async fn get_member(load: &Load, route: Route, member: impl OfCall) -> Figures {
    load.measure(move |n| {
        let request = GetMemberRequest { member_id: member(n) };
        let (mut client, request) = (MemberServiceClient::new(route.channel()), route.request(request));
        async move { client.get_member(request).await.map(drop) }
    })
    .await
}

async fn look_up(load: &Load, route: Route, external_id: impl OfCall) -> Figures {
    load.measure(move |n| {
        let request = LookUpMemberRequest {
            kind: IdentityKind::ExternalId.into(),
            value: external_id(n),
            channel_code: CHANNEL.to_owned(),
        };
        let (mut client, request) = (MemberServiceClient::new(route.channel()), route.request(request));
        async move { client.look_up_member(request).await.map(drop) }
    })
    .await
}

async fn earned(load: &Load, route: Route, request_id: impl OfCall, member: impl OfCall) -> Figures {
    load.measure(move |n| {
        let request = earn(request_id(n), member(n), 10);
        let (mut client, request) = (PointsServiceClient::new(route.channel()), route.request(request));
        async move { client.earn_points(request).await.map(drop) }
    })
    .await
}

async fn redeem(load: &Load, route: Route, request_id: impl OfCall, member: impl OfCall) -> Figures {
    load.measure(move |n| {
        let request = RedeemPointsRequest {
            request_id: request_id(n),
            member_id: member(n),
            asset_code: ASSET.to_owned(),
            amount: 1,
            ..RedeemPointsRequest::default()
        };
        let (mut client, request) = (PointsServiceClient::new(route.channel()), route.request(request));
        async move { client.redeem_points(request).await.map(drop) }
    })
    .await
}

async fn balance(load: &Load, route: Route, member: impl OfCall) -> Figures {
    load.measure(move |n| {
        let request = GetBalanceRequest {
            member_id: member(n),
            asset_code: ASSET.to_owned(),
            ..GetBalanceRequest::default()
        };
        let (mut client, request) = (PointsServiceClient::new(route.channel()), route.request(request));
        async move { client.get_balance(request).await.map(drop) }
    })
    .await
}

async fn tags(load: &Load, route: Route, member: impl OfCall) -> Figures {
    load.measure(move |n| {
        let request = ListMemberTagsRequest {
            member_id: member(n),
            ..ListMemberTagsRequest::default()
        };
        let (mut client, request) = (TagServiceClient::new(route.channel()), route.request(request));
        async move { client.list_member_tags(request).await.map(drop) }
    })
    .await
}

async fn record(load: &Load, route: Route, request_id: impl OfCall, member: impl OfCall, batch: u64) -> Figures {
    let now = Clock::system().now();
    load.measure(move |n| {
        // The members of one batch are those of no other that is under way.
        let first = n.wrapping_mul(batch);
        let activity = |i: u64| browsed(format!("{}-{i}", request_id(n)), member(first.wrapping_add(i)), now);
        let request = RecordActivitiesRequest {
            request_id: request_id(n),
            activities: (0..batch).map(activity).collect(),
            ..RecordActivitiesRequest::default()
        };
        let (mut client, request) = (ActivityServiceClient::new(route.channel()), route.request(request));
        async move { client.record_activities(request).await.map(drop) }
    })
    .await
}

pub(crate) fn browsed(source_id: String, member_id: String, now: Time) -> Activity {
    Activity {
        member_id,
        channel_code: CHANNEL.to_owned(),
        source_id,
        activity_type: "browsed".to_owned(),
        occur_time: Some(now.to_wire()),
        ..Activity::default()
    }
}
