//! What peers are asked about messages.

use std::time::Duration;

use channel_protocols::{Activity, Arrival, Card, Evidence, EvidenceKind};
use contracts::r#type::v1::Money;
use contracts_identity::v1::member_service_client::MemberServiceClient;
use contracts_identity::v1::{
    self as identity, IdentityKind, LookUpMemberRequest, Member, Proof, ResolveMemberRequest,
};
use contracts_points::v1::GetBalanceRequest;
use contracts_points::v1::points_service_client::PointsServiceClient;
use contracts_rights::v1::tier_service_client::TierServiceClient;
use contracts_rights::v1::{GetMemberTierRequest, GetTierLadderRequest};
use contracts_tagging::v1::activity_service_client::ActivityServiceClient;
use contracts_tagging::v1::{self as tagging, ActivityOutcome, RecordActivitiesRequest};
use fault::{Code, Fault};
use kernel::{Tenant, Time};
use rpc::{Channel, Peers};
use tonic::{Request, Status};

/// How long a call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Asks identity and tagging.
#[derive(Clone)]
pub(crate) struct Asker {
    peers: Peers,
}

/// What a peer says: what was asked for, or why not.
pub(crate) enum Said<T> {
    Yes(T),
    No(String),
}

impl Asker {
    pub(crate) fn new(peers: Peers) -> Self {
        Self { peers }
    }

    fn identity(&self, tenant: Tenant) -> Result<MemberServiceClient<Channel>, Fault> {
        let channel = self.peers.channel("identity").on_behalf_of(tenant)?;
        Ok(MemberServiceClient::new(channel))
    }

    /// Says who turned up, and answers with the member.
    pub(crate) async fn resolve(
        &self,
        tenant: Tenant,
        request_id: String,
        channel_code: &str,
        arrival: &Arrival,
    ) -> Result<Said<String>, Fault> {
        let request = ResolveMemberRequest {
            request_id,
            arrival: Some(identity::Arrival {
                channel_code: channel_code.to_owned(),
                external_id: arrival.external_id.clone(),
                evidence: arrival.evidence.iter().map(evidence).collect(),
                profile: None,
            }),
        };
        let answer = self.identity(tenant)?.resolve_member(timed(request)).await;
        said(
            answer.map(|answer| answer.into_inner().resolution.unwrap_or_default().member_id),
            "identity",
        )
    }

