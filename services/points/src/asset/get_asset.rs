use contracts_points::v1::{GetAssetRequest, GetAssetResponse};
use fault::Fault;
use rpc::Call;

use super::rows::asset;
use super::wire::asset_to_wire;
use crate::api::PointsApi;

impl PointsApi {
    pub(crate) async fn get_asset(&self, call: Call<GetAssetRequest>) -> Result<GetAssetResponse, Fault> {
        let row = asset(self.db.read(), call.tenant(), &call.code).await?;
        Ok(GetAssetResponse {
            asset: Some(asset_to_wire(&row)),
        })
    }
}
