//! A brand with its channels, and short words for what the tests do.

use std::sync::atomic::{AtomicU32, Ordering};

use contracts_identity::v1::channel_service_client::ChannelServiceClient;
use contracts_identity::v1::member_service_client::MemberServiceClient;
use contracts_identity::v1::*;
use fault::{Fault, Refusal};
use kernel::{Fact, Tenant};
use prost::Message;
use prost_types::FieldMask;
use rpc::Channel as RpcChannel;
use testkit::Harness;
use tonic::{Response, Status};

pub(crate) struct World {
    pub(crate) harness: Harness,
    requests: AtomicU32,
}

/// tmall and jd without a union; the two of WeChat in one union; pos.
const CHANNELS: [(&str, ChannelKind, &str, i32); 5] = [
    ("tmall", ChannelKind::Tmall, "", 1),
    ("jd", ChannelKind::Jd, "", 2),
    ("wechat_mini", ChannelKind::WechatMini, "open_platform", 3),
    ("wechat_oa", ChannelKind::WechatOa, "open_platform", 4),
    ("pos", ChannelKind::Pos, "", 5),
];

impl World {
    pub(crate) async fn new() -> Self {
        let harness = testkit::harness(identity::NAME, identity::migrations(), identity::service).await;
        let world = Self {
            harness,
            requests: AtomicU32::new(0),
        };
        world.open_channels(world.harness.tenant).await;
        world
    }

    pub(crate) async fn open_channels(&self, tenant: Tenant) {
        for (code, kind, union_code, trust_rank) in CHANNELS {
            let channel = channel(code, kind, union_code, trust_rank);
            let request = CreateChannelRequest {
                request_id: self.request_id(),
                channel: Some(channel),
            };
            self.channels_of(tenant).create_channel(request).await.unwrap();
        }
    }

