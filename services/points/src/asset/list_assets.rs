use contracts_points::v1::{ListAssetsRequest, ListAssetsResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::rows::list_assets;
use super::wire::asset_to_wire;
use crate::api::PointsApi;

impl PointsApi {
    pub(crate) async fn list_assets(&self, call: Call<ListAssetsRequest>) -> Result<ListAssetsResponse, Fault> {
        let page = Page::parse("assets", call.page_size, &call.page_token)?;
        let after = page.text()?.unwrap_or_default();
        let mut rows = list_assets(self.db.read(), call.tenant(), &after, page.rows_max()).await?;
        let next_page_token = page.cut(&mut rows, |row| row.asset.code.to_string());
        Ok(ListAssetsResponse {
            assets: rows.iter().map(asset_to_wire).collect(),
            next_page_token,
        })
    }
}
