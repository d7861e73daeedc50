//! Postings: the one way in which a balance changes.

pub(crate) mod apply;
pub(crate) mod due;
mod earn_points;
pub(crate) mod engine;
pub(crate) mod entries;
pub(crate) mod facts;
pub(crate) mod ledger;
pub(crate) mod load;
pub(crate) mod post;
mod post_batch;
pub(crate) mod post_stream;
mod postings;
mod redeem_points;
pub(crate) mod refusals;
pub(crate) mod request;
mod reverse_points;
mod reversible;
pub(crate) mod tallies;
pub(crate) mod whereabouts;

use contracts_points::v1::points_service_server::PointsService;
use contracts_points::v1::posting_service_server::PostingService;
use contracts_points::v1::{
    EarnPointsRequest, EarnPointsResponse, GetBalanceRequest, GetBalanceResponse, ListBalancesRequest,
    ListBalancesResponse, ListEntriesRequest, ListEntriesResponse, ListLotsRequest, ListLotsResponse, PostBatchRequest,
    PostBatchResponse, PostStreamRequest, RedeemPointsRequest, RedeemPointsResponse, ReversePointsRequest,
    ReversePointsResponse,
};
use tonic::{Request, Response, Status, Streaming};

use crate::api::PointsApi;
use post_stream::Results;

rpc::serve_methods! {
    impl PointsService for PointsApi {
        earn_points(EarnPointsRequest) -> EarnPointsResponse;
        redeem_points(RedeemPointsRequest) -> RedeemPointsResponse;
        reverse_points(ReversePointsRequest) -> ReversePointsResponse;
        get_balance(GetBalanceRequest) -> GetBalanceResponse;
        list_balances(ListBalancesRequest) -> ListBalancesResponse;
        list_entries(ListEntriesRequest) -> ListEntriesResponse;
        list_lots(ListLotsRequest) -> ListLotsResponse;
    }
}

rpc::serve_methods! {
    impl PostingService for PointsApi {
        post_batch(PostBatchRequest) -> PostBatchResponse;

        type PostStreamStream = Results;

        async fn post_stream(
            &self,
            request: Request<Streaming<PostStreamRequest>>,
        ) -> Result<Response<Results>, Status> {
            let (metadata, extensions, incoming) = request.into_parts();
            let call = rpc::accept(Request::from_parts(metadata, extensions, ()))?;
            Ok(Response::new(self.post_stream(call.principal().clone(), incoming)))
        }
    }
}
