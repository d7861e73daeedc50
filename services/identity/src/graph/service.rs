use contracts_identity::v1::member_service_server::MemberService;
use contracts_identity::v1::{
    BatchGetMembersRequest, BatchGetMembersResponse, BatchLookUpMembersRequest, BatchLookUpMembersResponse,
    BatchResolveMembersRequest, BatchResolveMembersResponse, GetMemberRequest, GetMemberResponse, ImportMembersRequest,
    ImportMembersResponse, LinkIdentityRequest, LinkIdentityResponse, ListMembersRequest, ListMembersResponse,
    LookUpMemberRequest, LookUpMemberResponse, MergeMembersRequest, MergeMembersResponse, ResolveMemberRequest,
    ResolveMemberResponse, UndoMergeRequest, UndoMergeResponse, UnlinkIdentityRequest, UnlinkIdentityResponse,
    UpdateMemberRequest, UpdateMemberResponse,
};
use tonic::{Request, Response, Status, Streaming};

use crate::api::IdentityApi;

// The contract has one service for members, whose methods are here, in `profile` and in `bulk`.
rpc::serve_methods! {
    impl MemberService for IdentityApi {
        resolve_member(ResolveMemberRequest) -> ResolveMemberResponse;
        batch_resolve_members(BatchResolveMembersRequest) -> BatchResolveMembersResponse;
        get_member(GetMemberRequest) -> GetMemberResponse;
        batch_get_members(BatchGetMembersRequest) -> BatchGetMembersResponse;
        look_up_member(LookUpMemberRequest) -> LookUpMemberResponse;
        batch_look_up_members(BatchLookUpMembersRequest) -> BatchLookUpMembersResponse;
        list_members(ListMembersRequest) -> ListMembersResponse;
        update_member(UpdateMemberRequest) -> UpdateMemberResponse;
        link_identity(LinkIdentityRequest) -> LinkIdentityResponse;
        unlink_identity(UnlinkIdentityRequest) -> UnlinkIdentityResponse;
        merge_members(MergeMembersRequest) -> MergeMembersResponse;
        undo_merge(UndoMergeRequest) -> UndoMergeResponse;

        async fn import_members(
            &self,
            request: Request<Streaming<ImportMembersRequest>>,
        ) -> Result<Response<ImportMembersResponse>, Status> {
            // A stream is read once, so it is not run again as a whole; its chunks are.
            let (metadata, extensions, stream) = request.into_parts();
            let call = rpc::accept(Request::from_parts(metadata, extensions, ()))?;
            Ok(Response::new(self.import_members(call, stream).await?))
        }
    }
}
