//! Tokens (JWT) beside API keys, with an issuer that is played over HTTP.

use gateway::{GatewayConfig, IssuerSettings};
use http::StatusCode;
use serde_json::{Value, json};
use testkit::{PlayedIssuer, SigningKey, until};

use crate::platform::{Answer, Platform};

const BALANCE: &str = "/v1/members/mbr_1/balances/points";

fn settings(issuer: &PlayedIssuer, over: Value) -> IssuerSettings {
    let mut settings = json!({
        "name": "corp",
        "issuer": issuer.issuer(),
        "audiences": ["quanyu"],
        "jwks_url": issuer.jwks_url(),
        "algorithms": ["ES256", "EdDSA"],
        "tenant": "default",
    });
    for (name, value) in over.as_object().unwrap() {
        settings[name] = value.clone();
    }
    serde_json::from_value(settings).unwrap()
}

/// A platform that trusts the issuer.
async fn trusting(issuer: &PlayedIssuer, over: Value) -> Platform {
    let settings = settings(issuer, over).read().unwrap();
    let config = GatewayConfig {
        issuers: vec![settings],
        ..GatewayConfig::default()
    };
    Platform::start_with(config).await
}

async fn with_token(platform: &Platform, token: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    platform.send("GET", BALANCE, &[("authorization", &bearer)], "").await
}

async fn status(platform: &Platform, token: &str) -> StatusCode {
    with_token(platform, token).await.status
}

fn refused(answer: &Answer, cause: &str) -> bool {
    answer.status == StatusCode::UNAUTHORIZED && answer.reason() == "UNAUTHENTICATED" && answer.text.contains(cause)
}

