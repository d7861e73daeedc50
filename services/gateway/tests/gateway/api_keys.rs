use contracts_gateway::v1::api_key_service_client::ApiKeyServiceClient;
use contracts_gateway::v1::{
    ApiKeyState, CreateApiKeyRequest, CreateApiKeyResponse, ListApiKeysRequest, RevokeApiKeyRequest, Role,
    RotateApiKeyRequest, UpdateApiKeyRequest,
};
use kernel::{Principal, PrincipalKind, Scopes};
use rpc::Channel;
use sea_orm::ConnectionTrait;
use testkit::{Harness, harness};
use tonic::{Code, Status};
use tonic_types::StatusExt;

async fn start() -> (Harness, ApiKeyServiceClient<Channel>) {
    let harness = harness(gateway::NAME, gateway::migrations(), gateway::service).await;
    let keys = ApiKeyServiceClient::new(harness.channel());
    (harness, keys)
}

/// Somebody of the test's tenant with these scopes alone.
fn with_scopes(harness: &Harness, scopes: &[&str]) -> ApiKeyServiceClient<Channel> {
    ApiKeyServiceClient::new(harness.channel_as(&Principal {
        tenant: harness.tenant,
        subject: "key_clerk".to_owned(),
        scopes: Scopes::new(scopes.iter().map(|&scope| scope.to_owned())),
        kind: PrincipalKind::Key,
    }))
}

fn create(request_id: &str, scopes: &[&str]) -> CreateApiKeyRequest {
    CreateApiKeyRequest {
        request_id: request_id.to_owned(),
        display_name: "POS of the Nanjing stores".to_owned(),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        ..CreateApiKeyRequest::default()
    }
}

async fn created(keys: &mut ApiKeyServiceClient<Channel>, request_id: &str) -> CreateApiKeyResponse {
    keys.create_api_key(create(request_id, &["points.redeem"]))
        .await
        .unwrap()
        .into_inner()
}

fn rotate(request_id: &str, api_key_id: &str) -> RotateApiKeyRequest {
    RotateApiKeyRequest {
        request_id: request_id.to_owned(),
        api_key_id: api_key_id.to_owned(),
        overlap: None,
    }
}

fn revoke(request_id: &str, api_key_id: &str) -> RevokeApiKeyRequest {
    RevokeApiKeyRequest {
        request_id: request_id.to_owned(),
        api_key_id: api_key_id.to_owned(),
    }
}

fn reason(status: &Status) -> String {
    status
        .get_details_error_info()
        .unwrap_or_else(|| panic!("{status:?}"))
        .reason
}

fn violations(status: &Status) -> Vec<String> {
    let fields = status
        .get_details_bad_request()
        .unwrap_or_else(|| panic!("{status:?}"))
        .field_violations;
    fields.into_iter().map(|violation| violation.field).collect()
}

#[tokio::test]
async fn a_secret_is_told_once_and_stored_nowhere() {
    let (harness, mut keys) = start().await;
    let first = created(&mut keys, "r1").await;
    let key = first.api_key.clone().unwrap();
    assert!(first.secret.starts_with(&key.secrets[0].prefix) && first.secret.len() == 67);
    assert_eq!((key.state(), key.creator.as_str()), (ApiKeyState::Active, "key_test"));

    let again = created(&mut keys, "r1").await;
    assert_eq!((again.api_key, again.secret.as_str()), (first.api_key, ""));

    let secret = first.secret.as_bytes();
    for sql in ["SELECT answer FROM request", "SELECT secret_hash FROM api_key_secret"] {
        let conn = harness.db.read();
        let rows = conn.query_all_raw(store::statement(conn, sql, [])).await.unwrap();
        assert_eq!(rows.len(), 1);
        let stored: Vec<u8> = rows[0].try_get_by_index(0).unwrap();
        assert!(!stored.windows(secret.len()).any(|window| window == secret), "{sql}");
    }
}

#[tokio::test]
async fn the_same_request_id_for_another_key_is_refused() {
    let (_harness, mut keys) = start().await;
    created(&mut keys, "r1").await;
    let status = keys.create_api_key(create("r1", &["points.earn"])).await.unwrap_err();
    assert_eq!(reason(&status), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn nobody_gives_more_than_they_hold() {
    let (harness, _) = start().await;
    let mut clerk = with_scopes(&harness, &["gateway.api_keys_write", "points.redeem"]);
    let status = clerk
        .create_api_key(create("r1", &["points.redeem", "points.earn", "*"]))
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::PermissionDenied, "SCOPE_NOT_HELD")
    );
    assert_eq!(
        status.get_details_error_info().unwrap().metadata["scopes"],
        "*,points.earn"
    );
    assert!(clerk.create_api_key(create("r1", &["points.redeem"])).await.is_ok());
}

