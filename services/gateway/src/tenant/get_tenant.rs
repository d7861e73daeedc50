use contracts_gateway::v1::{GetTenantRequest, GetTenantResponse};
use fault::Fault;
use rpc::Call;

use super::rows;
use super::wire;
use crate::api::GatewayApi;

impl GatewayApi {
    pub(crate) async fn get_tenant(&self, call: Call<GetTenantRequest>) -> Result<GetTenantResponse, Fault> {
        let row = rows::find(self.db.read(), call.tenant()).await?;
        let row = row.ok_or_else(|| Fault::not_found("tenant", call.tenant()))?;
        Ok(GetTenantResponse {
            tenant: Some(wire::tenant(&row)),
        })
    }
}
