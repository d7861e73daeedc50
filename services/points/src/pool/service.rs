use contracts_points::v1::pool_service_server::PoolService;
use contracts_points::v1::{
    ContributePointsRequest, ContributePointsResponse, CreatePoolRequest, CreatePoolResponse, DissolvePoolRequest,
    DissolvePoolResponse, GetPoolRequest, GetPoolResponse, HoldPoolPointsRequest, HoldPoolPointsResponse,
    InvitePoolMemberRequest, InvitePoolMemberResponse, JoinPoolRequest, JoinPoolResponse, ListPoolEntriesRequest,
    ListPoolEntriesResponse, ListPoolHoldsRequest, ListPoolHoldsResponse, ListPoolsRequest, ListPoolsResponse,
    RedeemPoolPointsRequest, RedeemPoolPointsResponse, RemovePoolMemberRequest, RemovePoolMemberResponse,
    ReversePoolPointsRequest, ReversePoolPointsResponse, UpdatePoolRequest, UpdatePoolResponse,
};

use crate::api::PointsApi;

rpc::serve_methods! {
    impl PoolService for PointsApi {
        create_pool(CreatePoolRequest) -> CreatePoolResponse;
        get_pool(GetPoolRequest) -> GetPoolResponse;
        list_pools(ListPoolsRequest) -> ListPoolsResponse;
        update_pool(UpdatePoolRequest) -> UpdatePoolResponse;
        invite_pool_member(InvitePoolMemberRequest) -> InvitePoolMemberResponse;
        join_pool(JoinPoolRequest) -> JoinPoolResponse;
        remove_pool_member(RemovePoolMemberRequest) -> RemovePoolMemberResponse;
        contribute_points(ContributePointsRequest) -> ContributePointsResponse;
        redeem_pool_points(RedeemPoolPointsRequest) -> RedeemPoolPointsResponse;
        hold_pool_points(HoldPoolPointsRequest) -> HoldPoolPointsResponse;
        list_pool_holds(ListPoolHoldsRequest) -> ListPoolHoldsResponse;
        reverse_pool_points(ReversePoolPointsRequest) -> ReversePoolPointsResponse;
        list_pool_entries(ListPoolEntriesRequest) -> ListPoolEntriesResponse;
        dissolve_pool(DissolvePoolRequest) -> DissolvePoolResponse;
    }
}
