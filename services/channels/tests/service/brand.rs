//! A brand, and short words for calling.

use contracts_channels::v1::webhook_subscription_service_client::WebhookSubscriptionServiceClient;
use contracts_channels::v1::*;
use fault::{Fault, Refusal};
use testkit::Harness;
use tonic::Status;

pub(crate) struct Brand {
    pub(crate) harness: Harness,
}

/// A brand whose systems are told nothing yet.
pub(crate) async fn brand() -> Brand {
    let harness = testkit::harness(channels::NAME, channels::migrations(), channels::service).await;
    Brand { harness }
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
