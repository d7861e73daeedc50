use contracts_tagging::v1::segment_service_server::SegmentService;
use contracts_tagging::v1::{
    CheckSegmentMembershipRequest, CheckSegmentMembershipResponse, CountSegmentMembersRequest,
    CountSegmentMembersResponse, CreateSegmentRequest, CreateSegmentResponse, GetSegmentRequest, GetSegmentResponse,
    ListMemberSegmentsRequest, ListMemberSegmentsResponse, ListSegmentMembersRequest, ListSegmentMembersResponse,
    ListSegmentsRequest, ListSegmentsResponse, UpdateSegmentRequest, UpdateSegmentResponse,
};

use crate::api::TaggingApi;

rpc::serve_methods! {
    impl SegmentService for TaggingApi {
        create_segment(CreateSegmentRequest) -> CreateSegmentResponse;
        get_segment(GetSegmentRequest) -> GetSegmentResponse;
        list_segments(ListSegmentsRequest) -> ListSegmentsResponse;
        update_segment(UpdateSegmentRequest) -> UpdateSegmentResponse;
        count_segment_members(CountSegmentMembersRequest) -> CountSegmentMembersResponse;
        list_segment_members(ListSegmentMembersRequest) -> ListSegmentMembersResponse;
        check_segment_membership(CheckSegmentMembershipRequest) -> CheckSegmentMembershipResponse;
        list_member_segments(ListMemberSegmentsRequest) -> ListMemberSegmentsResponse;
    }
}