#[tokio::test]
async fn a_token_opens_what_its_scopes_and_roles_allow_and_its_subject_is_told() {
    let key = SigningKey::p256("one");
    let issuer = PlayedIssuer::start(&[&key]).await;
    let platform = trusting(&issuer, json!({})).await;
    let redeem = json!({"requestId": "r", "memberId": "mbr_1", "assetCode": "points", "amount": 5});
    let redeemed = async |token: &str| {
        let bearer = format!("Bearer {token}");
        let path = "/v1/members/mbr_1/points:redeem";
        platform
            .send("POST", path, &[("authorization", &bearer)], &redeem)
            .await
    };
    let reader = key.sign(&issuer.claims(json!({"scope": "openid points.read"})));
    assert_eq!(status(&platform, &reader).await, StatusCode::OK);
    assert_eq!(redeemed(&reader).await.reason(), "SCOPE_MISSING");
    let viewer = key.sign(&issuer.claims(json!({"roles": ["viewer"]})));
    assert_eq!(status(&platform, &viewer).await, StatusCode::OK);
    assert_eq!(redeemed(&viewer).await.reason(), "SCOPE_MISSING");
    let operator = key.sign(&issuer.claims(json!({"roles": ["operator"], "sub": "auth0|7"})));
    let answer = redeemed(&operator).await.json();
    let caller = answer["entry"]["counterpartMemberId"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(caller, format!("{} corp/auth0|7", platform.first.tenant));
    let nothing = key.sign(&issuer.claims(json!({})));
    assert_eq!(with_token(&platform, &nothing).await.reason(), "SCOPE_MISSING");
    // However often they come, the keys were fetched once.
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn a_token_that_is_not_valid_opens_nothing_and_its_holder_learns_why() {
    let (key, stranger) = (SigningKey::p256("one"), SigningKey::p256("one"));
    let issuer = PlayedIssuer::start(&[&key]).await;
    let platform = trusting(&issuer, json!({})).await;
    let rights = json!({"scope": "*"});
    assert_eq!(
        status(&platform, &key.sign(&issuer.claims(rights.clone()))).await,
        StatusCode::OK
    );
    let with = |name: &str, value: Value| {
        let mut over = rights.clone();
        over[name] = value;
        key.sign(&issuer.claims(over))
    };
    for (token, cause) in [
        (with("exp", json!(1)), "has expired"),
        (with("aud", json!("other")), "another audience"),
        (
            with("iss", json!("https://other.example.com")),
            "none that this platform trusts",
        ),
        (stranger.sign(&issuer.claims(rights.clone())), "signature"),
        ("eyJhbGciOiJFUzI1NiJ9.e30.c2ln".to_owned(), "lacks the claim iss"),
        ("eyJhbGciOiJFUzI1NiJ9.c2ln.c2ln".to_owned(), "cannot be read"),
        ("c2ln.e30.c2ln".to_owned(), "cannot be read"),
        ("eyJhbGciOiJub25lIn0.e30.c2ln".to_owned(), "is not signed"),
        (
            format!("eyJ{}.{}.{}", "a".repeat(8_192), "b", "c"),
            "longer than 8192 bytes",
        ),
    ] {
        let answer = with_token(&platform, &token).await;
        assert!(refused(&answer, cause), "{cause}: {answer:?}");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
}

#[tokio::test]
async fn without_an_issuer_a_token_opens_nothing() {
    let platform = Platform::start().await;
    let answer = with_token(&platform, "eyJhbGciOiJFUzI1NiJ9.e30.c2ln").await;
    assert!(refused(&answer, "trusts no issuer"), "{answer:?}");
}

#[tokio::test]
async fn a_key_and_a_token_are_two_credentials_unless_the_token_is_a_stranger_s() {
    let key = SigningKey::p256("one");
    let issuer = PlayedIssuer::start(&[&key]).await;
    let platform = trusting(&issuer, json!({})).await;
    let secret = platform.first.secret.reveal();
    let send = async |token: &str| {
        let bearer = format!("Bearer {token}");
        let headers = [("x-api-key", secret), ("authorization", &bearer)];
        platform.send("GET", BALANCE, &headers, "").await
    };
    let token = key.sign(&issuer.claims(json!({"scope": "*"})));
    assert!(refused(&send(&token).await, "an API key and a token"));
    // Even where it is not valid: the caller meant something by it.
    let expired = key.sign(&issuer.claims(json!({"scope": "*", "exp": 1})));
    assert!(refused(&send(&expired).await, "an API key and a token"));
    let of_proxy = key.sign(&issuer.claims(json!({"iss": "https://proxy.example.com"})));
    assert_eq!(send(&of_proxy).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_new_key_is_found_at_once_and_a_withdrawn_one_opens_nothing_more() {
    let (old, new) = (SigningKey::p256("old"), SigningKey::ed25519("new"));
    let issuer = PlayedIssuer::start(&[&old]).await;
    let over = json!({"refetch_seconds_min": 1, "refresh_seconds": 3_600});
    let platform = trusting(&issuer, over).await;
    let by_old = old.sign(&issuer.claims(json!({"scope": "*"})));
    let by_new = new.sign(&issuer.claims(json!({"scope": "*"})));
    assert_eq!(status(&platform, &by_old).await, StatusCode::OK);
    issuer.publish(&[&old, &new]);
    // At once, but for the second that lies between two fetches.
    until("the new key", StatusCode::OK, async || status(&platform, &by_new).await).await;
    assert_eq!(status(&platform, &by_old).await, StatusCode::OK);
    issuer.publish(&[&new]);
    let unknown = SigningKey::p256("unknown").sign(&issuer.claims(json!({"scope": "*"})));
    // What makes the gateway look is any token with a key that it does not know.
    until("the withdrawn key", StatusCode::UNAUTHORIZED, async || {
        status(&platform, &unknown).await;
        status(&platform, &by_old).await
    })
    .await;
    assert_eq!(status(&platform, &by_new).await, StatusCode::OK);
}

#[tokio::test]
async fn invented_keys_make_no_storm_of_fetches() {
    let key = SigningKey::p256("one");
    let issuer = PlayedIssuer::start(&[&key]).await;
    let platform = trusting(&issuer, json!({"refetch_seconds_min": 3_600, "refresh_seconds": 3_600})).await;
    assert_eq!(
        status(&platform, &key.sign(&issuer.claims(json!({"scope": "*"})))).await,
        StatusCode::OK
    );
    let claims = issuer.claims(json!({"scope": "*"}));
    let invented = (0..50).map(|number| key.sign_with(&json!({"alg": "ES256", "kid": format!("k{number}")}), &claims));
    for token in invented {
        assert!(refused(&with_token(&platform, &token).await, "does not publish"));
    }
    assert_eq!(issuer.asked(), 1, "the last fetch was less than an hour ago");
}

#[tokio::test]
async fn operators_see_whose_keys_are_at_hand() {
    let key = SigningKey::p256("a");
    let issuer = PlayedIssuer::start(&[&key]).await;
    let there = settings(&issuer, json!({})).read().unwrap();
    let over = json!({"name": "cloud", "issuer": "https://cloud.example", "jwks_url": null, "jwks_file": "/nowhere/keys.json"});
    let away = settings(&issuer, over).read().unwrap();
    let config = GatewayConfig {
        issuers: vec![there, away],
        ..GatewayConfig::default()
    };
    let platform = Platform::start_with(config).await;
    let expected = vec![("corp".to_owned(), true), ("cloud".to_owned(), false)];
    until("the keys were fetched", expected, async || platform.issuers.read()).await;
}

#[tokio::test]
async fn keys_go_on_while_their_issuer_is_away_or_publishes_what_cannot_be_read() {
    let (key, other) = (SigningKey::p256("one"), SigningKey::p256("other"));
    let issuer = PlayedIssuer::start(&[&key]).await;
    let over = json!({"refetch_seconds_min": 1, "refresh_seconds": 1, "keep_seconds": 3_600});
    let platform = trusting(&issuer, over).await;
    let token = key.sign(&issuer.claims(json!({"scope": "*"})));
    assert_eq!(status(&platform, &token).await, StatusCode::OK);
    let too_long = json!({"keys": [other.public()], "comment": "x".repeat(300_000)}).to_string();
    for (code, body) in [
        (StatusCode::SERVICE_UNAVAILABLE, String::new()),
        (StatusCode::OK, "<html>maintenance</html>".to_owned()),
        (StatusCode::OK, json!({"keys": []}).to_string()),
        (StatusCode::OK, too_long),
        (StatusCode::FOUND, String::new()),
    ] {
        issuer.answer(code, &body);
        let asked = issuer.asked();
        until("another fetch", true, async || {
            assert_eq!(status(&platform, &token).await, StatusCode::OK, "{code}");
            issuer.asked() > asked
        })
        .await;
        assert_eq!(status(&platform, &token).await, StatusCode::OK, "{code}");
        assert_eq!(
            status(&platform, &other.sign(&issuer.claims(json!({"scope": "*"})))).await,
            StatusCode::SERVICE_UNAVAILABLE,
            "{code}: the key may be a new one, and who knows it cannot be asked"
        );
        let told = match code {
            StatusCode::OK => "were fetched, and are of no use",
            _ => "could not be fetched",
        };
        // A set that is too long is not read to its end.
        until("the finding", true, async || {
            let report = platform.own_report().await;
            let is_told = report.contains(told) || report.contains("length limit");
            is_told && report.contains("corp: its keys") && report.contains("known last go on")
        })
        .await;
    }
    issuer.publish(&[&key]);
    until("the issuer", false, async || {
        platform.own_report().await.contains("corp")
    })
    .await;
}

#[tokio::test]
async fn without_any_keys_callers_are_told_to_come_again_and_are_let_in_when_the_issuer_is_back() {
    let key = SigningKey::p256("one");
    let issuer = PlayedIssuer::start(&[&key]).await;
    issuer.answer(StatusCode::INTERNAL_SERVER_ERROR, "");
    let platform = trusting(&issuer, json!({})).await;
    let token = key.sign(&issuer.claims(json!({"scope": "*"})));
    let answer = with_token(&platform, &token).await;
    assert_eq!(
        (answer.status, &*answer.reason()),
        (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE")
    );
    assert!(answer.headers.contains_key("retry-after"));
    let finding = platform.own_report().await;
    assert!(
        finding.contains("DEGRADED") && finding.contains("open nothing"),
        "{finding}"
    );
    // API keys need nobody else.
    assert_eq!(platform.get(BALANCE).await.status, StatusCode::OK);
    issuer.publish(&[&key]);
    // Without a token, by the probes alone.
    until("the issuer", false, async || {
        platform.own_report().await.contains("corp")
    })
    .await;
    assert_eq!(status(&platform, &token).await, StatusCode::OK);
}

#[tokio::test]
async fn a_token_that_was_found_valid_opens_nothing_once_it_has_ended() {
    let key = SigningKey::p256("one");
    let issuer = PlayedIssuer::start(&[&key]).await;
    let platform = trusting(&issuer, json!({"leeway_seconds": 0})).await;
    let now = issuer.claims(json!({}))["exp"].as_u64().unwrap() - 3_600;
    let token = key.sign(&issuer.claims(json!({"scope": "*", "exp": now + 2})));
    assert_eq!(status(&platform, &token).await, StatusCode::OK);
    until("its end", StatusCode::UNAUTHORIZED, async || {
        status(&platform, &token).await
    })
    .await;
    assert!(refused(&with_token(&platform, &token).await, "has expired"));
}

#[tokio::test]
async fn the_tenant_that_a_claim_names_must_be_one() {
    let key = SigningKey::p256("one");
    let issuer = PlayedIssuer::start(&[&key]).await;
    let over = json!({"tenant": null, "tenant_claim": "https://example.com/tenant"});
    let platform = trusting(&issuer, over).await;
    let made = json!({"requestId": "acme", "code": "acme", "displayName": "Acme"});
    assert_eq!(platform.post("/v1/tenants", made).await.status, StatusCode::OK);
    let code_of = async |claim: Value| {
        let claims = issuer.claims(json!({"scope": "*", "https://example.com/tenant": claim}));
        let bearer = format!("Bearer {}", key.sign(&claims));
        let answer = platform
            .send("GET", "/v1/tenant", &[("authorization", &bearer)], "")
            .await;
        match answer.status {
            StatusCode::OK => answer.json()["tenant"]["code"].as_str().unwrap().to_owned(),
            status => format!("{status}: {}", answer.reason()),
        }
    };
    assert_eq!(code_of(json!("default")).await, "default");
    assert_eq!(code_of(json!("acme")).await, "acme");
    for none in [json!("nobody"), json!(""), json!(7), json!(["acme"]), Value::Null] {
        assert_eq!(
            code_of(none.clone()).await,
            "401 Unauthorized: UNAUTHENTICATED",
            "{none}"
        );
    }
}

#[tokio::test]
async fn keys_may_be_in_a_file_which_is_read_again() {
    let (old, new) = (SigningKey::p256("old"), SigningKey::p256("new"));
    let issuer = PlayedIssuer::start(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let write = |key: &SigningKey| std::fs::write(&file, json!({"keys": [key.public()]}).to_string()).unwrap();
    write(&old);
    let over = json!({"jwks_url": null, "jwks_file": file, "refetch_seconds_min": 1});
    let platform = trusting(&issuer, over).await;
    let claims = issuer.claims(json!({"scope": "*"}));
    assert_eq!(status(&platform, &old.sign(&claims)).await, StatusCode::OK);
    write(&new);
    until("the new key", StatusCode::OK, async || {
        status(&platform, &new.sign(&claims)).await
    })
    .await;
    assert_eq!(status(&platform, &old.sign(&claims)).await, StatusCode::UNAUTHORIZED);
    assert_eq!(issuer.asked(), 0);
}
