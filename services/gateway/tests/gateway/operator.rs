use fault::Fault;
use gateway::RequestLimits;
use gateway::operator::{NewKey, create_key, list_keys, locked_out, revoke_key};
use http::StatusCode;
use kernel::Clock;
use serde_json::json;
use testkit::TestDb;

use crate::platform::Platform;

fn wanted(tenant_code: &str, scopes: &[&str]) -> NewKey {
    NewKey {
        tenant_code: tenant_code.to_owned(),
        display_name: "operator".to_owned(),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        role: None,
        expire_time: None,
        limits: RequestLimits::default(),
    }
}

#[tokio::test]
async fn an_operator_lets_a_tenant_in_that_has_lost_its_last_key() {
    let platform = Platform::start().await;
    let (db, clock) = (&platform.db, &platform.clock);
    let made = platform
        .post(
            "/v1/tenants",
            json!({"requestId": "r1", "code": "acme", "displayName": "Acme"}),
        )
        .await;
    let lost = made.json()["apiKey"]["apiKeyId"].as_str().unwrap().to_owned();
    assert!(locked_out(db, clock).await.unwrap().is_empty());

    let (revoked, scopes) = revoke_key(db, clock, &lost).await.unwrap();
    assert_eq!((revoked.tenant_code.as_str(), scopes), ("acme", vec!["*".to_owned()]));
    assert_eq!(locked_out(db, clock).await.unwrap(), ["acme"]);
    let (key, secret) = create_key(db, clock, wanted("acme", &[])).await.unwrap();
    assert_eq!(
        (key.key.scopes, key.key.creator.as_str()),
        (vec!["*".to_owned()], "operator")
    );
    assert!(locked_out(db, clock).await.unwrap().is_empty());
    let headers = [("x-api-key", secret.reveal())];
    let tenant = platform.send("GET", "/v1/tenant", &headers, "").await.json();
    assert_eq!(tenant["tenant"]["code"], "acme");

    let (key, secret) = create_key(db, clock, wanted("default", &[])).await.unwrap();
    assert_eq!(key.key.scopes, ["*", "platform.*"]);
    let headers = [("x-api-key", secret.reveal()), ("content-type", "application/json")];
    let body = json!({"requestId": "r2", "code": "globex", "displayName": "Globex"});
    assert_eq!(
        platform.send("POST", "/v1/tenants", &headers, body).await.status,
        StatusCode::OK
    );
    let of_acme = list_keys(db, clock, Some("acme")).await.unwrap();
    assert_eq!((of_acme.len(), list_keys(db, clock, None).await.unwrap().len()), (2, 5));
}

#[tokio::test]
async fn an_operator_s_slip_of_the_pen_is_told() {
    let test_db = TestDb::new(gateway::migrations()).await;
    let (db, clock) = (test_db.db(), Clock::system());
    let told = |outcome: Result<(), Fault>| outcome.err().unwrap().to_string();
    assert!(told(create_key(&db, &clock, wanted("acme", &[])).await.map(drop)).contains("name one of default"));
    assert!(
        told(
            create_key(&db, &clock, wanted("default", &["points.reedem"]))
                .await
                .map(drop)
        )
        .contains("points.reedem is no scope")
    );
    let all = told(
        create_key(&db, &clock, wanted("acme", &["points.reedem", "platform*"]))
            .await
            .map(drop),
    );
    for wrong in [
        "points.reedem is no scope",
        "platform* is no scope",
        "acme is no tenant's code",
    ] {
        assert!(all.contains(wrong), "{wrong}: {all}");
    }
    assert!(gateway::tenants(&db).await.unwrap().is_empty(), "nothing was half done");
    assert!(told(revoke_key(&db, &clock, "qy_5f1c").await.map(drop)).contains("api_key_id"));
    let (key, _) = create_key(&db, &clock, wanted("default", &[])).await.unwrap();
    assert_eq!(
        key.tenant_code, "default",
        "the first tenant is made with its first key"
    );
}
