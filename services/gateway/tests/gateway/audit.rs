//! The audit log: what is written of administrative calls, and what of a chain that was tampered with is found.

use contracts_gateway::v1::api_key_service_client::ApiKeyServiceClient;
use contracts_gateway::v1::{CreateApiKeyRequest, RevokeApiKeyRequest};
use gateway::audit::{Anchor, Cause, Chain, verify};
use gateway::{RequestLimits, operator};
use http::StatusCode;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tonic::Code;
use tonic::metadata::MetadataValue;

use crate::platform::Platform;

fn new_key(request_id: &str) -> Value {
    json!({"requestId": request_id, "displayName": "till", "scopes": ["points.read"]})
}

async fn made(platform: &Platform, request_id: &str) -> String {
    let answer = platform.post("/v1/api-keys", new_key(request_id)).await;
    answer.json()["apiKey"]["apiKeyId"].as_str().unwrap().to_owned()
}

/// The entries of the first tenant, the newest first.
async fn entries(platform: &Platform) -> Vec<Value> {
    let answer = platform.get("/v1/audit-entries").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()["auditEntries"].as_array().unwrap().clone()
}

async fn chain(platform: &Platform, anchors: &[Anchor]) -> Chain {
    let chains = verify(&platform.db, anchors).await.unwrap();
    chains.into_iter().find(|chain| chain.tenant == "default").unwrap()
}

/// What is found first, and how many links before it are as they were written.
fn found(chain: &Chain) -> Option<(i64, Cause, i64)> {
    let broken = chain.broken.as_ref()?;
    Some((broken.sequence, broken.cause, chain.links))
}

/// What somebody does who owns the database.
async fn tamper(platform: &Platform, statements: &[&str]) {
    let tx = platform.db.begin().await.unwrap();
    for table in ["audit_entry", "audit_head"] {
        for event in ["update", "delete"] {
            let name = format!("{table}_refuses_{event}");
            let sql = match tx.get_database_backend() {
                sea_orm::DbBackend::Sqlite => format!("DROP TRIGGER IF EXISTS {name}"),
                _ => format!("DROP TRIGGER IF EXISTS {name} ON {table}"),
            };
            tx.execute_unprepared(&sql).await.unwrap();
        }
    }
    for sql in statements {
        tx.execute_unprepared(sql).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn an_administrative_call_is_written_with_who_made_it_of_what_and_how_it_ended() {
    let platform = Platform::start().await;
    let key = made(&platform, "till-1").await;
    let revoke = json!({"requestId": "revoke-1"});
    let revoked = platform.post(&format!("/v1/api-keys/{key}:revoke"), &revoke).await;
    assert_eq!(revoked.status, StatusCode::OK);
    let nobody = format!("key_{}", "0".repeat(26));
    let revoke = json!({"requestId": "revoke-2"});
    let missing = platform.post(&format!("/v1/api-keys/{nobody}:revoke"), &revoke).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND, "{}", missing.text);
    let [failed, revoked, created] = <[Value; 3]>::try_from(entries(&platform).await).unwrap();
    assert_eq!(created["method"], "quanyu.gateway.v1.ApiKeyService/CreateApiKey");
    assert_eq!(
        (&created["sequence"], &created["requestId"]),
        (&json!("1"), &json!("till-1"))
    );
    assert!(created["subject"].as_str().unwrap().starts_with("key_"), "{created}");
    assert_eq!(
        (&created["peerAddress"], &created["createTime"]),
        (&json!("127.0.0.1"), &json!("2026-01-01T00:00:00Z"))
    );
    // What was made is known by the answer.
    let outcome = json!({"sequence": "2", "code": "OK", "createTime": "2026-01-01T00:00:00Z",
        "resources": {"api_key.api_key_id": key}, "hash": created["outcome"]["hash"]});
    assert_eq!(created["outcome"], outcome);
    assert_eq!(revoked["resources"], json!({"api_key_id": key}));
    assert_eq!(
        (&revoked["requestId"], &revoked["outcome"]["code"]),
        (&json!("revoke-1"), &json!("OK"))
    );
    assert_eq!(
        (&failed["sequence"], &failed["outcome"]["code"]),
        (&json!("5"), &json!("NOT_FOUND"))
    );
    let text = platform.get("/v1/audit-entries").await.text;
    assert!(!text.contains("qy_") && !text.contains(platform.first.secret.reveal()));
    let chain = chain(&platform, &[]).await;
    assert_eq!((chain.links, chain.broken), (6, None));
}

#[tokio::test]
async fn calls_by_grpc_are_written_alike() {
    let platform = Platform::start().await;
    let secret: MetadataValue<_> = platform.first.secret.reveal().parse().unwrap();
    let with_key = move |mut request: tonic::Request<()>| {
        request.metadata_mut().insert("x-api-key", secret.clone());
        Ok(request)
    };
    let mut keys = ApiKeyServiceClient::with_interceptor(platform.connect().await, with_key);
    let request = CreateApiKeyRequest {
        request_id: "till-1".to_owned(),
        display_name: "till".to_owned(),
        scopes: vec!["points.read".to_owned()],
        ..CreateApiKeyRequest::default()
    };
    let made = keys.create_api_key(request.clone()).await.unwrap().into_inner();
    let key = made.api_key.unwrap().api_key_id;
    assert!(made.secret.starts_with("qy_"), "the answer comes whole");
    let refused = keys
        .create_api_key(CreateApiKeyRequest {
            scopes: vec!["nothing".to_owned()],
            ..request
        })
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::InvalidArgument);
    let revoke = RevokeApiKeyRequest {
        request_id: "revoke-1".to_owned(),
        api_key_id: key.clone(),
    };
    keys.revoke_api_key(revoke).await.unwrap();
    let codes: Vec<(Value, Value, Value)> = entries(&platform)
        .await
        .iter()
        .map(|entry| {
            (
                entry["requestId"].clone(),
                entry["outcome"]["code"].clone(),
                entry["resources"].clone(),
            )
        })
        .collect();
    let of = |request_id: &str, code: &str, resources: Value| (json!(request_id), json!(code), resources);
    let expected = [
        of("revoke-1", "OK", json!({"api_key_id": key})),
        of("till-1", "INVALID_ARGUMENT", json!({})),
        of("till-1", "OK", json!({})),
    ];
    assert_eq!(codes, expected);
}

