//! The peers of channels, played: identity knows people by their ids and by proven phones, tagging keeps activities once; each
//! answers a request id once. They can be away.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};

use contracts_identity::v1::member_service_server::{MemberService, MemberServiceServer};
use contracts_identity::v1::*;
use contracts_points::v1::points_service_server::{PointsService, PointsServiceServer};
use contracts_points::v1::{self as points, *};
use contracts_rights::v1::tier_service_server::{TierService, TierServiceServer};
use contracts_rights::v1::*;
use contracts_tagging::v1::activity_service_server::{ActivityService, ActivityServiceServer};
use contracts_tagging::v1::*;
use fault::Fault;
use rpc::Contract;
use tokio_stream::Stream;
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming, async_trait};

#[derive(Clone, Default)]
pub(crate) struct World(Arc<Mutex<State>>);

#[derive(Default)]
pub(crate) struct State {
    /// Members by their number, with their proven phones.
    pub(crate) members: Vec<String>,
    /// Whom an external id leads to.
    pub(crate) links: BTreeMap<String, usize>,
    /// Activities by type and source.
    pub(crate) activities: BTreeMap<(String, String), contracts_tagging::v1::Activity>,
    pub(crate) is_away: bool,
    /// Why identity refuses whoever arrives.
    pub(crate) refuses: bool,
    pub(crate) calls: usize,
}

/// Of all that the world answers.
pub(crate) static CONTRACT: Contract = Contract::of_all(&[
    &contracts_identity::CONTRACT,
    &contracts_points::CONTRACT,
    &contracts_rights::CONTRACT,
    &contracts_tagging::CONTRACT,
]);

impl World {
    pub(crate) fn routes(&self) -> Routes {
        Routes::new(MemberServiceServer::new(self.clone()))
            .add_service(ActivityServiceServer::new(self.clone()))
            .add_service(PointsServiceServer::new(self.clone()))
            .add_service(TierServiceServer::new(self.clone()))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn call(&self) -> Result<MutexGuard<'_, State>, Status> {
        let mut state = self.state();
        state.calls += 1;
        match state.is_away {
            true => Err(Fault::unavailable("away").into()),
            false => Ok(state),
        }
    }
}

/// What channels does not call.
fn unplayed() -> Status {
    Status::unimplemented("channels does not call it")
}

fn member(number: usize, state: &State) -> Member {
    let of_number = state.links.iter().filter(|(_, linked)| **linked == number);
    Member {
        member_id: format!("mbr_{number}"),
        identities: of_number
            .map(|(external_id, _)| Identity {
                identity_id: format!("idn_{external_id}"),
                kind: IdentityKind::ExternalId.into(),
                scope: "shop".to_owned(),
                value: external_id.clone(),
                ..Identity::default()
            })
            .collect(),
        ..Member::default()
    }
}

#[async_trait]
impl MemberService for World {
    async fn resolve_member(
        &self,
        request: Request<ResolveMemberRequest>,
    ) -> Result<Response<ResolveMemberResponse>, Status> {
        let mut state = self.call()?;
        if state.refuses {
            return Err(Fault::not_found("channel", "shop").into());
        }
        let arrival = request.into_inner().arrival.unwrap();
        let phone = arrival
            .evidence
            .first()
            .map(|known| known.value.clone())
            .unwrap_or_default();
        let by_phone = |phone: &String| state.members.iter().position(|known| known == phone);
        let known = state.links.get(&arrival.external_id).copied();
        let known = known.or_else(|| Some(&phone).filter(|phone| !phone.is_empty()).and_then(by_phone));
        let number = known.unwrap_or(state.members.len());
        if number == state.members.len() {
            state.members.push(phone);
        }
        state.links.insert(arrival.external_id, number);
        Ok(Response::new(ResolveMemberResponse {
            resolution: Some(Resolution {
                member_id: format!("mbr_{number}"),
                ..Resolution::default()
            }),
        }))
    }

    async fn look_up_member(
        &self,
        request: Request<LookUpMemberRequest>,
    ) -> Result<Response<LookUpMemberResponse>, Status> {
        let state = self.call()?;
        let value = request.into_inner().value;
        match state.links.get(&value) {
            Some(number) => Ok(Response::new(LookUpMemberResponse {
                member: Some(member(*number, &state)),
            })),
            None => Err(Fault::not_found("member", value).into()),
        }
    }

    async fn unlink_identity(
        &self,
        request: Request<UnlinkIdentityRequest>,
    ) -> Result<Response<UnlinkIdentityResponse>, Status> {
        let mut state = self.call()?;
        let id = request.into_inner().identity_id;
        state.links.remove(id.strip_prefix("idn_").unwrap());
        Ok(Response::new(UnlinkIdentityResponse {}))
    }

    async fn batch_resolve_members(
        &self,
        _: Request<BatchResolveMembersRequest>,
    ) -> Result<Response<BatchResolveMembersResponse>, Status> {
        Err(unplayed())
    }

    async fn get_member(&self, _: Request<GetMemberRequest>) -> Result<Response<GetMemberResponse>, Status> {
        Err(unplayed())
    }

