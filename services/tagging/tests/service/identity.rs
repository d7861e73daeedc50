//! Identity as far as tagging calls it, played: members that exist, and where ids in channels lead.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use contracts_identity::v1::member_service_server::MemberService;
use contracts_identity::v1::*;
use tonic::{Request, Response, Status, Streaming};

#[derive(Clone, Default)]
pub(crate) struct PlayedIdentity(Arc<Mutex<State>>);

#[derive(Default)]
pub(crate) struct State {
    pub(crate) members: BTreeSet<String>,
    pub(crate) externals: BTreeMap<(String, String), String>,
    /// How often it was called.
    pub(crate) calls: usize,
    /// How long it takes to look up ids in channels.
    pub(crate) takes: Duration,
}

impl PlayedIdentity {
    pub(crate) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

type Answer<T> = Result<Response<T>, Status>;

fn not_played<T>() -> Answer<T> {
    Err(Status::unimplemented("tagging does not call this"))
}

#[tonic::async_trait]
impl MemberService for PlayedIdentity {
    async fn batch_get_members(&self, request: Request<BatchGetMembersRequest>) -> Answer<BatchGetMembersResponse> {
        let mut state = self.state();
        state.calls += 1;
        let result = |member_id: String| {
            let member = state.members.contains(&member_id).then(|| Member {
                member_id,
                ..Member::default()
            });
            BatchGetMembersResult {
                member,
                absorbed_member_id: String::new(),
            }
        };
        let results = request.into_inner().member_ids.into_iter().map(result).collect();
        Ok(Response::new(BatchGetMembersResponse { results }))
    }

    async fn batch_look_up_members(
        &self,
        request: Request<BatchLookUpMembersRequest>,
    ) -> Answer<BatchLookUpMembersResponse> {
        self.state().calls += 1;
        let takes = self.state().takes;
        kernel::pause(takes).await;
        let state = self.state();
        let keys = request.into_inner().keys.into_iter();
        let keys: Vec<(String, String)> = keys.map(|key| (key.channel_code, key.external_id)).collect();
        let holder = |key: &(String, String)| state.externals.get(key).cloned().unwrap_or_default();
        let member_ids: Vec<String> = keys.iter().map(holder).collect();
        let nobody = (0..).zip(&keys).zip(&member_ids);
        let nobody = nobody.filter(|((_, key), holder)| holder.is_empty() && kernel::text::is_placeholder(&key.1));
        let blocked_key_indexes = nobody.map(|((index, _), _)| index).collect();
        Ok(Response::new(BatchLookUpMembersResponse {
            member_ids,
            blocked_key_indexes,
        }))
    }

    async fn resolve_member(&self, _: Request<ResolveMemberRequest>) -> Answer<ResolveMemberResponse> {
        not_played()
    }

    async fn batch_resolve_members(
        &self,
        _: Request<BatchResolveMembersRequest>,
    ) -> Answer<BatchResolveMembersResponse> {
        not_played()
    }

    async fn get_member(&self, _: Request<GetMemberRequest>) -> Answer<GetMemberResponse> {
        not_played()
    }

    async fn look_up_member(&self, _: Request<LookUpMemberRequest>) -> Answer<LookUpMemberResponse> {
        not_played()
    }

    async fn list_members(&self, _: Request<ListMembersRequest>) -> Answer<ListMembersResponse> {
        not_played()
    }

    async fn update_member(&self, _: Request<UpdateMemberRequest>) -> Answer<UpdateMemberResponse> {
        not_played()
    }

    async fn link_identity(&self, _: Request<LinkIdentityRequest>) -> Answer<LinkIdentityResponse> {
        not_played()
    }

    async fn unlink_identity(&self, _: Request<UnlinkIdentityRequest>) -> Answer<UnlinkIdentityResponse> {
        not_played()
    }

    async fn merge_members(&self, _: Request<MergeMembersRequest>) -> Answer<MergeMembersResponse> {
        not_played()
    }

    async fn undo_merge(&self, _: Request<UndoMergeRequest>) -> Answer<UndoMergeResponse> {
        not_played()
    }

    async fn import_members(&self, _: Request<Streaming<ImportMembersRequest>>) -> Answer<ImportMembersResponse> {
        not_played()
    }
}
