use contracts::gateway::v1::tenant_service_client::TenantServiceClient;
use contracts::gateway::v1::{CreateTenantRequest, GetTenantRequest};
use gateway::{Beginning, FirstSecret};
use http::StatusCode;
use kernel::{Principal, PrincipalKind, Scopes};
use serde_json::json;
use testkit::{Harness, harness};
use tonic::Code;
use tonic_types::StatusExt;

use crate::platform::Platform;

async fn start() -> Harness {
    harness(gateway::NAME, gateway::migrations(), gateway::service).await
}

fn acme(request_id: &str) -> CreateTenantRequest {
    CreateTenantRequest {
        request_id: request_id.to_owned(),
        code: "acme".to_owned(),
        display_name: "Acme".to_owned(),
    }
}

#[tokio::test]
async fn a_tenant_is_made_once_with_its_first_key() {
    let harness = start().await;
    let mut tenants = TenantServiceClient::new(harness.channel());
    let first = tenants.create_tenant(acme("r1")).await.unwrap().into_inner();
    let key = first.api_key.clone().unwrap();
    assert_eq!((key.scopes, key.creator.as_str()), (vec!["*".to_owned()], "bootstrap"));
    assert!(first.secret.starts_with("qy_"));
    let again = tenants.create_tenant(acme("r1")).await.unwrap().into_inner();
    assert_eq!((again.tenant, again.secret.as_str()), (first.tenant, ""));
    let status = tenants.create_tenant(acme("r2")).await.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists);
    assert_eq!(status.get_details_error_info().unwrap().reason, "TENANT_CODE_TAKEN");
}

#[tokio::test]
async fn everything_of_a_tenant_does_not_make_tenants() {
    let harness = start().await;
    let owner = Principal {
        tenant: harness.tenant,
        subject: "key_owner".to_owned(),
        scopes: Scopes::new(["*".to_owned()]),
        kind: PrincipalKind::Key,
    };
    let mut tenants = TenantServiceClient::new(harness.channel_as(&owner));
    assert_eq!(
        tenants.create_tenant(acme("r1")).await.unwrap_err().code(),
        Code::PermissionDenied
    );
}

#[tokio::test]
async fn a_tenant_that_nobody_made_is_not_found() {
    let harness = start().await;
    let mut tenants = TenantServiceClient::new(harness.channel());
    let status = tenants.get_tenant(GetTenantRequest {}).await.unwrap_err();
    assert_eq!(status.get_details_error_info().unwrap().reason, "NOT_FOUND");
}

#[tokio::test]
async fn a_platform_begins_with_one_tenant_and_one_key() {
    let platform = Platform::start().await;
    let tenant = platform.get("/v1/tenant").await.json();
    assert_eq!(tenant["tenant"]["tenantId"], platform.first.tenant.to_string());
    assert_eq!(tenant["tenant"]["code"], "default");
    let again = gateway::bootstrap(&platform.db, &platform.clock, FirstSecret::Generated).await;
    assert!(matches!(again.unwrap(), Beginning::Before), "only on the first start");
}

#[tokio::test]
async fn a_new_tenant_s_key_opens_its_own_rows_and_no_others() {
    let platform = Platform::start().await;
    let body = json!({"requestId": "r1", "code": "acme", "displayName": "Acme"});
    let made = platform.post("/v1/tenants", body).await.json();
    let key = [("x-api-key", made["secret"].as_str().unwrap())];
    let own = platform.send("GET", "/v1/tenant", &key, "").await.json();
    assert_eq!(own["tenant"]["code"], "acme");
    let keys = platform.send("GET", "/v1/api-keys", &key, "").await.json();
    assert_eq!(keys["apiKeys"].as_array().unwrap().len(), 1);
    assert_eq!(keys["apiKeys"][0]["apiKeyId"], made["apiKey"]["apiKeyId"]);
    let body = json!({"requestId": "r2", "code": "globex", "displayName": "Globex"});
    let headers = [key[0], ("content-type", "application/json")];
    assert_eq!(
        platform.send("POST", "/v1/tenants", &headers, body).await.status,
        StatusCode::FORBIDDEN
    );
}
