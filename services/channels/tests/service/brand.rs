//! A brand, and short words for calling.

use std::time::Duration;

use channels::Settings;
use contracts_channels::v1::webhook_delivery_service_client::WebhookDeliveryServiceClient;
use contracts_channels::v1::webhook_subscription_service_client::WebhookSubscriptionServiceClient;
use contracts_channels::v1::*;
use contracts_points::v1::PointsEarned;
use fault::{Fault, Refusal};
use runtime::{Deps, Service};
use testkit::Harness;
use tonic::Status;

pub(crate) struct Brand {
    pub(crate) harness: Harness,
}

/// A brand whose systems are told nothing yet.
pub(crate) async fn brand() -> Brand {
    let harness = testkit::harness(channels::NAME, channels::migrations(), service).await;
    Brand { harness }
}

/// Channels as the tests have it: receivers are on this machine, and do not take long.
pub(crate) fn service(deps: Deps) -> Service {
    let settings = Settings {
        allowed_networks: vec!["127.0.0.0/8".parse().unwrap()],
        try_timeout: Duration::from_secs(1),
        ..Settings::default()
    };
    channels::service_with(deps, settings)
}

/// An amount that a member has earned.
pub(crate) fn earned(member: &str, amount: i64) -> PointsEarned {
    PointsEarned {
        member_id: member.to_owned(),
        asset_code: "points".to_owned(),
        amount,
        ..PointsEarned::default()
    }
}

/// A subscription as somebody asks for it.
pub(crate) fn wanted() -> WebhookSubscription {
    WebhookSubscription {
        display_name: "CRM".to_owned(),
        target_url: "https://crm.example.com/quanyu".to_owned(),
        fact_types: vec!["points.earned".to_owned()],
        ..WebhookSubscription::default()
    }
}

/// The refusal that a call ended with.
pub(crate) fn refusal<T: std::fmt::Debug>(outcome: Result<T, Status>) -> Refusal {
    match Fault::from_peer(outcome.expect_err("the call is refused")) {
        Fault::Refused(refusal) => *refusal,
        fault => panic!("no refusal: {fault:?}"),
    }
}

/// The fields that a request was refused for.
pub(crate) fn wrong_fields<T: std::fmt::Debug>(outcome: Result<T, Status>) -> Vec<String> {
    let refusal = refusal(outcome);
    assert_eq!(refusal.reason, "INVALID_FIELD");
    refusal.violations.into_iter().map(|violation| violation.path).collect()
}

impl Brand {
    /// A subscription to what is earned; answers its id and its secret.
    pub(crate) async fn subscribe(&self, target_url: &str) -> (String, String) {
        let subscription = WebhookSubscription {
            target_url: target_url.to_owned(),
            ..wanted()
        };
        let (made, secret) = self.create(&format!("to {target_url}"), subscription).await.unwrap();
        (made.subscription_id, secret)
    }

    /// Tells that a member has earned so much.
    pub(crate) fn earn(&self, member: &str, amount: i64) {
        self.harness.publish("points", &earned(member, amount), member);
    }

    /// The deliveries of a subscription, the oldest first.
    pub(crate) async fn deliveries(&self, id: &str) -> Vec<WebhookDelivery> {
        let mut client = WebhookDeliveryServiceClient::new(self.harness.channel());
        let request = ListWebhookDeliveriesRequest {
            subscription_id: id.to_owned(),
            page_size: 500,
            ..ListWebhookDeliveriesRequest::default()
        };
        let listed = client.list_webhook_deliveries(request).await.unwrap().into_inner();
        listed.deliveries.into_iter().rev().collect()
    }

    /// Sends a made-up fact.
    pub(crate) async fn test(&self, request_id: &str, id: &str) -> WebhookAttempt {
        let mut client = WebhookDeliveryServiceClient::new(self.harness.channel());
        let request = SendTestDeliveryRequest {
            request_id: request_id.to_owned(),
            subscription_id: id.to_owned(),
        };
        let sent = client.send_test_delivery(request).await.unwrap().into_inner();
        sent.attempt.unwrap()
    }

    pub(crate) async fn enable(&self, request_id: &str, id: &str) {
        let enabled = WebhookSubscription {
            subscription_id: id.to_owned(),
            state: WebhookState::Active.into(),
            ..WebhookSubscription::default()
        };
        self.update(request_id, enabled, &["state"]).await.unwrap();
    }

    pub(crate) fn subscriptions(&self) -> WebhookSubscriptionServiceClient<rpc::Channel> {
        WebhookSubscriptionServiceClient::new(self.harness.channel())
    }

    pub(crate) async fn create(
        &self,
        request_id: &str,
        subscription: WebhookSubscription,
    ) -> Result<(WebhookSubscription, String), Status> {
        let request = CreateWebhookSubscriptionRequest {
            request_id: request_id.to_owned(),
            subscription: Some(subscription),
        };
        let created = self.subscriptions().create_webhook_subscription(request).await?;
        let created = created.into_inner();
        Ok((created.subscription.unwrap(), created.secret))
    }

    pub(crate) async fn get(&self, id: &str) -> Result<WebhookSubscription, Status> {
        let request = GetWebhookSubscriptionRequest {
            subscription_id: id.to_owned(),
        };
        let found = self.subscriptions().get_webhook_subscription(request).await?;
        Ok(found.into_inner().subscription.unwrap())
    }

    pub(crate) async fn update(
        &self,
        request_id: &str,
        subscription: WebhookSubscription,
        fields: &[&str],
    ) -> Result<WebhookSubscription, Status> {
        let request = UpdateWebhookSubscriptionRequest {
            request_id: request_id.to_owned(),
            subscription: Some(subscription),
            update_mask: Some(prost_types::FieldMask {
                paths: fields.iter().map(|&field| field.to_owned()).collect(),
            }),
        };
        let updated = self.subscriptions().update_webhook_subscription(request).await?;
        Ok(updated.into_inner().subscription.unwrap())
    }

    pub(crate) async fn rotate(
        &self,
        request_id: &str,
        id: &str,
        overlap: Option<prost_types::Duration>,
    ) -> Result<(WebhookSubscription, String), Status> {
        let request = RotateWebhookSecretRequest {
            request_id: request_id.to_owned(),
            subscription_id: id.to_owned(),
            overlap,
        };
        let rotated = self.subscriptions().rotate_webhook_secret(request).await?;
        let rotated = rotated.into_inner();
        Ok((rotated.subscription.unwrap(), rotated.secret))
    }
}
