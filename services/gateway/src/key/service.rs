use contracts_gateway::v1::api_key_service_server::ApiKeyService;
use contracts_gateway::v1::{
    CreateApiKeyRequest, CreateApiKeyResponse, ListApiKeysRequest, ListApiKeysResponse, RevokeApiKeyRequest,
    RevokeApiKeyResponse, RotateApiKeyRequest, RotateApiKeyResponse, UpdateApiKeyRequest, UpdateApiKeyResponse,
};

use crate::api::GatewayApi;

rpc::serve_methods! {
    impl ApiKeyService for GatewayApi {
        create_api_key(CreateApiKeyRequest) -> CreateApiKeyResponse;
        list_api_keys(ListApiKeysRequest) -> ListApiKeysResponse;
        update_api_key(UpdateApiKeyRequest) -> UpdateApiKeyResponse;
        rotate_api_key(RotateApiKeyRequest) -> RotateApiKeyResponse;
        revoke_api_key(RevokeApiKeyRequest) -> RevokeApiKeyResponse;
    }
}
