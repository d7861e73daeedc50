use contracts_channels::v1::{GetWebhookSubscriptionRequest, GetWebhookSubscriptionResponse};
use fault::Fault;
use rpc::Call;

use super::{rows, wire};
use crate::api::ChannelsApi;

impl ChannelsApi {
    pub(crate) async fn get_webhook_subscription(
        &self,
        call: Call<GetWebhookSubscriptionRequest>,
    ) -> Result<GetWebhookSubscriptionResponse, Fault> {
        let id = wire::subscription_id(&call.subscription_id)?;
        let found = rows::find(self.db.read(), call.tenant(), id).await?;
        let found = found.ok_or_else(|| wire::not_found(id))?;
        let secrets = rows::secrets(self.db.read(), call.tenant(), id, self.clock.now()).await?;
        Ok(GetWebhookSubscriptionResponse {
            subscription: Some(wire::subscription(&found, &secrets)),
        })
    }
}
