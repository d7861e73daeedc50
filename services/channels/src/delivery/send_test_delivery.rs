use std::sync::Arc;

use contracts_channels::v1::{SendTestDeliveryRequest, SendTestDeliveryResponse};
use fault::Fault;
use rpc::Call;
use serde_json::json;

use super::send::Parcel;
use super::wire;
use crate::api::ChannelsApi;
use crate::fact::telling::{Telling, body};
use crate::store::place_of;
use crate::subscription;
use crate::subscription::{rows, target};

/// What a made-up fact is called.
const TEST: &str = "channels.test";

impl ChannelsApi {
    /// The receiver is asked outside of any transaction: nobody waits for it.
    pub(crate) async fn send_test_delivery(
        &self,
        call: Call<SendTestDeliveryRequest>,
    ) -> Result<SendTestDeliveryResponse, Fault> {
        let (tenant, now) = (call.tenant(), self.clock.now());
        let id = subscription::subscription_id(&call.subscription_id)?;
        if let Some(answered) = self.db.answered(&call.key(&call.request_id)).await? {
            return Ok(answered);
        }
        let found = rows::find(self.db.read(), tenant, id).await?;
        let found = found.ok_or_else(|| subscription::not_found(id))?;
        let sealed = rows::sealed_secrets(self.db.read(), tenant, id, now).await?;
        let place = place_of(tenant, id.uuid());
        let secrets: Result<_, Fault> = sealed.iter().map(|sealed| self.sealer.open(&place, sealed)).collect();
        let told = Telling {
            id: self.clock.uuid(),
            tenant,
            kind: TEST.to_owned(),
            subject: id.to_string(),
            time: now,
            payload: Vec::new(),
        };
        let parcel = Parcel {
            target: Arc::new(target::parse(&found.target_url).map_err(Fault::internal)?),
            secrets: Arc::new(secrets?),
            id: told.id_text(),
            body: body(&told.with_data(json!({"subscriptionId": id.to_string()})))?,
        };
        let attempt = self.sender.send(parcel).await;
        let tx = store::begin_or_replay!(self.db, call);
        tx.commit(SendTestDeliveryResponse {
            attempt: Some(wire::attempt(&attempt)),
        })
        .await
    }
}
