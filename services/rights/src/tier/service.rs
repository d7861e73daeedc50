use contracts_rights::v1::tier_service_server::TierService;
use contracts_rights::v1::{
    GetMemberTierRequest, GetMemberTierResponse, GetTierLadderRequest, GetTierLadderResponse, ListTierChangesRequest,
    ListTierChangesResponse, UpsertTierLadderRequest, UpsertTierLadderResponse,
};

use crate::api::RightsApi;

rpc::serve_methods! {
    impl TierService for RightsApi {
        upsert_tier_ladder(UpsertTierLadderRequest) -> UpsertTierLadderResponse;
        get_tier_ladder(GetTierLadderRequest) -> GetTierLadderResponse;
        get_member_tier(GetMemberTierRequest) -> GetMemberTierResponse;
        list_tier_changes(ListTierChangesRequest) -> ListTierChangesResponse;
    }
}
