//! Subscriptions, from their making to their end.

use std::time::Duration;

use contracts_channels::v1::*;

use crate::brand::{brand, refusal, wanted, wrong_fields};

#[tokio::test]
async fn a_subscription_shows_its_secret_when_it_is_made_and_never_again() {
    let brand = brand().await;
    let (made, secret) = brand.create("create", wanted()).await.unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() > 40, "{secret}");
    assert!(made.subscription_id.starts_with("whs_"), "{made:?}");
    assert_eq!(made.state(), WebhookState::Active);
    assert_eq!(made.secrets.len(), 1);
    assert!(secret.starts_with(&made.secrets[0].prefix) && made.secrets[0].prefix.len() < 16);
    let (again, nothing) = brand.create("create", wanted()).await.unwrap();
    assert_eq!((again, nothing), (made.clone(), String::new()));
    assert_eq!(brand.get(&made.subscription_id).await.unwrap(), made);
}

#[tokio::test]
async fn what_is_wrong_with_a_subscription_is_told_at_once() {
    let brand = brand().await;
    let wrong = WebhookSubscription {
        display_name: String::new(),
        target_url: "ftp://example.com".to_owned(),
        fact_types: vec!["points.earned".to_owned(), "points.lost".to_owned()],
        filter: "fact.data.nothing > 1".to_owned(),
        ..wanted()
    };
    let fields = wrong_fields(brand.create("wrong", wrong).await);
    assert_eq!(
        fields,
        [
            "subscription.display_name",
            "subscription.target_url",
            "subscription.fact_types[1]",
            "subscription.filter"
        ]
    );
}

#[tokio::test]
async fn a_filter_is_right_for_every_type_also_when_the_types_change() {
    let brand = brand().await;
    let with_filter = WebhookSubscription {
        filter: r#"fact.data.asset_code == "points""#.to_owned(),
        ..wanted()
    };
    let (made, _) = brand.create("create", with_filter).await.unwrap();
    let other_types = WebhookSubscription {
        fact_types: vec!["points.earned".to_owned(), "identity.member_registered".to_owned()],
        ..made.clone()
    };
    let outcome = brand.update("types", other_types, &["fact_types"]).await;
    assert_eq!(wrong_fields(outcome), ["subscription.filter"]);
    assert_eq!(brand.get(&made.subscription_id).await.unwrap(), made);
}

#[tokio::test]
async fn a_change_with_an_old_etag_changes_nothing() {
    let brand = brand().await;
    let (made, _) = brand.create("create", wanted()).await.unwrap();
    let disabled = WebhookSubscription {
        state: WebhookState::Disabled.into(),
        ..made.clone()
    };
    let changed = brand.update("disable", disabled, &["state"]).await.unwrap();
    assert_eq!(changed.state(), WebhookState::Disabled);
    assert_eq!(changed.disable_reason(), WebhookDisableReason::ByHand);
    assert!(changed.disable_time.is_some());
    let outcome = brand.update("late", made.clone(), &["state"]).await;
    assert_eq!(refusal(outcome).reason, "ETAG_MISMATCH");
    let enabled = WebhookSubscription {
        etag: changed.etag,
        ..made
    };
    let enabled = brand.update("enable", enabled, &["state"]).await.unwrap();
    assert_eq!(enabled.state(), WebhookState::Active);
    assert_eq!(enabled.disable_reason(), WebhookDisableReason::Unspecified);
}

#[tokio::test]
async fn while_secrets_rotate_two_are_valid_and_never_more() {
    let brand = brand().await;
    let (made, first) = brand.create("create", wanted()).await.unwrap();
    let id = made.subscription_id;
    let (two, second) = brand.rotate("rotate", &id, None).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(two.secrets.len(), 2);
    assert!(second.starts_with(&two.secrets[0].prefix) && first.starts_with(&two.secrets[1].prefix));
    let (again, nothing) = brand.rotate("rotate", &id, None).await.unwrap();
    assert_eq!((&again, nothing.as_str()), (&two, ""));
    let (still_two, third) = brand.rotate("rotate again", &id, None).await.unwrap();
    assert_eq!(still_two.secrets.len(), 2);
    assert!(third.starts_with(&still_two.secrets[0].prefix) && second.starts_with(&still_two.secrets[1].prefix));
    brand.harness.clock.advance(Duration::from_hours(24));
    assert_eq!(brand.get(&id).await.unwrap().secrets.len(), 1);
}

#[tokio::test]
async fn subscriptions_are_listed_page_by_page_and_deleted_for_ever() {
    let brand = brand().await;
    let mut ids = Vec::new();
    for number in 0..3 {
        let (made, _) = brand.create(&format!("create {number}"), wanted()).await.unwrap();
        ids.push(made.subscription_id);
    }
    let mut listed = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListWebhookSubscriptionsRequest {
            page_size: 2,
            page_token,
        };
        let page = brand.subscriptions().list_webhook_subscriptions(request).await.unwrap();
        let page = page.into_inner();
        listed.extend(page.subscriptions.into_iter().map(|one| one.subscription_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, ids);
    let request = DeleteWebhookSubscriptionRequest {
        request_id: "delete".to_owned(),
        subscription_id: ids[0].clone(),
        etag: String::new(),
    };
    for _ in 0..2 {
        let deleted = brand.subscriptions().delete_webhook_subscription(request.clone()).await;
        deleted.unwrap();
    }
    assert_eq!(refusal(brand.get(&ids[0]).await).reason, "NOT_FOUND");
}

#[tokio::test]
async fn a_tenant_has_no_more_subscriptions_than_it_can_have() {
    let brand = brand().await;
    for number in 0..100 {
        brand.create(&format!("create {number}"), wanted()).await.unwrap();
    }
    let refused = refusal(brand.create("one more", wanted()).await);
    assert_eq!(refused.reason, "WEBHOOK_SUBSCRIPTIONS_EXHAUSTED");
    assert_eq!(refused.metadata.get("subscriptions_max").unwrap(), "100");
}
