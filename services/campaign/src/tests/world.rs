//! The peers of campaign, played: they do what they are asked once for each request id, as their contracts say, and can be
//! away, lose their answers or fall silent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use contracts_points::v1::points_service_server::{PointsService, PointsServiceServer};
use contracts_points::v1::*;
use contracts_rights::v1::coupon_service_server::{CouponService, CouponServiceServer};
use contracts_rights::v1::{self as rights, issue_result, *};
use contracts_tagging::v1::segment_service_server::{SegmentService, SegmentServiceServer};
use contracts_tagging::v1::tag_service_server::{TagService, TagServiceServer};
use contracts_tagging::v1::{self as tagging, *};
use fault::{Common, Fault};
use rpc::Contract;
use tonic::service::Routes;
use tonic::{Request, Response, Status, async_trait};

/// All peers.
#[derive(Clone, Default)]
pub(super) struct World(Arc<Mutex<State>>);

/// What the peers have done, by the names under which they were asked, and how they feel.
#[derive(Default)]
pub(super) struct State {
    pub(super) grants: BTreeMap<String, EarnPointsRequest>,
    pub(super) coupons: BTreeMap<String, (String, String)>,
    /// The requests that issued coupons, each of which rights keeps for ever.
    pub(super) issues: BTreeMap<String, IssueCouponsRequest>,
    pub(super) tags: BTreeMap<String, AssignTagsRequest>,
    /// The members of segments; a segment without any is unknown.
    pub(super) segments: BTreeSet<(String, String)>,
    /// How many calls came, repeated ones too.
    pub(super) calls: usize,
    /// How many coupons each call asked for.
    pub(super) batches: Vec<usize>,
    pub(super) mood: Mood,
    /// Whether tagging has not heard of anybody yet.
    pub(super) knows_nobody: bool,
}

/// How the peers treat calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mood {
    #[default]
    Well,
    /// They refuse every call as unavailable, and do nothing.
    Away,
    /// They do what they are asked, and the answer is lost.
    LosesAnswers,
    /// They do what they are asked, and never answer.
    Silent,
}

/// The asset that points does not know.
pub(super) const UNKNOWN_ASSET: &str = "doubloons";
/// The template whose coupons are all gone.
pub(super) const EXHAUSTED_TEMPLATE: &str = "gone";
/// The template that issues nothing yet.
pub(super) const DRAFT_TEMPLATE: &str = "draft";

/// Of all that the world answers.
pub(super) static CONTRACT: Contract = Contract::of_all(&[
    &contracts_points::CONTRACT,
    &contracts_rights::CONTRACT,
    &contracts_tagging::CONTRACT,
]);

