//! How many requests a caller may make, with two gateways over one database.

use std::time::Duration;

use contracts_points::v1::GetBalanceRequest;
use contracts_points::v1::points_service_client::PointsServiceClient;
use gateway::{GatewayConfig, RequestLimits};
use http::StatusCode;
use serde_json::{Value, json};
use testkit::until;
use tonic::Code;
use tonic_types::StatusExt;

use crate::platform::{Answer, Platform};

const BALANCE: &str = "/v1/members/mbr_1/balances/points";

/// Two gateways over one database.
async fn two() -> [Platform; 2] {
    let one = Platform::start().await;
    let other = one.beside(GatewayConfig::default()).await;
    [one, other]
}

/// A key with limits: its id and its secret.
async fn key(platform: &Platform, limits: Value) -> (String, String) {
    let body = json!({"requestId": format!("limits {limits}"), "displayName": "till", "scopes": ["points.read"], "limits": limits});
    let answer = platform.post("/v1/api-keys", body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let answer = answer.json();
    let told = &answer["apiKey"]["limits"];
    let is_own = limits != json!({});
    assert_eq!(told.is_object(), is_own, "{answer}");
    let of_limits = limits.get("requestsPerSecond").cloned().unwrap_or(json!(0));
    assert!(!is_own || told["requestsPerSecond"] == of_limits, "{answer}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&answer["apiKey"]["apiKeyId"]), text(&answer["secret"]))
}

async fn call(platform: &Platform, secret: &str) -> Answer {
    platform.send("GET", BALANCE, &[("x-api-key", secret)], "").await
}

/// Calls the gateways in turn until each has refused; answers how many calls were let in, and the last refusal.
async fn all(gateways: &[Platform; 2], secret: &str) -> (usize, Answer) {
    let (mut let_in, mut refused) = (0, [false, false]);
    for turn in 0.. {
        let answer = call(&gateways[turn % 2], secret).await;
        match answer.status {
            StatusCode::OK => let_in += 1,
            _ => refused[turn % 2] = true,
        }
        if refused == [true, true] {
            return (let_in, answer);
        }
        assert!(let_in <= 1_000, "nobody refuses");
    }
    unreachable!()
}

#[tokio::test]
async fn a_burst_is_shared_by_all_gateways_and_what_is_refused_says_when_to_come_again() {
    for (limits, most) in [
        (json!({"requestsPerSecond": 5, "burst": 8}), 8),
        (json!({"requestsPerSecond": 30}), 30),
        // Here each takes ten at a time.
        (json!({"requestsPerSecond": 100, "burst": 45}), 45),
    ] {
        let gateways = two().await;
        let (id, secret) = key(&gateways[0], limits.clone()).await;
        let (let_in, refusal) = all(&gateways, &secret).await;
        assert_eq!(let_in, most, "{limits}");
        assert_eq!(refusal.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refusal.reason(), "REQUEST_RATE_EXCEEDED");
        assert_eq!(refusal.headers["retry-after"], "1");
        assert_eq!(refusal.detail("QuotaFailure")["violations"][0]["subject"], json!(id));
        assert!(
            refusal.detail("RetryInfo")["retryDelay"]
                .as_str()
                .unwrap()
                .ends_with('s')
        );
        // A second later there is what a second gives.
        gateways[0].clock.advance(Duration::from_secs(1));
        let rate = limits["requestsPerSecond"].as_u64().unwrap();
        let expected = usize::try_from(rate).unwrap().min(most);
        let mut again = 0;
        until("what a second gives", expected, async || {
            again += all(&gateways, &secret).await.0;
            again
        })
        .await;
    }
}

#[tokio::test]
async fn requests_at_the_same_time_are_no_more_than_the_burst() {
    let gateways = two().await;
    let (_, secret) = key(&gateways[0], json!({"requestsPerSecond": 40, "burst": 20})).await;
    let calls = (0..60).map(|number| call(&gateways[number % 2], &secret));
    let answers = futures::future::join_all(calls).await;
    let let_in = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    let rest = all(&gateways, &secret).await.0;
    // What one gateway had taken and not used when the other one refused is still there.
    assert_eq!(let_in + rest, 20);
}

#[tokio::test]
async fn a_quota_of_a_day_is_shared_and_ends_at_the_tenant_s_midnight() {
    let gateways = two().await;
    let (id, secret) = key(&gateways[0], json!({"requestsPerDay": "7"})).await;
    let (let_in, refusal) = all(&gateways, &secret).await;
    assert_eq!(let_in, 7);
    assert_eq!(
        (refusal.status, &*refusal.reason()),
        (StatusCode::TOO_MANY_REQUESTS, "REQUEST_QUOTA_EXCEEDED")
    );
    // It is 08:00 in Shanghai.
    assert_eq!(refusal.headers["retry-after"], (16 * 3_600).to_string());
    assert_eq!(refusal.detail("QuotaFailure")["violations"][0]["subject"], json!(id));
    gateways[0].clock.advance(Duration::from_hours(16));
    until("tomorrow", StatusCode::OK, async || {
        call(&gateways[0], &secret).await.status
    })
    .await;
    assert_eq!(all(&gateways, &secret).await.0, 6);
}

#[tokio::test]
async fn an_administrator_raises_the_limits_of_a_key() {
    let gateways = two().await;
    let (id, secret) = key(&gateways[0], json!({"requestsPerSecond": 1, "burst": 2})).await;
    assert_eq!(all(&gateways, &secret).await.0, 2);
    let path = format!("/v1/api-keys/{id}");
    let key = ("x-api-key", gateways[0].first.secret.reveal());
    let update = |request_id: &str, change: Value| {
        let mut body = change;
        body["requestId"] = json!(request_id);
        body
    };
    let raised = update(
        "1",
        json!({"limits": {"requestsPerSecond": 50}, "updateMask": "limits"}),
    );
    let raised = gateways[0].send("PATCH", &path, &[key], raised).await;
    assert_eq!(
        raised.json()["apiKey"]["limits"]["requestsPerSecond"],
        json!(50),
        "{}",
        raised.text
    );
    gateways[0].clock.advance(Duration::from_secs(1));
    until("more than two", true, async || {
        gateways[0].clock.advance(Duration::from_secs(1));
        all(&gateways, &secret).await.0 > 2
    })
    .await;
    let taken_away = update("2", json!({"updateMask": "limits"}));
    let taken_away = gateways[0].send("PATCH", &path, &[key], taken_away).await.json();
    assert_eq!(taken_away["apiKey"]["limits"], Value::Null);
    assert_eq!(taken_away["apiKey"]["displayName"], "till");
    let renamed = update("3", json!({"displayName": "POS", "updateMask": "displayName"}));
    let renamed = gateways[0].send("PATCH", &path, &[key], renamed).await.json();
    assert_eq!(renamed["apiKey"]["displayName"], "POS");
    for wrong in [
        json!({"displayName": "", "updateMask": "displayName"}),
        json!({"updateMask": "scopes"}),
        json!({"limits": {"requestsPerSecond": -1}, "updateMask": "limits"}),
    ] {
        let refused = gateways[0]
            .send("PATCH", &path, &[key], update("4", wrong.clone()))
            .await;
        assert_eq!(refused.reason(), "INVALID_FIELD", "{wrong}");
    }
    let nobody = format!("/v1/api-keys/key_{}", "0".repeat(26));
    let missing = update("5", json!({"displayName": "POS", "updateMask": "displayName"}));
    assert_eq!(
        gateways[0].send("PATCH", &nobody, &[key], missing).await.reason(),
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn a_key_without_limits_has_those_of_the_platform_which_are_none_unless_set() {
    let platform = Platform::start().await;
    let (_, secret) = key(&platform, json!({})).await;
    for _ in 0..50 {
        assert_eq!(call(&platform, &secret).await.status, StatusCode::OK);
    }
    let config = GatewayConfig {
        default_limits: RequestLimits {
            per_second: 10,
            burst: 3,
            per_day: 0,
        },
        ..GatewayConfig::default()
    };
    let other = platform.beside(config.clone()).await;
    let third = platform.beside(config).await;
    let (let_in, refusal) = all(&[other, third], &secret).await;
    assert_eq!((let_in, refusal.status), (3, StatusCode::TOO_MANY_REQUESTS));
}

#[tokio::test]
async fn over_grpc_the_details_say_the_same() {
    let gateways = two().await;
    let (id, secret) = key(&gateways[0], json!({"requestsPerSecond": 1, "burst": 1})).await;
    assert_eq!(all(&gateways, &secret).await.0, 1);
    let mut request = tonic::Request::new(GetBalanceRequest {
        member_id: "mbr_1".to_owned(),
        asset_code: "points".to_owned(),
        ..GetBalanceRequest::default()
    });
    request.metadata_mut().insert("x-api-key", secret.parse().unwrap());
    let mut points = PointsServiceClient::new(gateways[0].connect().await);
    let refused = points.get_balance(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    let details = refused.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "REQUEST_RATE_EXCEEDED");
    assert_eq!(details.error_info().unwrap().metadata["requests_per_second"], "1");
    assert_eq!(details.quota_failure().unwrap().violations[0].subject, id);
    let delay = details.retry_info().unwrap().retry_delay.unwrap();
    assert!(delay > Duration::ZERO && delay <= Duration::from_secs(1), "{delay:?}");
}