#[tokio::test]
async fn nobody_is_told_the_secret_of_a_stronger_key() {
    let (harness, mut keys) = start().await;
    let strong = keys
        .create_api_key(create("r1", &["*"]))
        .await
        .unwrap()
        .into_inner()
        .api_key
        .unwrap();
    let mut clerk = with_scopes(&harness, &["gateway.api_keys_write"]);
    let status = clerk
        .rotate_api_key(rotate("r2", &strong.api_key_id))
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "SCOPE_NOT_HELD");
}

#[tokio::test]
async fn the_platform_s_scopes_are_not_among_a_tenant_s() {
    let (harness, _) = start().await;
    let mut owner = with_scopes(&harness, &["*"]);
    let status = owner
        .create_api_key(create("r1", &["platform.tenants"]))
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "SCOPE_NOT_HELD");
}

#[tokio::test]
async fn scopes_that_no_method_asks_for_are_refused() {
    let (_harness, mut keys) = start().await;
    let status = keys
        .create_api_key(create("r1", &["points.redeem", "points.reedem", "platform*"]))
        .await
        .unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), violations(&status)),
        ("INVALID_FIELD", vec!["scopes[1]".to_owned(), "scopes[2]".to_owned()])
    );
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_key_is_told_at_once() {
    let (harness, mut keys) = start().await;
    let status = keys
        .create_api_key(CreateApiKeyRequest {
            expire_time: Some(harness.clock.now().to_wire()),
            ..create("r1", &["points.reedem"])
        })
        .await
        .unwrap_err();
    assert_eq!(violations(&status), ["scopes[0]", "expire_time"]);
    let status = keys
        .update_api_key(UpdateApiKeyRequest {
            request_id: "r2".to_owned(),
            api_key_id: "key_none".to_owned(),
            update_mask: Some(prost_types::FieldMask {
                paths: vec!["scopes".to_owned(), "display_name".to_owned()],
            }),
            ..UpdateApiKeyRequest::default()
        })
        .await
        .unwrap_err();
    assert_eq!(violations(&status), ["update_mask", "display_name", "api_key_id"]);
}

#[tokio::test]
async fn an_expiry_in_the_past_is_refused_but_its_repetition_later_is_not() {
    let (harness, mut keys) = start().await;
    let expiring = |seconds| CreateApiKeyRequest {
        expire_time: Some(
            harness
                .clock
                .now()
                .plus(std::time::Duration::from_secs(seconds))
                .to_wire(),
        ),
        ..create("r1", &["points.redeem"])
    };
    let status = keys.create_api_key(expiring(0)).await.unwrap_err();
    assert_eq!(violations(&status), ["expire_time"]);
    let soon = expiring(60);
    let first = keys.create_api_key(soon.clone()).await.unwrap().into_inner();
    harness.clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(
        keys.create_api_key(soon).await.unwrap().into_inner().api_key,
        first.api_key
    );
    let id = first.api_key.unwrap().api_key_id;
    let status = keys.rotate_api_key(rotate("r2", &id)).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::FailedPrecondition, "API_KEY_EXPIRED")
    );
}

