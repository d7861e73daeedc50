use contracts_channels::v1::{ListWebhookSubscriptionsRequest, ListWebhookSubscriptionsResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::{rows, wire};
use crate::api::ChannelsApi;

/// The list has no filter: its name tells its tokens from those of other lists.
const FILTER: &[u8] = b"channels.webhook_subscriptions";

impl ChannelsApi {
    pub(crate) async fn list_webhook_subscriptions(
        &self,
        call: Call<ListWebhookSubscriptionsRequest>,
    ) -> Result<ListWebhookSubscriptionsResponse, Fault> {
        let (tenant, now) = (call.tenant(), self.clock.now());
        let page = Page::parse(FILTER, call.page_size, &call.page_token)?;
        let mut found = rows::list(self.db.read(), tenant, page.id()?, page.rows_max()).await?;
        let next_page_token = page.cut(&mut found, |last| *last.id.uuid().as_bytes());
        let mut subscriptions = Vec::with_capacity(found.len());
        for subscription in &found {
            let secrets = rows::secrets(self.db.read(), tenant, subscription.id, now).await?;
            subscriptions.push(wire::subscription(subscription, &secrets));
        }
        Ok(ListWebhookSubscriptionsResponse {
            subscriptions,
            next_page_token,
        })
    }
}
