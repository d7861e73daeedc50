//! Services that answer what a test needs. They stand behind the same server stack as the real ones.

use std::pin::Pin;
use std::time::Duration;

use contracts::r#type::v1::UnreadableItem;
use contracts_identity::v1::member_service_server::{MemberService, MemberServiceServer};
use contracts_identity::v1::{
    BatchGetMembersRequest, BatchGetMembersResponse, BatchLookUpMembersRequest, BatchLookUpMembersResponse,
    BatchResolveMembersRequest, BatchResolveMembersResponse, GetMemberRequest, GetMemberResponse, ImportMembersRequest,
    ImportMembersResponse, LinkIdentityRequest, LinkIdentityResponse, ListMembersRequest, ListMembersResponse,
    LookUpMemberRequest, LookUpMemberResponse, MergeMembersRequest, MergeMembersResponse, Refusal, RefusedRow,
    ResolveMemberRequest, ResolveMemberResponse, UndoMergeRequest, UndoMergeResponse, UnlinkIdentityRequest,
    UnlinkIdentityResponse, UpdateMemberRequest, UpdateMemberResponse,
};
use contracts_points::v1::points_service_server::{PointsService, PointsServiceServer};
use contracts_points::v1::{
    Balance, EarnPointsRequest, EarnPointsResponse, Entry, ErrorReason, GetBalanceRequest, GetBalanceResponse,
    ListBalancesRequest, ListBalancesResponse, ListEntriesRequest, ListEntriesResponse, ListLotsRequest,
    ListLotsResponse, RedeemPointsRequest, RedeemPointsResponse, ReversePointsRequest, ReversePointsResponse,
};
use contracts_tagging::v1::activity_service_server::{ActivityService, ActivityServiceServer};
use contracts_tagging::v1::{
    ActivityRefusal, ActivityResult, ActivityViolation, ListActivitiesRequest, ListActivitiesResponse,
    RecordActivitiesRequest, RecordActivitiesResponse, StreamActivitiesRequest, StreamActivitiesResponse,
};
use fault::Fault;
use rpc::{Call, answer};
use tokio_stream::{Stream, StreamExt};
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};

pub(crate) fn routes() -> Routes {
    Routes::new(PointsServiceServer::new(Played))
        .add_service(ActivityServiceServer::new(Played))
        .add_service(MemberServiceServer::new(Played))
}

pub(crate) struct Played;

/// The answer of methods that no test looks at.
fn nothing<T: Default>() -> Response<T> {
    Response::new(T::default())
}

/// Redeems anything of "points"; other assets stand for what else may happen.
async fn redeem(call: Call<RedeemPointsRequest>) -> Result<RedeemPointsResponse, Fault> {
    match call.asset_code.as_str() {
        "empty" => Err(
            Fault::refused(ErrorReason::InsufficientPoints, "redeem 500: 70 are available")
                .with("available", 70)
                .with("requested", 500),
        ),
        "busy" => Err(Fault::overloaded(
            "the played service is busy",
            Duration::from_millis(1_500),
        )),
        "late" => Err(Fault::refused(
            ErrorReason::ExpiryBeyondCalendar,
            "available_time is late: give an expire_time",
        )
        .with("field", "available_time")
        .at("available_time")),
        code @ "tag_code" => Err(Fault::not_found("asset", code)),
        "broken" => Err(Fault::internal("a secret of the database")),
        "slow" => std::future::pending().await,
        "panic" => panic!("as the test asked"),
        _ => Ok(RedeemPointsResponse {
            entry: Some(Entry {
                member_id: call.member_id.clone(),
                asset_code: call.asset_code.clone(),
                amount: -call.amount,
                reference: call.reference.clone(),
                // Who called, as the services get to know it.
                counterpart_member_id: format!("{} {}", call.tenant(), call.principal().subject),
                ..Entry::default()
            }),
        }),
    }
}

