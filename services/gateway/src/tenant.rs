//! Tenants: brands that share a platform and nothing else.

pub(crate) mod bootstrap;
mod create_tenant;
mod get_tenant;
pub(crate) mod rows;
pub(crate) mod time_zone;
mod update_tenant;
mod wire;

use contracts_gateway::v1::tenant_service_server::TenantService;
use contracts_gateway::v1::{
    CreateTenantRequest, CreateTenantResponse, GetTenantRequest, GetTenantResponse, UpdateTenantRequest,
    UpdateTenantResponse,
};

use crate::api::GatewayApi;

rpc::serve_methods! {
    impl TenantService for GatewayApi {
        create_tenant(CreateTenantRequest) -> CreateTenantResponse;
        get_tenant(GetTenantRequest) -> GetTenantResponse;
        update_tenant(UpdateTenantRequest) -> UpdateTenantResponse;
    }
}
