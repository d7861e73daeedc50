//! The contracts' services, each method one line.

use contracts::tagging::v1::activity_service_server::ActivityService;
use contracts::tagging::v1::insight_service_server::InsightService;
use contracts::tagging::v1::segment_service_server::SegmentService;
use contracts::tagging::v1::tag_service_server::TagService;
#[allow(clippy::wildcard_imports)] // requests and responses of every method
use contracts::tagging::v1::*;
use rpc::{accept, answer};
use tonic::{Request, Response, Status, Streaming};

use super::TaggingApi;
use crate::activity::stream_activities::Results;

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl ActivityService for TaggingApi {
    async fn record_activities(&self, request: Request<RecordActivitiesRequest>) -> Answer<RecordActivitiesResponse> {
        answer(request, |call| self.record_activities(call)).await
    }

    type StreamActivitiesStream = Results;

    async fn stream_activities(&self, request: Request<Streaming<StreamActivitiesRequest>>) -> Answer<Results> {
        let (metadata, extensions, incoming) = request.into_parts();
        let call = accept(Request::from_parts(metadata, extensions, ()))?;
        Ok(Response::new(self.stream_activities(call.tenant(), incoming)))
    }

    async fn list_activities(&self, request: Request<ListActivitiesRequest>) -> Answer<ListActivitiesResponse> {
        answer(request, |call| self.list_activities(call)).await
    }
}

#[tonic::async_trait]
impl TagService for TaggingApi {
    async fn create_tag(&self, request: Request<CreateTagRequest>) -> Answer<CreateTagResponse> {
        answer(request, |call| self.create_tag(call)).await
    }

    async fn get_tag(&self, request: Request<GetTagRequest>) -> Answer<GetTagResponse> {
        answer(request, |call| self.get_tag(call)).await
    }

    async fn list_tags(&self, request: Request<ListTagsRequest>) -> Answer<ListTagsResponse> {
        answer(request, |call| self.list_tags(call)).await
    }

    async fn update_tag(&self, request: Request<UpdateTagRequest>) -> Answer<UpdateTagResponse> {
        answer(request, |call| self.update_tag(call)).await
    }

    async fn assign_tags(&self, request: Request<AssignTagsRequest>) -> Answer<AssignTagsResponse> {
        answer(request, |call| self.assign_tags(call)).await
    }

    async fn batch_assign_tags(&self, request: Request<BatchAssignTagsRequest>) -> Answer<BatchAssignTagsResponse> {
        answer(request, |call| self.batch_assign_tags(call)).await
    }

    async fn remove_tag(&self, request: Request<RemoveTagRequest>) -> Answer<RemoveTagResponse> {
        answer(request, |call| self.remove_tag(call)).await
    }

    async fn list_member_tags(&self, request: Request<ListMemberTagsRequest>) -> Answer<ListMemberTagsResponse> {
        answer(request, |call| self.list_member_tags(call)).await
    }
}

#[tonic::async_trait]
impl SegmentService for TaggingApi {
    async fn create_segment(&self, request: Request<CreateSegmentRequest>) -> Answer<CreateSegmentResponse> {
        answer(request, |call| self.create_segment(call)).await
    }

    async fn get_segment(&self, request: Request<GetSegmentRequest>) -> Answer<GetSegmentResponse> {
        answer(request, |call| self.get_segment(call)).await
    }

    async fn list_segments(&self, request: Request<ListSegmentsRequest>) -> Answer<ListSegmentsResponse> {
        answer(request, |call| self.list_segments(call)).await
    }

    async fn update_segment(&self, request: Request<UpdateSegmentRequest>) -> Answer<UpdateSegmentResponse> {
        answer(request, |call| self.update_segment(call)).await
    }

    async fn count_segment_members(
        &self,
        request: Request<CountSegmentMembersRequest>,
    ) -> Answer<CountSegmentMembersResponse> {
        answer(request, |call| self.count_segment_members(call)).await
    }

    async fn list_segment_members(
        &self,
        request: Request<ListSegmentMembersRequest>,
    ) -> Answer<ListSegmentMembersResponse> {
        answer(request, |call| self.list_segment_members(call)).await
    }

    async fn check_segment_membership(
        &self,
        request: Request<CheckSegmentMembershipRequest>,
    ) -> Answer<CheckSegmentMembershipResponse> {
        answer(request, |call| self.check_segment_membership(call)).await
    }

    async fn list_member_segments(
        &self,
        request: Request<ListMemberSegmentsRequest>,
    ) -> Answer<ListMemberSegmentsResponse> {
        answer(request, |call| self.list_member_segments(call)).await
    }
}

#[tonic::async_trait]
impl InsightService for TaggingApi {
    async fn get_summary(&self, request: Request<GetSummaryRequest>) -> Answer<GetSummaryResponse> {
        answer(request, |call| self.get_summary(call)).await
    }
}