impl World {
    pub(super) fn routes(&self) -> Routes {
        Routes::new(PointsServiceServer::new(self.clone()))
            .add_service(CouponServiceServer::new(self.clone()))
            .add_service(TagServiceServer::new(self.clone()))
            .add_service(SegmentServiceServer::new(self.clone()))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn feel(&self, mood: Mood) {
        self.state().mood = mood;
    }

    /// Notes a call; fails where nobody is there to take it.
    fn call(&self) -> Result<(), Fault> {
        let mut state = self.state();
        state.calls += 1;
        if state.mood == Mood::Away {
            Err(Fault::unavailable("away"))
        } else {
            Ok(())
        }
    }

    /// Sends the answer, if it arrives.
    async fn answer<T>(&self, answer: T) -> Result<Response<T>, Status> {
        let mood = self.state().mood;
        match mood {
            Mood::Well | Mood::Away => Ok(Response::new(answer)),
            Mood::LosesAnswers => Err(Fault::unavailable("the answer was lost").into()),
            Mood::Silent => std::future::pending().await,
        }
    }
}

fn unplayed() -> Status {
    Status::unimplemented("no journey calls this")
}

/// The same request id with another content: what a journey must never send.
fn reused() -> Status {
    Fault::refused(Common::RequestIdReused, "the request id came with another content").into()
}

#[async_trait]
impl PointsService for World {
    async fn earn_points(&self, request: Request<EarnPointsRequest>) -> Result<Response<EarnPointsResponse>, Status> {
        self.call()?;
        let request = request.into_inner();
        if request.asset_code == UNKNOWN_ASSET {
            return Err(Fault::not_found("asset", UNKNOWN_ASSET).into());
        }
        let entry = Entry {
            entry_id: format!("ent_{}", request.request_id),
            ..Entry::default()
        };
        let known = self
            .state()
            .grants
            .entry(request.request_id.clone())
            .or_insert_with(|| request.clone())
            .clone();
        if known != request {
            return Err(reused());
        }
        self.answer(EarnPointsResponse {
            entry: Some(entry),
            ..EarnPointsResponse::default()
        })
        .await
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

    async fn get_balance(&self, _: Request<GetBalanceRequest>) -> Result<Response<GetBalanceResponse>, Status> {
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
impl CouponService for World {
    async fn issue_coupons(
        &self,
        request: Request<IssueCouponsRequest>,
    ) -> Result<Response<IssueCouponsResponse>, Status> {
        self.call()?;
        let request = request.into_inner();
        if request.template_code == DRAFT_TEMPLATE {
            return Err(Fault::refused(rights::ErrorReason::TemplateNotActive, "the template is a draft").into());
        }
        let known = self
            .state()
            .issues
            .entry(request.request_id.clone())
            .or_insert_with(|| request.clone())
            .clone();
        if known != request {
            return Err(reused());
        }
        let IssueCouponsRequest {
            template_code, items, ..
        } = request;
        self.state().batches.push(items.len());
        let results = items.into_iter().map(|item| self.issue(&template_code, item)).collect();
        self.answer(IssueCouponsResponse {
            results,
            refused_count: 0,
        })
        .await
    }

    async fn get_coupon(&self, _: Request<GetCouponRequest>) -> Result<Response<GetCouponResponse>, Status> {
        Err(unplayed())
    }

    async fn list_member_coupons(
        &self,
        _: Request<ListMemberCouponsRequest>,
    ) -> Result<Response<ListMemberCouponsResponse>, Status> {
        Err(unplayed())
    }

    async fn lock_coupon(&self, _: Request<LockCouponRequest>) -> Result<Response<LockCouponResponse>, Status> {
        Err(unplayed())
    }

    async fn redeem_coupon(&self, _: Request<RedeemCouponRequest>) -> Result<Response<RedeemCouponResponse>, Status> {
        Err(unplayed())
    }

    async fn release_coupon(
        &self,
        _: Request<ReleaseCouponRequest>,
    ) -> Result<Response<ReleaseCouponResponse>, Status> {
        Err(unplayed())
    }

    async fn return_coupon(&self, _: Request<ReturnCouponRequest>) -> Result<Response<ReturnCouponResponse>, Status> {
        Err(unplayed())
    }
}

impl World {
    fn issue(&self, template_code: &str, item: IssueItem) -> IssueResult {
        let outcome = if template_code == EXHAUSTED_TEMPLATE {
            let reason = rights::ErrorReason::TotalCapReached;
            issue_result::Outcome::Refusal(IssueRefusal {
                reason: reason.into(),
                message: "all are issued".to_owned(),
            })
        } else {
            let ours = (item.member_id.clone(), template_code.to_owned());
            let known = self
                .state()
                .coupons
                .entry(item.item_id.clone())
                .or_insert_with(|| ours.clone())
                .clone();
            assert_eq!(known, ours, "an item id never names another coupon");
            issue_result::Outcome::Coupon(Coupon {
                coupon_id: format!("cpn_{}", item.item_id),
                ..Coupon::default()
            })
        };
        IssueResult {
            member_id: item.member_id,
            item_id: item.item_id,
            outcome: Some(outcome),
        }
    }
}

impl World {
    fn tag(&self, request: AssignTagsRequest) -> BatchAssignTagsResult {
        let outcome = if self.state().knows_nobody {
            batch_assign_tags_result::Outcome::Refusal(AssignTagsRefusal {
                reason: fault::Reason::name(&tagging::ErrorReason::MemberNotFound).to_owned(),
                message: "who is that?".to_owned(),
                violations: Vec::new(),
            })
        } else {
            let known = self
                .state()
                .tags
                .entry(request.request_id.clone())
                .or_insert_with(|| request.clone())
                .clone();
            assert_eq!(known, request, "a request id never names another assignment");
            batch_assign_tags_result::Outcome::Response(AssignTagsResponse::default())
        };
        BatchAssignTagsResult { outcome: Some(outcome) }
    }
}

#[async_trait]
impl TagService for World {
    async fn assign_tags(&self, _: Request<AssignTagsRequest>) -> Result<Response<AssignTagsResponse>, Status> {
        Err(unplayed())
    }

    async fn batch_assign_tags(
        &self,
        request: Request<BatchAssignTagsRequest>,
    ) -> Result<Response<BatchAssignTagsResponse>, Status> {
        self.call()?;
        let requests = request.into_inner().requests;
        let results = requests.into_iter().map(|request| self.tag(request)).collect();
        self.answer(BatchAssignTagsResponse { results }).await
    }

    async fn create_tag(&self, _: Request<CreateTagRequest>) -> Result<Response<CreateTagResponse>, Status> {
        Err(unplayed())
    }

    async fn get_tag(&self, _: Request<GetTagRequest>) -> Result<Response<GetTagResponse>, Status> {
        Err(unplayed())
    }

    async fn list_tags(&self, _: Request<ListTagsRequest>) -> Result<Response<ListTagsResponse>, Status> {
        Err(unplayed())
    }

    async fn update_tag(&self, _: Request<UpdateTagRequest>) -> Result<Response<UpdateTagResponse>, Status> {
        Err(unplayed())
    }

    async fn remove_tag(&self, _: Request<RemoveTagRequest>) -> Result<Response<RemoveTagResponse>, Status> {
        Err(unplayed())
    }

    async fn list_member_tags(
        &self,
        _: Request<ListMemberTagsRequest>,
    ) -> Result<Response<ListMemberTagsResponse>, Status> {
        Err(unplayed())
    }
}

#[async_trait]
impl SegmentService for World {
    async fn check_segment_membership(
        &self,
        request: Request<CheckSegmentMembershipRequest>,
    ) -> Result<Response<CheckSegmentMembershipResponse>, Status> {
        self.call()?;
        let CheckSegmentMembershipRequest {
            segment_code,
            member_id,
        } = request.into_inner();
        let (known, is_member) = {
            let state = self.state();
            (
                state.segments.iter().any(|(segment, _)| *segment == segment_code),
                state.segments.contains(&(segment_code.clone(), member_id)),
            )
        };
        if !known {
            return Err(Fault::not_found("segment", segment_code).into());
        }
        self.answer(CheckSegmentMembershipResponse {
            is_member,
            ..CheckSegmentMembershipResponse::default()
        })
        .await
    }

    async fn create_segment(
        &self,
        _: Request<CreateSegmentRequest>,
    ) -> Result<Response<CreateSegmentResponse>, Status> {
        Err(unplayed())
    }

    async fn get_segment(&self, _: Request<GetSegmentRequest>) -> Result<Response<GetSegmentResponse>, Status> {
        Err(unplayed())
    }

    async fn list_segments(&self, _: Request<ListSegmentsRequest>) -> Result<Response<ListSegmentsResponse>, Status> {
        Err(unplayed())
    }

    async fn update_segment(
        &self,
        _: Request<UpdateSegmentRequest>,
    ) -> Result<Response<UpdateSegmentResponse>, Status> {
        Err(unplayed())
    }

    async fn count_segment_members(
        &self,
        _: Request<CountSegmentMembersRequest>,
    ) -> Result<Response<CountSegmentMembersResponse>, Status> {
        Err(unplayed())
    }

    async fn list_segment_members(
        &self,
        _: Request<ListSegmentMembersRequest>,
    ) -> Result<Response<ListSegmentMembersResponse>, Status> {
        Err(unplayed())
    }

    async fn list_member_segments(
        &self,
        _: Request<ListMemberSegmentsRequest>,
    ) -> Result<Response<ListMemberSegmentsResponse>, Status> {
        Err(unplayed())
    }
}
