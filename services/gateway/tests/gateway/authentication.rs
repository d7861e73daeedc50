use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use crate::platform::{Answer, Platform};

const BALANCE: &str = "/v1/members/mbr_1/balances/points";

async fn with_key(platform: &Platform, key: &str) -> Answer {
    platform
        .send("GET", BALANCE, &[("authorization", &format!("Bearer {key}"))], "")
        .await
}

/// A key with these scopes: its id and its secret.
async fn key(platform: &Platform, scopes: &[&str], expire_time: Option<&str>) -> (String, String) {
    let mut body = json!({"requestId": format!("{scopes:?}"), "displayName": "test", "scopes": scopes});
    if let Some(expire_time) = expire_time {
        body["expireTime"] = json!(expire_time);
    }
    let answer = platform.post("/v1/api-keys", body).await;
    let answer = answer.json();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    (text(&answer["apiKey"]["apiKeyId"]), text(&answer["secret"]))
}

fn refused(answer: &Answer) -> bool {
    answer.status == StatusCode::UNAUTHORIZED
        && answer.reason() == "UNAUTHENTICATED"
        && answer.headers["www-authenticate"] == "Bearer"
}

/// Asks again until what the gateway keeps in mind is read anew, which a second bounds.
async fn within_a_second(platform: &Platform, secret: &str, is_so: impl Fn(&Answer) -> bool) -> bool {
    let until = tokio::time::Instant::now() + Duration::from_secs(1);
    while tokio::time::Instant::now() < until {
        if is_so(&with_key(platform, secret).await) {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn a_key_opens_by_either_header() {
    let platform = Platform::start().await;
    assert_eq!(platform.get(BALANCE).await.status, StatusCode::OK);
    assert_eq!(
        with_key(&platform, platform.first.secret.reveal()).await.status,
        StatusCode::OK
    );
    let scheme = format!("bearer {}", platform.first.secret.reveal());
    assert_eq!(
        platform
            .send("GET", BALANCE, &[("authorization", &scheme)], "")
            .await
            .status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn no_key_and_wrong_keys_open_nothing() {
    let platform = Platform::start().await;
    assert!(refused(&platform.send("GET", BALANCE, &[], "").await));
    let unknown = format!("qy_{}", "0".repeat(64));
    for wrong in [
        "",
        "qy_",
        "nonsense",
        &unknown,
        &platform.first.secret.reveal().to_uppercase(),
    ] {
        assert!(refused(&with_key(&platform, wrong).await), "{wrong}");
    }
    let basic = format!("Basic {}", platform.first.secret.reveal());
    assert!(refused(
        &platform.send("GET", BALANCE, &[("authorization", &basic)], "").await
    ));
}

#[tokio::test]
async fn a_principal_from_outside_is_no_credential() {
    let platform = Platform::start().await;
    let forged = rpc::Signer::new(&[3; 32])
        .sign(&kernel::Principal::service("points", platform.first.tenant))
        .unwrap();
    let header = ("x-quanyu-principal", forged.to_str().unwrap());
    assert!(refused(&platform.send("GET", BALANCE, &[header], "").await));
}

#[tokio::test]
async fn a_key_without_the_scope_is_told_which_one() {
    let platform = Platform::start().await;
    let (_, secret) = key(&platform, &["points.redeem"], None).await;
    let answer = with_key(&platform, &secret).await;
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (StatusCode::FORBIDDEN, "SCOPE_MISSING")
    );
    assert_eq!(answer.detail("ErrorInfo")["metadata"]["scopes"], "points.read");
    let (_, secret) = key(&platform, &["points.*"], None).await;
    assert_eq!(with_key(&platform, &secret).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_key_expires_by_the_platform_s_clock() {
    let platform = Platform::start().await;
    let (_, secret) = key(&platform, &["points.read"], Some("2026-01-02T00:00:00Z")).await;
    assert_eq!(with_key(&platform, &secret).await.status, StatusCode::OK);
    platform.clock.advance(Duration::from_hours(24));
    let answer = with_key(&platform, &secret).await;
    assert!(refused(&answer) && answer.text.contains("expired"), "{answer:?}");
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_within_a_second() {
    let platform = Platform::start().await;
    let (id, secret) = key(&platform, &["points.read"], None).await;
    assert_eq!(with_key(&platform, &secret).await.status, StatusCode::OK);
    let answer = platform
        .post(&format!("/v1/api-keys/{id}:revoke"), json!({"requestId": "r"}))
        .await;
    assert_eq!(answer.json()["apiKey"]["state"], "API_KEY_STATE_REVOKED");
    assert!(within_a_second(&platform, &secret, refused).await);
    // A fresh gateway, or another replica, refuses it at once; so does this one from now on.
    assert!(refused(&with_key(&platform, &secret).await));
}

#[tokio::test]
async fn while_a_rotation_overlaps_both_secrets_open() {
    let platform = Platform::start().await;
    let (id, old) = key(&platform, &["points.read"], None).await;
    let rotate = json!({"requestId": "rotation", "overlap": "3600s"});
    let rotated = platform.post(&format!("/v1/api-keys/{id}:rotate"), rotate).await.json();
    let new = rotated["secret"].as_str().unwrap();
    for secret in [old.as_str(), new] {
        assert_eq!(with_key(&platform, secret).await.status, StatusCode::OK);
    }
    platform.clock.advance(Duration::from_hours(1));
    assert!(within_a_second(&platform, &old, refused).await);
    assert_eq!(with_key(&platform, new).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_last_use_of_a_key_is_noted() {
    let platform = Platform::start().await;
    let (id, secret) = key(&platform, &["points.read"], None).await;
    assert_eq!(with_key(&platform, &secret).await.status, StatusCode::OK);
    // It is written beside the request, so it may come a moment later.
    for _ in 0..1_000 {
        let keys = platform.get("/v1/api-keys").await.json();
        let key = keys["apiKeys"]
            .as_array()
            .unwrap()
            .iter()
            .find(|key| key["apiKeyId"] == id)
            .unwrap()
            .clone();
        if key["lastUseTime"] == "2026-01-01T00:00:00Z" {
            return;
        }
    }
    panic!("the last use was never written");
}