#[tonic::async_trait]
impl PointsService for Played {
    async fn redeem_points(
        &self,
        request: Request<RedeemPointsRequest>,
    ) -> Result<Response<RedeemPointsResponse>, Status> {
        answer(request, redeem).await
    }

    async fn get_balance(&self, request: Request<GetBalanceRequest>) -> Result<Response<GetBalanceResponse>, Status> {
        let request = request.into_inner();
        let balance = Balance {
            member_id: request.member_id,
            asset_code: request.asset_code,
            expiring_soon: request.expiring_within_days.into(),
            ..Balance::default()
        };
        Ok(Response::new(GetBalanceResponse { balance: Some(balance) }))
    }

    async fn earn_points(&self, _: Request<EarnPointsRequest>) -> Result<Response<EarnPointsResponse>, Status> {
        Ok(nothing())
    }

    async fn reverse_points(
        &self,
        _: Request<ReversePointsRequest>,
    ) -> Result<Response<ReversePointsResponse>, Status> {
        Ok(nothing())
    }

    async fn list_balances(&self, _: Request<ListBalancesRequest>) -> Result<Response<ListBalancesResponse>, Status> {
        Ok(nothing())
    }

    async fn list_entries(&self, _: Request<ListEntriesRequest>) -> Result<Response<ListEntriesResponse>, Status> {
        Ok(nothing())
    }

    async fn list_lots(&self, _: Request<ListLotsRequest>) -> Result<Response<ListLotsResponse>, Status> {
        Ok(nothing())
    }
}

type Answers = Pin<Box<dyn Stream<Item = Result<StreamActivitiesResponse, Status>> + Send>>;

/// The answer to an activity that could not be read.
fn unread(request_id: String, unreadable: &UnreadableItem) -> StreamActivitiesResponse {
    let violations = unreadable.violations.iter().map(|violation| ActivityViolation {
        path: violation.path.clone(),
        message: violation.message.clone(),
    });
    let refusal = ActivityRefusal {
        violations: violations.collect(),
        ..ActivityRefusal::default()
    };
    StreamActivitiesResponse {
        request_id,
        result: Some(ActivityResult {
            refusal: Some(refusal),
            ..ActivityResult::default()
        }),
    }
}

/// A path and its sentence, as tagging tells them.
const ITEMS_AND_AMOUNT: (&str, &str) = (
    "items[0].discount_amount",
    "is 5, and the order's is 4: tell the rest as surcharge_amount, or else channel_code together with external_id",
);

/// An activity that is refused for one field, with the sentence of all that is wrong.
fn refused(request_id: String, (path, message): (&str, &str)) -> StreamActivitiesResponse {
    let violation = ActivityViolation {
        path: path.to_owned(),
        message: message.to_owned(),
    };
    let refusal = ActivityRefusal {
        message: format!("{path}: {message}"),
        violations: vec![violation],
        ..ActivityRefusal::default()
    };
    StreamActivitiesResponse {
        request_id,
        result: Some(ActivityResult {
            refusal: Some(refusal),
            ..ActivityResult::default()
        }),
    }
}

#[tonic::async_trait]
impl ActivityService for Played {
    type StreamActivitiesStream = Answers;

