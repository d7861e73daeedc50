use ::store::Db;
use contracts::identity::v1::blocked_value_service_server::BlockedValueService;
use contracts::identity::v1::channel_service_server::ChannelService;
use contracts::identity::v1::member_service_server::MemberService;
use contracts::identity::v1::{
    BatchGetMembersRequest, BatchGetMembersResponse, BatchLookUpMembersRequest, BatchLookUpMembersResponse,
    BatchResolveMembersRequest, BatchResolveMembersResponse, CreateBlockedValueRequest, CreateBlockedValueResponse,
    CreateChannelRequest, CreateChannelResponse, DeleteBlockedValueRequest, DeleteBlockedValueResponse,
    GetChannelRequest, GetChannelResponse, GetMemberRequest, GetMemberResponse, ImportMembersRequest,
    ImportMembersResponse, LinkIdentityRequest, LinkIdentityResponse, ListBlockedValuesRequest,
    ListBlockedValuesResponse, ListChannelsRequest, ListChannelsResponse, ListMembersRequest, ListMembersResponse,
    LookUpMemberRequest, LookUpMemberResponse, MergeMembersRequest, MergeMembersResponse, ResolveMemberRequest,
    ResolveMemberResponse, UndoMergeRequest, UndoMergeResponse, UnlinkIdentityRequest, UnlinkIdentityResponse,
    UpdateChannelRequest, UpdateChannelResponse, UpdateMemberRequest, UpdateMemberResponse,
};
use fault::Fault;
use kernel::{Clock, RequestKey, Tenant};
use prost::Message;
use tonic::{Request, Response, Status, Streaming};

use crate::domain::{Member, MemberId, Moment};
use crate::store;

/// The methods of this service, each in the file of its name under `handlers`.
#[derive(Clone)]
pub(crate) struct IdentityApi {
    pub(crate) clock: Clock,
    pub(crate) db: Db,
    /// For how many days a merge can be undone.
    pub(crate) undo_days: u32,
}

impl IdentityApi {
    pub(crate) fn new(clock: Clock, db: Db, undo_days: u32) -> Self {
        Self { clock, db, undo_days }
    }

    /// Decides at the present moment.
    pub(crate) fn decide<R>(&self, decide: impl FnOnce(&Moment<'_>) -> R) -> R {
        let new_uuid = || self.clock.uuid();
        decide(&Moment {
            now: self.clock.now(),
            new_uuid: &new_uuid,
        })
    }

    /// An answer that has no effect, and so is not kept: repeated, it leads to the same members. But where what it found
    /// is the effect of this very request, then that one's answer is the answer.
    pub(crate) async fn unless_answered<A: Message + Default>(&self, key: &RequestKey, answer: A) -> Result<A, Fault> {
        Ok(self.db.answered(key).await?.unwrap_or(answer))
    }

    /// The member of an id, or the survivor of the one it was, outside of a transaction.
    pub(crate) async fn member(&self, tenant: Tenant, id: MemberId) -> Result<Member, Fault> {
        let member = store::graph::member(self.db.read(), tenant, id).await?;
        member.ok_or_else(|| Fault::not_found("member", id))
    }
}

#[tonic::async_trait]
impl BlockedValueService for IdentityApi {
    async fn create_blocked_value(
        &self,
        request: Request<CreateBlockedValueRequest>,
    ) -> Result<Response<CreateBlockedValueResponse>, Status> {
        rpc::answer(request, |call| self.create_blocked_value(call)).await
    }

    async fn list_blocked_values(
        &self,
        request: Request<ListBlockedValuesRequest>,
    ) -> Result<Response<ListBlockedValuesResponse>, Status> {
        rpc::answer(request, |call| self.list_blocked_values(call)).await
    }

