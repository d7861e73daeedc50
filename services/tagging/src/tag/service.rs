use contracts_tagging::v1::tag_service_server::TagService;
use contracts_tagging::v1::{
    AssignTagsRequest, AssignTagsResponse, BatchAssignTagsRequest, BatchAssignTagsResponse, CreateTagRequest,
    CreateTagResponse, GetTagRequest, GetTagResponse, ListMemberTagsRequest, ListMemberTagsResponse, ListTagsRequest,
    ListTagsResponse, RemoveTagRequest, RemoveTagResponse, UpdateTagRequest, UpdateTagResponse,
};

use crate::api::TaggingApi;

rpc::serve_methods! {
    impl TagService for TaggingApi {
        create_tag(CreateTagRequest) -> CreateTagResponse;
        get_tag(GetTagRequest) -> GetTagResponse;
        list_tags(ListTagsRequest) -> ListTagsResponse;
        update_tag(UpdateTagRequest) -> UpdateTagResponse;
        assign_tags(AssignTagsRequest) -> AssignTagsResponse;
        batch_assign_tags(BatchAssignTagsRequest) -> BatchAssignTagsResponse;
        remove_tag(RemoveTagRequest) -> RemoveTagResponse;
        list_member_tags(ListMemberTagsRequest) -> ListMemberTagsResponse;
    }
}