#[tokio::test]
async fn what_does_the_tenants_business_or_is_not_allowed_is_not_written() {
    let platform = Platform::start().await;
    let redeem = json!({"requestId": "r", "memberId": "mbr_1", "assetCode": "points", "amount": 5});
    assert_eq!(
        platform.post("/v1/members/mbr_1/points:redeem", redeem).await.status,
        StatusCode::OK
    );
    assert_eq!(platform.get("/v1/api-keys").await.status, StatusCode::OK);
    let till = platform.post("/v1/api-keys", new_key("till")).await.json();
    let till = ("x-api-key", till["secret"].as_str().unwrap());
    let refused = platform.send("POST", "/v1/api-keys", &[till], new_key("more")).await;
    assert_eq!(refused.reason(), "SCOPE_MISSING");
    let refused = platform.send("GET", "/v1/audit-entries", &[till], "").await;
    assert_eq!(refused.reason(), "SCOPE_MISSING");
    assert_eq!(entries(&platform).await.len(), 1);
}

#[tokio::test]
async fn a_call_that_cannot_be_written_is_not_made() {
    let platform = Platform::start().await;
    let keys = async || {
        platform.get("/v1/api-keys").await.json()["apiKeys"]
            .as_array()
            .unwrap()
            .len()
    };
    let before = keys().await;
    tamper(&platform, &["ALTER TABLE audit_head RENAME TO audit_head_gone"]).await;
    let refused = platform.post("/v1/api-keys", new_key("till")).await;
    assert_eq!(refused.status, StatusCode::INTERNAL_SERVER_ERROR, "{}", refused.text);
    assert_eq!(keys().await, before);
    tamper(&platform, &["ALTER TABLE audit_head_gone RENAME TO audit_head"]).await;
    assert_eq!(
        platform.post("/v1/api-keys", new_key("till")).await.status,
        StatusCode::OK
    );
    assert_eq!(keys().await, before + 1);
}