    async fn delete_blocked_value(
        &self,
        request: Request<DeleteBlockedValueRequest>,
    ) -> Result<Response<DeleteBlockedValueResponse>, Status> {
        rpc::answer(request, |call| self.delete_blocked_value(call)).await
    }
}

#[tonic::async_trait]
impl ChannelService for IdentityApi {
    async fn create_channel(
        &self,
        request: Request<CreateChannelRequest>,
    ) -> Result<Response<CreateChannelResponse>, Status> {
        rpc::answer(request, |call| self.create_channel(call)).await
    }

    async fn get_channel(&self, request: Request<GetChannelRequest>) -> Result<Response<GetChannelResponse>, Status> {
        rpc::answer(request, |call| self.get_channel(call)).await
    }

    async fn list_channels(
        &self,
        request: Request<ListChannelsRequest>,
    ) -> Result<Response<ListChannelsResponse>, Status> {
        rpc::answer(request, |call| self.list_channels(call)).await
    }

    async fn update_channel(
        &self,
        request: Request<UpdateChannelRequest>,
    ) -> Result<Response<UpdateChannelResponse>, Status> {
        rpc::answer(request, |call| self.update_channel(call)).await
    }
}

#[tonic::async_trait]
impl MemberService for IdentityApi {
    async fn resolve_member(
        &self,
        request: Request<ResolveMemberRequest>,
    ) -> Result<Response<ResolveMemberResponse>, Status> {
        rpc::answer(request, |call| self.resolve_member(call)).await
    }

    async fn batch_resolve_members(
        &self,
        request: Request<BatchResolveMembersRequest>,
    ) -> Result<Response<BatchResolveMembersResponse>, Status> {
        rpc::answer(request, |call| self.batch_resolve_members(call)).await
    }

    async fn get_member(&self, request: Request<GetMemberRequest>) -> Result<Response<GetMemberResponse>, Status> {
        rpc::answer(request, |call| self.get_member(call)).await
    }

    async fn batch_get_members(
        &self,
        request: Request<BatchGetMembersRequest>,
    ) -> Result<Response<BatchGetMembersResponse>, Status> {
        rpc::answer(request, |call| self.batch_get_members(call)).await
    }

    async fn look_up_member(
        &self,
        request: Request<LookUpMemberRequest>,
    ) -> Result<Response<LookUpMemberResponse>, Status> {
        rpc::answer(request, |call| self.look_up_member(call)).await
    }

    async fn batch_look_up_members(
        &self,
        request: Request<BatchLookUpMembersRequest>,
    ) -> Result<Response<BatchLookUpMembersResponse>, Status> {
        rpc::answer(request, |call| self.batch_look_up_members(call)).await
    }

    async fn list_members(
        &self,
        request: Request<ListMembersRequest>,
    ) -> Result<Response<ListMembersResponse>, Status> {
        rpc::answer(request, |call| self.list_members(call)).await
    }

    async fn update_member(
        &self,
        request: Request<UpdateMemberRequest>,
    ) -> Result<Response<UpdateMemberResponse>, Status> {
        rpc::answer(request, |call| self.update_member(call)).await
    }

    async fn link_identity(
        &self,
        request: Request<LinkIdentityRequest>,
    ) -> Result<Response<LinkIdentityResponse>, Status> {
        rpc::answer(request, |call| self.link_identity(call)).await
    }

    async fn unlink_identity(
        &self,
        request: Request<UnlinkIdentityRequest>,
    ) -> Result<Response<UnlinkIdentityResponse>, Status> {
        rpc::answer(request, |call| self.unlink_identity(call)).await
    }

    async fn merge_members(
        &self,
        request: Request<MergeMembersRequest>,
    ) -> Result<Response<MergeMembersResponse>, Status> {
        rpc::answer(request, |call| self.merge_members(call)).await
    }

    async fn undo_merge(&self, request: Request<UndoMergeRequest>) -> Result<Response<UndoMergeResponse>, Status> {
        rpc::answer(request, |call| self.undo_merge(call)).await
    }

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
