use contracts_gateway::v1::tenant_service_client::TenantServiceClient;
use contracts_gateway::v1::{CreateTenantRequest, GetTenantRequest};
use gateway::{Beginning, FirstSecret};
use http::StatusCode;
use kernel::{Principal, PrincipalKind, Scopes};
use serde_json::{Value, json};
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
        time_zone: String::new(),
    }
}

/// The default tenant of a platform, with which its own key calls.
async fn change(platform: &Platform, body: Value) -> (StatusCode, Value) {
    let headers = [
        ("x-api-key", platform.first.secret.reveal()),
        ("content-type", "application/json"),
    ];
    let answer = platform.send("PATCH", "/v1/tenant", &headers, body).await;
    (answer.status, answer.json())
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

#[tokio::test]
async fn a_tenant_keeps_the_clock_of_shanghai_until_it_says_otherwise() {
    let platform = Platform::start().await;
    let before = platform.get("/v1/tenant").await.json();
    assert_eq!(before["tenant"]["timeZone"], "Asia/Shanghai");
    let wanted = json!({"requestId": "r1", "updateMask": "timeZone", "timeZone": "europe/berlin", "displayName": "not named",
                        "etag": before["tenant"]["etag"]});
    let (status, changed) = change(&platform, wanted.clone()).await;
    assert_eq!(
        (status, &changed["tenant"]["timeZone"]),
        (StatusCode::OK, &json!("Europe/Berlin"))
    );
    assert_eq!(
        changed["tenant"]["displayName"], "default",
        "what the mask does not name stays"
    );
    assert_eq!(platform.get("/v1/tenant").await.json(), changed);
    assert_eq!(
        change(&platform, wanted).await,
        (status, changed.clone()),
        "a repetition changes nothing"
    );

    let stale = json!({"requestId": "r2", "updateMask": "displayName", "displayName": "Acme", "etag": before["tenant"]["etag"]});
    let (status, refused) = change(&platform, stale).await;
    assert_eq!(
        (status, &refused["details"][0]["reason"]),
        (StatusCode::CONFLICT, &json!("ETAG_MISMATCH"))
    );
    let renamed = json!({"requestId": "r3", "updateMask": "displayName", "displayName": "Acme"});
    let (_, renamed) = change(&platform, renamed).await;
    assert_eq!(
        (&renamed["tenant"]["displayName"], &renamed["tenant"]["timeZone"]),
        (&json!("Acme"), &json!("Europe/Berlin"))
    );
    assert_ne!(renamed["tenant"]["etag"], changed["tenant"]["etag"]);
}

#[tokio::test]
async fn a_tenant_is_made_with_a_zone_of_its_own_and_one_that_is_none_is_refused() {
    let harness = start().await;
    let mut tenants = TenantServiceClient::new(harness.channel());
    let in_zone = |request_id: &str, zone: &str| CreateTenantRequest {
        time_zone: zone.to_owned(),
        ..acme(request_id)
    };
    let status = tenants.create_tenant(in_zone("r1", "Asia/Shangai")).await.unwrap_err();
    let violations = status.get_details_bad_request().unwrap().field_violations;
    assert_eq!(violations[0].field, "time_zone");
    let made = tenants
        .create_tenant(in_zone("r2", "Asia/Tokyo"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(made.tenant.unwrap().time_zone, "Asia/Tokyo");
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_change_is_told() {
    let platform = Platform::start().await;
    for (body, fields) in [
        (json!({"requestId": "r1", "updateMask": ""}), vec!["updateMask"]),
        (
            json!({"requestId": "r2", "updateMask": "displayName,timeZone,code", "timeZone": "+08:00"}),
            vec!["updateMask", "displayName", "timeZone"],
        ),
    ] {
        let (status, refused) = change(&platform, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        let details = refused["details"].as_array().unwrap().iter();
        let violations = details
            .filter_map(|detail| detail["fieldViolations"].as_array())
            .flatten();
        let told: Vec<&str> = violations.filter_map(|violation| violation["field"].as_str()).collect();
        assert_eq!(told, fields, "{refused}");
    }
}

#[tokio::test]
async fn a_key_that_imports_may_know_its_tenant_s_zone_and_not_change_it() {
    let platform = Platform::start().await;
    for scope in ["identity.import", "tagging.record"] {
        let body = json!({"requestId": scope, "displayName": scope, "scopes": [scope]});
        let made = platform.post("/v1/api-keys", body).await.json();
        let key = ("x-api-key", made["secret"].as_str().unwrap());
        let own = platform.send("GET", "/v1/tenant", &[key], "").await.json();
        assert_eq!(own["tenant"]["timeZone"], "Asia/Shanghai", "{scope}");
        let body = json!({"requestId": "r1", "updateMask": "timeZone", "timeZone": "UTC"});
        let answer = platform
            .send(
                "PATCH",
                "/v1/tenant",
                &[key, ("content-type", "application/json")],
                body,
            )
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{scope}");
    }
}