#[tokio::test]
async fn a_tenant_sees_its_own_entries_in_pages_and_those_of_one_caller() {
    let platform = Platform::start().await;
    let tenant = platform
        .post(
            "/v1/tenants",
            json!({"requestId": "acme", "code": "acme", "displayName": "Acme"}),
        )
        .await
        .json();
    let acme = ("x-api-key", tenant["secret"].as_str().unwrap());
    let made = platform.send("POST", "/v1/api-keys", &[acme], new_key("theirs")).await;
    assert_eq!(made.status, StatusCode::OK);
    let theirs = platform.send("GET", "/v1/audit-entries", &[acme], "").await.json();
    assert_eq!(theirs["auditEntries"].as_array().unwrap().len(), 1);
    assert_eq!(theirs["auditEntries"][0]["requestId"], "theirs");
    for number in 0..4 {
        self::made(&platform, &format!("till-{number}")).await;
    }
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = platform
            .get(&format!("/v1/audit-entries?page_size=2&page_token={token}"))
            .await
            .json();
        let entries = page["auditEntries"].as_array().unwrap();
        seen.extend(
            entries
                .iter()
                .map(|entry| entry["requestId"].as_str().unwrap().to_owned()),
        );
        token = page["nextPageToken"].as_str().unwrap().to_owned();
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["till-3", "till-2", "till-1", "till-0", "acme"]);
    let of_nobody = platform.get("/v1/audit-entries?subject=key_nobody").await.json();
    assert_eq!(of_nobody["auditEntries"], json!([]));
    let subject = entries(&platform).await[0]["subject"].as_str().unwrap().to_owned();
    let of_one = platform
        .get(&format!("/v1/audit-entries?subject={subject}"))
        .await
        .json();
    assert_eq!(of_one["auditEntries"].as_array().unwrap().len(), 5);
    let other_list = platform
        .get("/v1/audit-entries?page_size=2&subject=key_x&page_token=00")
        .await;
    assert_eq!(other_list.reason(), "PAGE_TOKEN_INVALID");
}

#[tokio::test]
async fn what_an_operator_does_at_the_database_is_written_too() {
    let platform = Platform::start().await;
    let wanted = operator::NewKey {
        tenant_code: "default".to_owned(),
        display_name: "operator".to_owned(),
        scopes: Vec::new(),
        role: None,
        expire_time: None,
        limits: RequestLimits::default(),
    };
    let (made, _) = operator::create_key(&platform.db, &platform.clock, wanted)
        .await
        .unwrap();
    let id = made.key.api_key_id;
    operator::revoke_key(&platform.db, &platform.clock, &id).await.unwrap();
    let written: Vec<(Value, Value)> = entries(&platform)
        .await
        .iter()
        .map(|entry| (entry["method"].clone(), entry["resources"].clone()))
        .collect();
    let named = json!({"api_key_id": id});
    let expected = [
        (json!("quanyu keys revoke"), named.clone()),
        (json!("quanyu keys create"), named),
    ];
    assert_eq!(written, expected);
    assert_eq!(chain(&platform, &[]).await.broken, None);
}

