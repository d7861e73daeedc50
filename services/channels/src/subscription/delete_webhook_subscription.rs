use contracts_channels::v1::{DeleteWebhookSubscriptionRequest, DeleteWebhookSubscriptionResponse};
use fault::Fault;
use rpc::Call;

use super::{rows, wire};
use crate::api::ChannelsApi;

impl ChannelsApi {
    pub(crate) async fn delete_webhook_subscription(
        &self,
        call: Call<DeleteWebhookSubscriptionRequest>,
    ) -> Result<DeleteWebhookSubscriptionResponse, Fault> {
        let id = wire::subscription_id(&call.subscription_id)?;
        let tx = store::begin_or_replay!(self.db, call);
        let subscription = rows::lock(&**tx, call.tenant(), id).await?;
        let subscription = subscription.ok_or_else(|| wire::not_found(id))?;
        Fault::check_etag(&call.etag, subscription.etag())?;
        rows::delete(&**tx, call.tenant(), id).await?;
        tx.commit(DeleteWebhookSubscriptionResponse {}).await
    }
}