    /// The member whom an id of a channel leads to.
    pub(crate) async fn look_up(
        &self,
        tenant: Tenant,
        channel_code: &str,
        external_id: &str,
    ) -> Result<Option<Member>, Fault> {
        let request = LookUpMemberRequest {
            kind: IdentityKind::ExternalId.into(),
            value: external_id.to_owned(),
            channel_code: channel_code.to_owned(),
        };
        let answer = self.identity(tenant)?.look_up_member(timed(request)).await;
        match answer.map_err(Fault::from_peer) {
            Ok(answer) => Ok(answer.into_inner().member),
            Err(Fault::Refused(refusal)) if refusal.code == Code::NotFound => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Lets an id of a channel lead to nobody. One that leads to nobody already is what was to be reached.
    pub(crate) async fn unlink(
        &self,
        tenant: Tenant,
        request_id: String,
        channel_code: &str,
        external_id: &str,
    ) -> Result<(), Fault> {
        let Some(member) = self.look_up(tenant, channel_code, external_id).await? else {
            return Ok(());
        };
        let is_it = |known: &&identity::Identity| {
            known.kind() == IdentityKind::ExternalId && known.scope == channel_code && known.value == external_id
        };
        let Some(known) = member.identities.iter().find(is_it) else {
            return Ok(());
        };
        let request = identity::UnlinkIdentityRequest {
            request_id,
            member_id: member.member_id.clone(),
            identity_id: known.identity_id.clone(),
        };
        let answer = self.identity(tenant)?.unlink_identity(timed(request)).await;
        match answer.map_err(Fault::from_peer) {
            Ok(_) => Ok(()),
            Err(Fault::Refused(refusal)) if refusal.code == Code::NotFound => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    /// Says what was done.
    pub(crate) async fn record(
        &self,
        tenant: Tenant,
        request_id: String,
        (channel_code, external_id): (&str, &str),
        activity: &Activity,
        occur_time: Time,
    ) -> Result<Said<()>, Fault> {
        let money = |(minor_units, code): &(i64, String)| Money {
            minor_units: *minor_units,
            currency_code: code.clone(),
        };
        let request = RecordActivitiesRequest {
            request_id,
            activities: vec![tagging::Activity {
                channel_code: channel_code.to_owned(),
                external_id: external_id.to_owned(),
                source_id: activity.source_id.clone(),
                activity_type: activity.activity_type.clone(),
                occur_time: Some(occur_time.to_wire()),
                amount: activity.amount.as_ref().map(money),
                refunded_source_id: activity.refunded_source_id.clone(),
                attributes: activity.attributes.clone().into_iter().collect(),
                ..tagging::Activity::default()
            }],
            ..RecordActivitiesRequest::default()
        };
        let channel = self.peers.channel("tagging").on_behalf_of(tenant)?;
        let answer = ActivityServiceClient::new(channel)
            .record_activities(timed(request))
            .await;
        let results = match said(answer.map(|answer| answer.into_inner().results), "tagging")? {
            Said::Yes(results) => results,
            Said::No(problem) => return Ok(Said::No(problem)),
        };
        let Some(result) = results.into_iter().next() else {
            return Err(Fault::internal("tagging answered with no result"));
        };
        match result.outcome() {
            ActivityOutcome::Recorded | ActivityOutcome::Duplicate => Ok(Said::Yes(())),
            ActivityOutcome::Refused | ActivityOutcome::Unspecified => {
                let refusal = result.refusal.unwrap_or_default();
                Ok(Said::No(format!("tagging: {}: {}", refusal.reason, refusal.message)))
            }
        }
    }

    /// What a platform shows of a member.
    pub(crate) async fn card(&self, tenant: Tenant, member_id: &str, asset_code: &str) -> Result<Card, Fault> {
        let points = match asset_code {
            "" => None,
            code => Some(self.points(tenant, member_id, code).await?),
        };
        Ok(Card {
            points,
            level: self.level(tenant, member_id).await?,
        })
    }

    async fn points(&self, tenant: Tenant, member_id: &str, asset_code: &str) -> Result<i64, Fault> {
        let request = GetBalanceRequest {
            member_id: member_id.to_owned(),
            asset_code: asset_code.to_owned(),
            ..GetBalanceRequest::default()
        };
        let channel = self.peers.channel("points").on_behalf_of(tenant)?;
        let answer = PointsServiceClient::new(channel).get_balance(timed(request)).await;
        let answer = answer.map_err(Fault::from_peer)?.into_inner();
        Ok(answer.balance.unwrap_or_default().available)
    }

    /// The place of the member's tier on the ladder, the lowest being 1; none where the brand has no tiers.
    async fn level(&self, tenant: Tenant, member_id: &str) -> Result<Option<i64>, Fault> {
        let request = GetMemberTierRequest {
            member_id: member_id.to_owned(),
        };
        let mut rights = TierServiceClient::new(self.peers.channel("rights").on_behalf_of(tenant)?);
        let answer = rights.get_member_tier(timed(request)).await;
        let tier = match answer.map_err(Fault::from_peer) {
            Ok(answer) => answer.into_inner().member_tier.and_then(|standing| standing.tier),
            Err(fault) if fault.is_refusal() => None,
            Err(fault) => return Err(fault),
        };
        let Some(tier) = tier else { return Ok(None) };
        let ladder = rights.get_tier_ladder(timed(GetTierLadderRequest::default())).await;
        let ladder = ladder
            .map_err(Fault::from_peer)?
            .into_inner()
            .tier_ladder
            .unwrap_or_default();
        let below = ladder
            .tiers
            .iter()
            .filter(|other| other.threshold <= tier.threshold)
            .count();
        Ok(i64::try_from(below).ok())
    }
}

fn timed<T>(request: T) -> Request<T> {
    let mut request = Request::new(request);
    request.set_timeout(CALL_TIMEOUT);
    request
}

/// A refusal is an answer; anything else is asked again.
fn said<T>(answer: Result<T, Status>, peer: &str) -> Result<Said<T>, Fault> {
    match answer.map_err(Fault::from_peer) {
        Ok(answer) => Ok(Said::Yes(answer)),
        Err(fault) if fault.is_refusal() => Ok(Said::No(format!("{peer}: {fault}"))),
        Err(fault) => Err(fault),
    }
}

fn evidence(evidence: &Evidence) -> identity::Evidence {
    let kind = match evidence.kind {
        EvidenceKind::UnionId => IdentityKind::UnionId,
        EvidenceKind::Phone => IdentityKind::Phone,
        EvidenceKind::Email => IdentityKind::Email,
        EvidenceKind::CardNumber => IdentityKind::CardNumber,
    };
    let proof = match evidence.proven {
        true => Proof::Platform,
        false => Proof::None,
    };
    identity::Evidence {
        kind: kind.into(),
        value: evidence.value.clone(),
        proof: proof.into(),
        channel_code: String::new(),
    }
}