#[tokio::test]
async fn the_database_refuses_to_change_what_was_written() {
    let platform = Platform::start().await;
    made(&platform, "till").await;
    for sql in [
        "UPDATE audit_entry SET subject = 'nobody'",
        "DELETE FROM audit_entry",
        "DELETE FROM audit_head",
    ] {
        let tx = platform.db.begin().await.unwrap();
        assert!(tx.execute_unprepared(sql).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn an_altered_entry_is_named() {
    for (column, value) in [
        ("subject", "'key_somebody_else'"),
        ("method", "'quanyu.points.v1.AssetService/UpdateAsset'"),
        ("request_id", "''"),
        ("resources", "'{\"api_key_id\":\"key_1\"}'"),
        ("peer_address", "'10.0.0.1'"),
        ("create_time", "0"),
    ] {
        let platform = Platform::start().await;
        for number in 0..3 {
            made(&platform, &format!("till-{number}")).await;
        }
        assert_eq!(found(&chain(&platform, &[]).await), None);
        tamper(
            &platform,
            &[&format!("UPDATE audit_entry SET {column} = {value} WHERE sequence = 3")],
        )
        .await;
        assert_eq!(
            found(&chain(&platform, &[]).await),
            Some((3, Cause::Altered, 2)),
            "{column}"
        );
    }
}

#[tokio::test]
async fn an_outcome_that_was_altered_and_entries_that_are_gone_are_named() {
    for (sql, expected) in [
        (
            "UPDATE audit_entry SET code = 'NOT_FOUND' WHERE sequence = 4",
            (4, Cause::Altered, 3),
        ),
        ("DELETE FROM audit_entry WHERE sequence = 1", (1, Cause::Missing, 0)),
        (
            "DELETE FROM audit_entry WHERE sequence IN (3, 4)",
            (3, Cause::Missing, 2),
        ),
        // A tail that is cut off, while it stays noted where the chain ended.
        ("DELETE FROM audit_entry WHERE sequence > 4", (5, Cause::CutOff, 4)),
        ("DELETE FROM audit_entry", (1, Cause::CutOff, 0)),
        // The note alone.
        ("UPDATE audit_head SET sequence = 4", (4, Cause::EndAltered, 3)),
        ("DELETE FROM audit_head", (6, Cause::EndAltered, 6)),
    ] {
        let platform = Platform::start().await;
        for number in 0..3 {
            made(&platform, &format!("till-{number}")).await;
        }
        tamper(&platform, &[sql]).await;
        assert_eq!(found(&chain(&platform, &[]).await), Some(expected), "{sql}");
    }
}

/// Who cuts off the tail together with the note of where the chain ends leaves a chain that is whole: only what was kept
/// elsewhere tells of it.
#[tokio::test]
async fn a_tail_that_is_cut_off_with_its_note_is_found_by_an_anchor_alone() {
    let platform = Platform::start().await;
    for number in 0..3 {
        made(&platform, &format!("till-{number}")).await;
    }
    let before = chain(&platform, &[]).await;
    let anchor = Anchor {
        tenant: before.tenant.clone(),
        sequence: before.links,
        hash: before.hash.clone(),
    };
    assert_eq!(found(&chain(&platform, std::slice::from_ref(&anchor)).await), None);
    let cut = [
        "DELETE FROM audit_entry WHERE sequence > 4",
        "UPDATE audit_head SET sequence = 4, hash = (SELECT hash FROM audit_entry e
            WHERE e.tenant_id = audit_head.tenant_id AND e.sequence = 4)",
    ];
    tamper(&platform, &cut).await;
    assert_eq!(
        found(&chain(&platform, &[]).await),
        None,
        "nothing in the database tells of it"
    );
    let with_anchor = chain(&platform, std::slice::from_ref(&anchor)).await;
    assert_eq!(found(&with_anchor), Some((6, Cause::NotTheAnchor, 4)));
    // It goes on, and passes the place of the anchor with another link.
    made(&platform, "till-3").await;
    made(&platform, "till-4").await;
    assert_eq!(found(&chain(&platform, &[]).await), None);
    let with_anchor = chain(&platform, std::slice::from_ref(&anchor)).await;
    assert_eq!(found(&with_anchor), Some((6, Cause::NotTheAnchor, 5)));
    let of_nobody = Anchor {
        tenant: "gone".to_owned(),
        ..anchor
    };
    let chains = verify(&platform.db, &[of_nobody]).await.unwrap();
    let gone = chains.iter().find(|chain| chain.tenant == "gone").unwrap();
    assert_eq!(found(gone), Some((6, Cause::NotTheAnchor, 0)));
}

#[tokio::test]
async fn calls_at_the_same_time_are_links_of_one_chain() {
    let platform = Platform::start().await;
    let calls = (0..24).map(|number| {
        let platform = &platform;
        async move {
            let answer = platform.post("/v1/api-keys", new_key(&format!("till-{number}"))).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        }
    });
    futures::future::join_all(calls).await;
    let chain = chain(&platform, &[]).await;
    assert_eq!((chain.links, &chain.broken), (48, &None));
    let entries = entries(&platform).await;
    assert!(
        entries.iter().all(|entry| entry["outcome"]["code"] == "OK"),
        "{entries:?}"
    );
    assert_eq!(entries.len(), 24);
}

#[tokio::test]
async fn a_call_that_its_caller_gives_up_has_an_outcome() {
    let platform = Platform::start().await;
    let body = new_key("given-up");
    let headers = [("x-api-key", platform.first.secret.reveal()), ("grpc-timeout", "1n")];
    let late = platform.send("POST", "/v1/api-keys", &headers, &body).await;
    assert_eq!(late.status, StatusCode::GATEWAY_TIMEOUT, "{}", late.text);
    // A deadline that passed before the call leaves no entry; one that passes within it leaves one that has ended.
    for micros in [500, 1_000, 2_000, 4_000, 8_000] {
        let timeout = format!("{micros}u");
        let headers = [
            ("x-api-key", platform.first.secret.reveal()),
            ("grpc-timeout", &*timeout),
        ];
        platform.send("POST", "/v1/api-keys", &headers, new_key(&timeout)).await;
    }
    testkit::until("every outcome", true, async || {
        entries(&platform).await.iter().all(|entry| !entry["outcome"].is_null())
    })
    .await;
    assert_eq!(chain(&platform, &[]).await.broken, None);
}
