use contracts_channels::v1::{ListWebhookDeliveriesRequest, ListWebhookDeliveriesResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::{rows, wire};
use crate::api::ChannelsApi;
use crate::subscription;

/// How many failed tries of each delivery are shown.
const FAILURES_MAX: i64 = 20;

impl ChannelsApi {
    pub(crate) async fn list_webhook_deliveries(
        &self,
        call: Call<ListWebhookDeliveriesRequest>,
    ) -> Result<ListWebhookDeliveriesResponse, Fault> {
        let id = subscription::subscription_id(&call.subscription_id)?;
        let receiver = (call.tenant(), id);
        let found = subscription::rows::find(self.db.read(), call.tenant(), id).await?;
        found.ok_or_else(|| subscription::not_found(id))?;
        let standing = wire::standing(call.state());
        let filter = [id.uuid().as_bytes(), standing.unwrap_or_default().as_bytes()].concat();
        let page = Page::parse(filter, call.page_size, &call.page_token)?;
        let mut found = rows::list(self.db.read(), receiver, standing, page.id()?, page.rows_max()).await?;
        let next_page_token = page.cut(&mut found, |last| *last.id.uuid().as_bytes());
        let mut deliveries = Vec::with_capacity(found.len());
        for delivery in &found {
            let failures = match delivery.attempts {
                0 => Vec::new(),
                _ => rows::failures(self.db.read(), receiver, delivery.id, FAILURES_MAX).await?,
            };
            deliveries.push(wire::delivery(delivery, &failures));
        }
        Ok(ListWebhookDeliveriesResponse {
            deliveries,
            next_page_token,
        })
    }
}