    pub(crate) fn request_id(&self) -> String {
        format!("request-{}", self.requests.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn channels(&self) -> ChannelServiceClient<RpcChannel> {
        self.channels_of(self.harness.tenant)
    }

    pub(crate) fn channels_of(&self, tenant: Tenant) -> ChannelServiceClient<RpcChannel> {
        ChannelServiceClient::new(self.harness.channel_of(tenant))
    }

    pub(crate) fn members(&self) -> MemberServiceClient<RpcChannel> {
        self.members_of(self.harness.tenant)
    }

    pub(crate) fn members_of(&self, tenant: Tenant) -> MemberServiceClient<RpcChannel> {
        MemberServiceClient::new(self.harness.channel_of(tenant))
    }

    pub(crate) async fn resolve(&self, arrival: Arrival) -> Resolution {
        self.try_resolve(arrival).await.unwrap()
    }

    pub(crate) async fn try_resolve(&self, arrival: Arrival) -> Result<Resolution, Status> {
        let request = ResolveMemberRequest {
            request_id: self.request_id(),
            arrival: Some(arrival),
        };
        let response: Response<ResolveMemberResponse> = self.members().resolve_member(request).await?;
        Ok(response.into_inner().resolution.unwrap())
    }

    pub(crate) async fn get(&self, member_id: &str) -> GetMemberResponse {
        let request = GetMemberRequest {
            member_id: member_id.to_owned(),
        };
        self.members().get_member(request).await.unwrap().into_inner()
    }

    pub(crate) async fn member(&self, member_id: &str) -> Member {
        self.get(member_id).await.member.unwrap()
    }

    pub(crate) async fn look_up(&self, kind: IdentityKind, value: &str, channel: &str) -> Result<Member, Status> {
        let request = LookUpMemberRequest {
            kind: kind.into(),
            value: value.to_owned(),
            channel_code: channel.to_owned(),
        };
        Ok(self
            .members()
            .look_up_member(request)
            .await?
            .into_inner()
            .member
            .unwrap())
    }

    pub(crate) async fn link(&self, member_id: &str, evidence: Evidence) -> Result<Identity, Status> {
        let request = LinkIdentityRequest {
            request_id: self.request_id(),
            member_id: member_id.to_owned(),
            evidence: Some(evidence),
        };
        Ok(self
            .members()
            .link_identity(request)
            .await?
            .into_inner()
            .identity
            .unwrap())
    }

    pub(crate) async fn unlink(&self, member_id: &str, identity_id: &str) -> Result<UnlinkIdentityResponse, Status> {
        let request = UnlinkIdentityRequest {
            request_id: self.request_id(),
            member_id: member_id.to_owned(),
            identity_id: identity_id.to_owned(),
        };
        Ok(self.members().unlink_identity(request).await?.into_inner())
    }

    pub(crate) async fn merge(&self, one: &str, other: &str, by_hand: bool) -> Result<MergeMembersResponse, Status> {
        let request = MergeMembersRequest {
            request_id: self.request_id(),
            member_id: one.to_owned(),
            other_member_id: other.to_owned(),
            accept_conflicts: by_hand,
            comment: "the customer called".to_owned(),
        };
        Ok(self.members().merge_members(request).await?.into_inner())
    }

    pub(crate) async fn undo(&self, absorbed: &str) -> Result<UndoMergeResponse, Status> {
        let request = UndoMergeRequest {
            request_id: self.request_id(),
            member_id: absorbed.to_owned(),
            comment: "they are mother and daughter".to_owned(),
        };
        Ok(self.members().undo_merge(request).await?.into_inner())
    }

    pub(crate) async fn update(
        &self,
        member_id: &str,
        profile: Profile,
        paths: &[&str],
        etag: &str,
    ) -> Result<Member, Status> {
        let request = UpdateMemberRequest {
            request_id: self.request_id(),
            member_id: member_id.to_owned(),
            profile: Some(profile),
            update_mask: Some(mask(paths)),
            etag: etag.to_owned(),
        };
        Ok(self
            .members()
            .update_member(request)
            .await?
            .into_inner()
            .member
            .unwrap())
    }

    pub(crate) async fn all_members(&self) -> Vec<Member> {
        let request = ListMembersRequest {
            page_size: 500,
            ..ListMembersRequest::default()
        };
        self.members().list_members(request).await.unwrap().into_inner().members
    }

    /// What the service has told of one kind.
    pub(crate) async fn told<F: Fact + Message + Default>(&self) -> Vec<F> {
        let facts = self.harness.published().await;
        facts
            .iter()
            .filter(|fact| fact.kind == F::TYPE)
            .map(|fact| F::decode(&*fact.payload).unwrap())
            .collect()
    }
}

pub(crate) fn channel(code: &str, kind: ChannelKind, union_code: &str, trust_rank: i32) -> Channel {
    Channel {
        channel_code: code.to_owned(),
        kind: kind.into(),
        display_name: format!("The {code} shop"),
        account: String::new(),
        union_code: union_code.to_owned(),
        trust_rank,
        create_time: None,
        etag: String::new(),
    }
}

pub(crate) fn mask(paths: &[&str]) -> FieldMask {
    FieldMask {
        paths: paths.iter().map(|&path| path.to_owned()).collect(),
    }
}

pub(crate) fn arrival(channel: &str, external_id: &str, evidence: impl IntoIterator<Item = Evidence>) -> Arrival {
    Arrival {
        channel_code: channel.to_owned(),
        external_id: external_id.to_owned(),
        evidence: evidence.into_iter().collect(),
        profile: None,
    }
}

pub(crate) fn evidence(kind: IdentityKind, value: &str, proof: Proof) -> Evidence {
    Evidence {
        kind: kind.into(),
        value: value.to_owned(),
        proof: proof.into(),
        channel_code: String::new(),
    }
}

/// A phone whose owner repeated a code.
pub(crate) fn phone(value: &str) -> Evidence {
    evidence(IdentityKind::Phone, value, Proof::Code)
}

/// A unionid that came from the platform.
pub(crate) fn union(value: &str) -> Evidence {
    evidence(IdentityKind::UnionId, value, Proof::Platform)
}

pub(crate) fn named(arrival: Arrival, name: &str) -> Arrival {
    Arrival {
        profile: Some(Profile {
            name: name.to_owned(),
            ..Profile::default()
        }),
        ..arrival
    }
}

pub(crate) fn outcomes(resolution: &Resolution) -> Vec<EvidenceOutcome> {
    resolution
        .evidence_results
        .iter()
        .map(EvidenceResult::outcome)
        .collect()
}

/// Why a call was refused.
pub(crate) fn refusal<T: std::fmt::Debug>(outcome: Result<T, Status>) -> Refusal {
    match Fault::from_peer(outcome.unwrap_err()) {
        Fault::Refused(refusal) => *refusal,
        other => panic!("it is no refusal: {other:?}"),
    }
}

pub(crate) fn reason<T: std::fmt::Debug>(outcome: Result<T, Status>) -> String {
    refusal(outcome).reason
}
