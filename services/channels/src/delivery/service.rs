use contracts_channels::v1::webhook_delivery_service_server::WebhookDeliveryService;
use contracts_channels::v1::{
    ListWebhookDeliveriesRequest, ListWebhookDeliveriesResponse, SendTestDeliveryRequest, SendTestDeliveryResponse,
};

use crate::api::ChannelsApi;

rpc::serve_methods! {
    impl WebhookDeliveryService for ChannelsApi {
        list_webhook_deliveries(ListWebhookDeliveriesRequest) -> ListWebhookDeliveriesResponse;
        send_test_delivery(SendTestDeliveryRequest) -> SendTestDeliveryResponse;
    }
}
