//! The gateway's own methods: one file each.

use std::sync::Arc;

use ::store::Db;
use contracts::gateway::v1::api_key_service_server::ApiKeyService;
use contracts::gateway::v1::tenant_service_server::TenantService;
use contracts::gateway::v1::{
    CreateApiKeyRequest, CreateApiKeyResponse, CreateTenantRequest, CreateTenantResponse, GetTenantRequest,
    GetTenantResponse, ListApiKeysRequest, ListApiKeysResponse, RevokeApiKeyRequest, RevokeApiKeyResponse,
    RotateApiKeyRequest, RotateApiKeyResponse, UpdateTenantRequest, UpdateTenantResponse,
};
use kernel::Clock;
use rpc::{Methods, answer};
use tonic::{Request, Response, Status};

use crate::contract;
use crate::key::scope::KnownScopes;

/// The services of tenants and API keys.
#[derive(Clone)]
pub(crate) struct GatewayApi {
    pub(crate) clock: Clock,
    pub(crate) db: Db,
    pub(crate) known_scopes: Arc<KnownScopes>,
}

impl GatewayApi {
    pub(crate) fn new(clock: Clock, db: Db) -> Self {
        // Contracts that leave something open stop the start elsewhere, with everything that they leave open.
        let scopes = Methods::of_contracts().into_iter().flat_map(contract::scopes);
        Self {
            clock,
            db,
            known_scopes: Arc::new(KnownScopes::new(scopes)),
        }
    }
}

#[tonic::async_trait]
impl ApiKeyService for GatewayApi {
    async fn create_api_key(
        &self,
        request: Request<CreateApiKeyRequest>,
    ) -> Result<Response<CreateApiKeyResponse>, Status> {
        answer(request, |call| self.create_api_key(call)).await
    }

    async fn list_api_keys(
        &self,
        request: Request<ListApiKeysRequest>,
    ) -> Result<Response<ListApiKeysResponse>, Status> {
        answer(request, |call| self.list_api_keys(call)).await
    }

    async fn rotate_api_key(
        &self,
        request: Request<RotateApiKeyRequest>,
    ) -> Result<Response<RotateApiKeyResponse>, Status> {
        answer(request, |call| self.rotate_api_key(call)).await
    }

    async fn revoke_api_key(
        &self,
        request: Request<RevokeApiKeyRequest>,
    ) -> Result<Response<RevokeApiKeyResponse>, Status> {
        answer(request, |call| self.revoke_api_key(call)).await
    }
}

#[tonic::async_trait]
impl TenantService for GatewayApi {
    async fn create_tenant(
        &self,
        request: Request<CreateTenantRequest>,
    ) -> Result<Response<CreateTenantResponse>, Status> {
        answer(request, |call| self.create_tenant(call)).await
    }

    async fn get_tenant(&self, request: Request<GetTenantRequest>) -> Result<Response<GetTenantResponse>, Status> {
        answer(request, |call| self.get_tenant(call)).await
    }

    async fn update_tenant(
        &self,
        request: Request<UpdateTenantRequest>,
    ) -> Result<Response<UpdateTenantResponse>, Status> {
        answer(request, |call| self.update_tenant(call)).await
    }
}