    /// Gives every request id back, refuses what could not be read, and fails at "fail".
    async fn stream_activities(
        &self,
        request: Request<Streaming<StreamActivitiesRequest>>,
    ) -> Result<Response<Answers>, Status> {
        let answers = request.into_inner().map(|request| {
            let request = request?;
            if let Some(unreadable) = request.unreadable_items.first() {
                return Ok(unread(request.request_id, unreadable));
            }
            let request_id = request.request_id;
            if request_id == "amounts" {
                return Ok(refused(request_id, ITEMS_AND_AMOUNT));
            }
            if request_id == "fail" {
                return Err(Fault::invalid("request_id", "is the one that fails").into());
            }
            Ok(StreamActivitiesResponse {
                request_id,
                result: None,
            })
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn record_activities(
        &self,
        request: Request<RecordActivitiesRequest>,
    ) -> Result<Response<RecordActivitiesResponse>, Status> {
        let request = request.into_inner();
        let recorded_count = i32::try_from(request.activities.len()).unwrap();
        let mut results = vec![ActivityResult::default(); request.activities.len()];
        for item in &request.unreadable_items {
            let result = unread(String::new(), item).result.unwrap();
            results[usize::try_from(item.index).unwrap()] = result;
        }
        Ok(Response::new(RecordActivitiesResponse {
            results,
            recorded_count,
            ..RecordActivitiesResponse::default()
        }))
    }

    async fn list_activities(
        &self,
        _: Request<ListActivitiesRequest>,
    ) -> Result<Response<ListActivitiesResponse>, Status> {
        Ok(nothing())
    }
}

#[tonic::async_trait]
impl MemberService for Played {
    /// Counts the rows, and refuses those that could not be read.
    async fn import_members(
        &self,
        request: Request<Streaming<ImportMembersRequest>>,
    ) -> Result<Response<ImportMembersResponse>, Status> {
        let mut requests = request.into_inner();
        let (mut row_count, mut refused_rows) = (0, Vec::new());
        while let Some(request) = requests.message().await? {
            row_count += i64::try_from(request.rows.len()).unwrap();
            let refused = request.unreadable_items.iter().map(|item| RefusedRow {
                refusal: Some(Refusal {
                    message: item.violations[0].message.clone(),
                    ..Refusal::default()
                }),
                ..RefusedRow::default()
            });
            refused_rows.extend(refused);
        }
        Ok(Response::new(ImportMembersResponse {
            row_count,
            refused_rows,
            ..ImportMembersResponse::default()
        }))
    }

    async fn resolve_member(
        &self,
        _: Request<ResolveMemberRequest>,
    ) -> Result<Response<ResolveMemberResponse>, Status> {
        Ok(nothing())
    }

    async fn batch_resolve_members(
        &self,
        _: Request<BatchResolveMembersRequest>,
    ) -> Result<Response<BatchResolveMembersResponse>, Status> {
        Ok(nothing())
    }

    async fn get_member(&self, _: Request<GetMemberRequest>) -> Result<Response<GetMemberResponse>, Status> {
        Ok(nothing())
    }

    async fn batch_get_members(
        &self,
        _: Request<BatchGetMembersRequest>,
    ) -> Result<Response<BatchGetMembersResponse>, Status> {
        Ok(nothing())
    }

    async fn look_up_member(&self, _: Request<LookUpMemberRequest>) -> Result<Response<LookUpMemberResponse>, Status> {
        Ok(nothing())
    }

    async fn batch_look_up_members(
        &self,
        _: Request<BatchLookUpMembersRequest>,
    ) -> Result<Response<BatchLookUpMembersResponse>, Status> {
        Ok(nothing())
    }

    async fn list_members(&self, _: Request<ListMembersRequest>) -> Result<Response<ListMembersResponse>, Status> {
        Ok(nothing())
    }

    async fn update_member(&self, _: Request<UpdateMemberRequest>) -> Result<Response<UpdateMemberResponse>, Status> {
        Ok(nothing())
    }

    async fn link_identity(&self, _: Request<LinkIdentityRequest>) -> Result<Response<LinkIdentityResponse>, Status> {
        Ok(nothing())
    }

    async fn unlink_identity(
        &self,
        _: Request<UnlinkIdentityRequest>,
    ) -> Result<Response<UnlinkIdentityResponse>, Status> {
        Ok(nothing())
    }

    async fn merge_members(&self, _: Request<MergeMembersRequest>) -> Result<Response<MergeMembersResponse>, Status> {
        Ok(nothing())
    }

    async fn undo_merge(&self, _: Request<UndoMergeRequest>) -> Result<Response<UndoMergeResponse>, Status> {
        Ok(nothing())
    }
}
