use contracts_channels::v1::webhook_subscription_service_server::WebhookSubscriptionService;
use contracts_channels::v1::{
    CreateWebhookSubscriptionRequest, CreateWebhookSubscriptionResponse, DeleteWebhookSubscriptionRequest,
    DeleteWebhookSubscriptionResponse, GetWebhookSubscriptionRequest, GetWebhookSubscriptionResponse,
    ListWebhookSubscriptionsRequest, ListWebhookSubscriptionsResponse, RotateWebhookSecretRequest,
    RotateWebhookSecretResponse, UpdateWebhookSubscriptionRequest, UpdateWebhookSubscriptionResponse,
};

use crate::api::ChannelsApi;

rpc::serve_methods! {
    impl WebhookSubscriptionService for ChannelsApi {
        create_webhook_subscription(CreateWebhookSubscriptionRequest) -> CreateWebhookSubscriptionResponse;
        get_webhook_subscription(GetWebhookSubscriptionRequest) -> GetWebhookSubscriptionResponse;
        list_webhook_subscriptions(ListWebhookSubscriptionsRequest) -> ListWebhookSubscriptionsResponse;
        update_webhook_subscription(UpdateWebhookSubscriptionRequest) -> UpdateWebhookSubscriptionResponse;
        delete_webhook_subscription(DeleteWebhookSubscriptionRequest) -> DeleteWebhookSubscriptionResponse;
        rotate_webhook_secret(RotateWebhookSecretRequest) -> RotateWebhookSecretResponse;
    }
}
