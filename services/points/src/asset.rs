//! Assets: what is counted, how it expires, and what a unit of it costs.

mod create_asset;
mod get_asset;
mod list_assets;
pub(crate) mod rows;
mod update_asset;
mod wire;

use contracts_points::v1::asset_service_server::AssetService;
use contracts_points::v1::{
    CreateAssetRequest, CreateAssetResponse, GetAssetRequest, GetAssetResponse, ListAssetsRequest, ListAssetsResponse,
    UpdateAssetRequest, UpdateAssetResponse,
};

use crate::api::PointsApi;

rpc::serve_methods! {
    impl AssetService for PointsApi {
        create_asset(CreateAssetRequest) -> CreateAssetResponse;
        get_asset(GetAssetRequest) -> GetAssetResponse;
        list_assets(ListAssetsRequest) -> ListAssetsResponse;
        update_asset(UpdateAssetRequest) -> UpdateAssetResponse;
    }
}