    async fn batch_get_members(
        &self,
        _: Request<BatchGetMembersRequest>,
    ) -> Result<Response<BatchGetMembersResponse>, Status> {
        Err(unplayed())
    }

    async fn batch_look_up_members(
        &self,
        _: Request<BatchLookUpMembersRequest>,
    ) -> Result<Response<BatchLookUpMembersResponse>, Status> {
        Err(unplayed())
    }

    async fn list_members(&self, _: Request<ListMembersRequest>) -> Result<Response<ListMembersResponse>, Status> {
        Err(unplayed())
    }

    async fn update_member(&self, _: Request<UpdateMemberRequest>) -> Result<Response<UpdateMemberResponse>, Status> {
        Err(unplayed())
    }

    async fn link_identity(&self, _: Request<LinkIdentityRequest>) -> Result<Response<LinkIdentityResponse>, Status> {
        Err(unplayed())
    }

    async fn merge_members(&self, _: Request<MergeMembersRequest>) -> Result<Response<MergeMembersResponse>, Status> {
        Err(unplayed())
    }

    async fn undo_merge(&self, _: Request<UndoMergeRequest>) -> Result<Response<UndoMergeResponse>, Status> {
        Err(unplayed())
    }

    async fn import_members(
        &self,
        _: Request<Streaming<ImportMembersRequest>>,
    ) -> Result<Response<ImportMembersResponse>, Status> {
        Err(unplayed())
    }
}

#[async_trait]
impl ActivityService for World {
    type StreamActivitiesStream = Pin<Box<dyn Stream<Item = Result<StreamActivitiesResponse, Status>> + Send>>;

    async fn record_activities(
        &self,
        request: Request<RecordActivitiesRequest>,
    ) -> Result<Response<RecordActivitiesResponse>, Status> {
        let mut state = self.call()?;
        let mut results = Vec::new();
        for activity in request.into_inner().activities {
            let key = (activity.activity_type.clone(), activity.source_id.clone());
            let outcome = match state.activities.insert(key, activity) {
                None => ActivityOutcome::Recorded,
                Some(_) => ActivityOutcome::Duplicate,
            };
            results.push(ActivityResult {
                outcome: outcome.into(),
                ..ActivityResult::default()
            });
        }
        Ok(Response::new(RecordActivitiesResponse {
            results,
            ..RecordActivitiesResponse::default()
        }))
    }

    async fn list_activities(
        &self,
        _: Request<ListActivitiesRequest>,
    ) -> Result<Response<ListActivitiesResponse>, Status> {
        Err(unplayed())
    }

    async fn stream_activities(
        &self,
        _: Request<Streaming<StreamActivitiesRequest>>,
    ) -> Result<Response<Self::StreamActivitiesStream>, Status> {
        Err(unplayed())
    }
}

#[async_trait]
impl PointsService for World {
    async fn get_balance(&self, request: Request<GetBalanceRequest>) -> Result<Response<GetBalanceResponse>, Status> {
        let _state = self.call()?;
        let request = request.into_inner();
        Ok(Response::new(GetBalanceResponse {
            balance: Some(points::Balance {
                member_id: request.member_id,
                asset_code: request.asset_code,
                available: 2_000,
                ..points::Balance::default()
            }),
        }))
    }

    async fn earn_points(&self, _: Request<EarnPointsRequest>) -> Result<Response<EarnPointsResponse>, Status> {
        Err(unplayed())
    }

    async fn redeem_points(&self, _: Request<RedeemPointsRequest>) -> Result<Response<RedeemPointsResponse>, Status> {
        Err(unplayed())
    }

    async fn reverse_points(
        &self,
        _: Request<ReversePointsRequest>,
    ) -> Result<Response<ReversePointsResponse>, Status> {
        Err(unplayed())
    }

    async fn list_balances(&self, _: Request<ListBalancesRequest>) -> Result<Response<ListBalancesResponse>, Status> {
        Err(unplayed())
    }

    async fn list_entries(&self, _: Request<ListEntriesRequest>) -> Result<Response<ListEntriesResponse>, Status> {
        Err(unplayed())
    }

    async fn list_lots(&self, _: Request<ListLotsRequest>) -> Result<Response<ListLotsResponse>, Status> {
        Err(unplayed())
    }
}

#[async_trait]
impl TierService for World {
    async fn get_member_tier(
        &self,
        _: Request<GetMemberTierRequest>,
    ) -> Result<Response<GetMemberTierResponse>, Status> {
        let _state = self.call()?;
        Err(Fault::not_found("tier ladder", "").into())
    }

    async fn get_tier_ladder(
        &self,
        _: Request<GetTierLadderRequest>,
    ) -> Result<Response<GetTierLadderResponse>, Status> {
        Err(unplayed())
    }

    async fn upsert_tier_ladder(
        &self,
        _: Request<UpsertTierLadderRequest>,
    ) -> Result<Response<UpsertTierLadderResponse>, Status> {
        Err(unplayed())
    }

    async fn list_tier_changes(
        &self,
        _: Request<ListTierChangesRequest>,
    ) -> Result<Response<ListTierChangesResponse>, Status> {
        Err(unplayed())
    }
}
