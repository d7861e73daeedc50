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

use crate::graph;
use crate::graph::Moment;
use crate::graph::member::{Member, MemberId};

/// The methods of this service, each in the file of its name in the room of its noun.
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
        let member = graph::rows::member(self.db.read(), tenant, id).await?;
        member.ok_or_else(|| Fault::not_found("member", id))
    }
}

rpc::serve_methods! {
    impl BlockedValueService for IdentityApi {
        create_blocked_value(CreateBlockedValueRequest) -> CreateBlockedValueResponse;
        list_blocked_values(ListBlockedValuesRequest) -> ListBlockedValuesResponse;
        delete_blocked_value(DeleteBlockedValueRequest) -> DeleteBlockedValueResponse;
    }
}

rpc::serve_methods! {
    impl ChannelService for IdentityApi {
        create_channel(CreateChannelRequest) -> CreateChannelResponse;
        get_channel(GetChannelRequest) -> GetChannelResponse;
        list_channels(ListChannelsRequest) -> ListChannelsResponse;
        update_channel(UpdateChannelRequest) -> UpdateChannelResponse;
    }
}

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