#[tokio::test]
async fn a_rotated_key_has_two_secrets_and_never_three() {
    let (harness, mut keys) = start().await;
    let first = created(&mut keys, "r1").await;
    let id = first.api_key.unwrap().api_key_id;
    let mut secrets = vec![first.secret];
    for request_id in ["r2", "r3"] {
        let rotated = keys.rotate_api_key(rotate(request_id, &id)).await.unwrap().into_inner();
        secrets.push(rotated.secret.clone());
        let key = rotated.api_key.unwrap();
        let newest: Vec<bool> = key
            .secrets
            .iter()
            .rev()
            .zip(secrets.iter().rev().take(2).rev())
            .map(|(kept, told)| told.starts_with(&kept.prefix))
            .collect();
        assert_eq!(newest, [true, true]);
        assert!(key.secrets[0].expire_time.is_none());
        assert_eq!(
            key.secrets[1].expire_time,
            Some(harness.clock.now().plus_days(1).to_wire())
        );
    }
    let again = keys.rotate_api_key(rotate("r3", &id)).await.unwrap().into_inner();
    assert_eq!((again.secret.as_str(), again.api_key.unwrap().secrets.len()), ("", 2));
    harness.clock.advance(std::time::Duration::from_hours(24));
    let listed = keys
        .list_api_keys(ListApiKeysRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(listed.api_keys[0].secrets.len(), 1);
}

#[tokio::test]
async fn concurrent_rotations_leave_two_secrets() {
    let (_harness, mut keys) = start().await;
    let id = created(&mut keys, "r1").await.api_key.unwrap().api_key_id;
    let rotations = (0..8).map(|number| {
        let (mut keys, request) = (keys.clone(), rotate(&format!("rotation-{number}"), &id));
        tokio::spawn(async move { keys.rotate_api_key(request).await.unwrap() })
    });
    for rotation in rotations.collect::<Vec<_>>() {
        rotation.await.unwrap();
    }
    let listed = keys
        .list_api_keys(ListApiKeysRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(listed.api_keys[0].secrets.len(), 2);
}

#[tokio::test]
async fn a_revoked_key_stays_revoked() {
    let (harness, mut keys) = start().await;
    let id = created(&mut keys, "r1").await.api_key.unwrap().api_key_id;
    let first = keys
        .revoke_api_key(revoke("r2", &id))
        .await
        .unwrap()
        .into_inner()
        .api_key
        .unwrap();
    assert_eq!((first.state(), first.secrets.len()), (ApiKeyState::Revoked, 0));
    harness.clock.advance(std::time::Duration::from_mins(1));
    let second = keys
        .revoke_api_key(revoke("r3", &id))
        .await
        .unwrap()
        .into_inner()
        .api_key
        .unwrap();
    assert_eq!(second.revoke_time, first.revoke_time);
    let status = keys.rotate_api_key(rotate("r4", &id)).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::FailedPrecondition, "API_KEY_REVOKED")
    );
}

#[tokio::test]
async fn keys_are_listed_in_pages() {
    let (_harness, mut keys) = start().await;
    let mut expected = Vec::new();
    for number in 0..5 {
        expected.push(
            created(&mut keys, &format!("r{number}"))
                .await
                .api_key
                .unwrap()
                .api_key_id,
        );
    }
    let (mut listed, mut page_token) = (Vec::new(), String::new());
    loop {
        let page = keys
            .list_api_keys(ListApiKeysRequest {
                page_size: 2,
                page_token,
            })
            .await
            .unwrap()
            .into_inner();
        listed.extend(page.api_keys.into_iter().map(|key| key.api_key_id));
        if page.next_page_token.is_empty() {
            break;
        }
        page_token = page.next_page_token;
    }
    assert_eq!(listed, expected);
    let nonsense = ListApiKeysRequest {
        page_size: 2,
        page_token: "nonsense".to_owned(),
    };
    assert_eq!(
        reason(&keys.list_api_keys(nonsense).await.unwrap_err()),
        "PAGE_TOKEN_INVALID"
    );
}

#[tokio::test]
async fn another_tenant_s_keys_are_not_there() {
    let (harness, mut keys) = start().await;
    let id = created(&mut keys, "r1").await.api_key.unwrap().api_key_id;
    let mut others = ApiKeyServiceClient::new(harness.channel_of(harness.other_tenant()));
    assert!(
        others
            .list_api_keys(ListApiKeysRequest::default())
            .await
            .unwrap()
            .into_inner()
            .api_keys
            .is_empty()
    );
    assert_eq!(
        reason(&others.rotate_api_key(rotate("r1", &id)).await.unwrap_err()),
        "NOT_FOUND"
    );
    assert_eq!(
        reason(&others.revoke_api_key(revoke("r1", &id)).await.unwrap_err()),
        "NOT_FOUND"
    );
}

async fn made(
    keys: &mut ApiKeyServiceClient<Channel>,
    request_id: &str,
    scopes: &[&str],
    end: Option<kernel::Time>,
) -> String {
    let request = CreateApiKeyRequest {
        expire_time: end.map(kernel::Time::to_wire),
        ..create(request_id, scopes)
    };
    let answer = keys.create_api_key(request).await.unwrap().into_inner();
    answer.api_key.unwrap().api_key_id
}

#[tokio::test]
async fn the_last_key_that_gives_a_scope_is_not_revoked_and_the_cure_is_told() {
    let (harness, mut keys) = start().await;
    let owner = made(&mut keys, "r1", &["*", "platform.*"], None).await;
    // It does much, and may not write keys.
    made(&mut keys, "r2", &["points.*"], None).await;
    let refused = keys.revoke_api_key(revoke("r3", &owner)).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::FailedPrecondition, "LAST_API_KEY")
    );
    let metadata = refused.get_details_error_info().unwrap().metadata;
    assert_eq!(
        (metadata["api_key_id"].as_str(), metadata["scopes"].as_str()),
        (&*owner, "*,platform.*")
    );
    assert!(
        refused.message().contains("first create another key"),
        "{}",
        refused.message()
    );

    let partner = made(&mut keys, "r4", &["*"], None).await;
    let refused = keys.revoke_api_key(revoke("r5", &owner)).await.unwrap_err();
    assert_eq!(
        refused.get_details_error_info().unwrap().metadata["scopes"],
        "platform.*"
    );
    let week = harness.clock.now().plus(std::time::Duration::from_hours(7 * 24));
    made(&mut keys, "r6", &["gateway.*", "platform.*"], Some(week)).await;
    assert_eq!(
        reason(&keys.revoke_api_key(revoke("r7", &owner)).await.unwrap_err()),
        "LAST_API_KEY",
        "a successor for a week is none"
    );
    made(&mut keys, "r8", &["gateway.*", "platform.*"], None).await;
    keys.revoke_api_key(revoke("r9", &owner)).await.unwrap();
    assert_eq!(
        reason(&keys.revoke_api_key(revoke("r10", &partner)).await.unwrap_err()),
        "LAST_API_KEY"
    );
    // Refused, it opens on; and revoking what is revoked changes nothing.
    keys.rotate_api_key(rotate("r11", &partner)).await.unwrap();
    keys.revoke_api_key(revoke("r12", &owner)).await.unwrap();
}

#[tokio::test]
async fn of_two_keys_that_revoke_each_other_at_once_one_stays() {
    let (_harness, mut keys) = start().await;
    for round in 0..20 {
        let mut pair = Vec::new();
        for number in 0..2 {
            pair.push(made(&mut keys, &format!("made-{round}-{number}"), &["*"], None).await);
        }
        if round > 0 {
            // The one that stayed of the round before has successors now.
            let stayed = active(&mut keys).await;
            let old = stayed.iter().find(|id| !pair.contains(id)).unwrap();
            keys.revoke_api_key(revoke(&format!("old-{round}"), old)).await.unwrap();
        }
        let revocations: Vec<_> = pair
            .iter()
            .map(|id| {
                let (mut keys, request) = (keys.clone(), revoke(&format!("race-{round}-{id}"), id));
                tokio::spawn(async move { keys.revoke_api_key(request).await })
            })
            .collect();
        let mut refused = Vec::new();
        for revocation in revocations {
            refused.extend(revocation.await.unwrap().err().map(|status| reason(&status)));
        }
        assert_eq!(
            (refused, active(&mut keys).await.len()),
            (vec!["LAST_API_KEY".to_owned()], 1)
        );
    }
}

async fn active(keys: &mut ApiKeyServiceClient<Channel>) -> Vec<String> {
    let request = ListApiKeysRequest {
        page_size: 500,
        page_token: String::new(),
    };
    let listed = keys.list_api_keys(request).await.unwrap().into_inner().api_keys;
    let active = listed.into_iter().filter(|key| key.state() == ApiKeyState::Active);
    active.map(|key| key.api_key_id).collect()
}

#[tokio::test]
async fn a_key_is_made_with_a_role_and_gets_no_more_than_its_maker_holds() {
    let (harness, _) = start().await;
    let request = |request_id: &str, role: Role| CreateApiKeyRequest {
        role: role.into(),
        ..create(request_id, &[])
    };
    let mut owner = with_scopes(&harness, &["*"]);
    let viewer = owner.create_api_key(request("viewer", Role::Viewer)).await.unwrap();
    let scopes = viewer.into_inner().api_key.unwrap().scopes;
    assert!(scopes.contains(&"points.read".to_owned()), "{scopes:?}");
    assert!(
        !scopes.iter().any(|scope| scope == "points.redeem" || scope == "*"),
        "{scopes:?}"
    );
    let with_more = CreateApiKeyRequest {
        role: Role::Viewer.into(),
        ..create("more", &["points.redeem"])
    };
    let with_more = owner.create_api_key(with_more).await.unwrap().into_inner();
    let with_more = with_more.api_key.unwrap().scopes;
    assert_eq!(with_more.len(), scopes.len() + 1, "{with_more:?}");
    let neither = owner.create_api_key(create("neither", &[])).await.unwrap_err();
    let violations = neither.get_details_bad_request().unwrap().field_violations;
    assert_eq!(violations[0].field, "scopes");
    let mut clerk = with_scopes(&harness, &["gateway.*", "points.*"]);
    let refused = clerk
        .create_api_key(request("clerk", Role::Operator))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}
