use std::time::Duration;

use contracts_channels::v1::{RotateWebhookSecretRequest, RotateWebhookSecretResponse};
use fault::Fault;
use rpc::Call;

use super::secret::Secret;
use super::{KeptSecret, rows, succeeded, wire};
use crate::api::ChannelsApi;
use crate::store::place_of;

/// How much longer the former secret signs where the caller says nothing.
const OVERLAP: Duration = Duration::from_hours(24);

impl ChannelsApi {
    pub(crate) async fn rotate_webhook_secret(
        &self,
        call: Call<RotateWebhookSecretRequest>,
    ) -> Result<RotateWebhookSecretResponse, Fault> {
        let (tenant, now) = (call.tenant(), self.clock.now());
        let id = wire::subscription_id(&call.subscription_id)?;
        let overlap = call.overlap.map_or(Ok(OVERLAP), Duration::try_from);
        let overlap = overlap.map_err(|_| Fault::invalid("overlap", "must not be negative"))?;
        let tx = store::begin_or_replay!(self.db, call);
        let subscription = rows::lock(&**tx, tenant, id).await?;
        let subscription = subscription.ok_or_else(|| wire::not_found(id))?;
        let before = rows::secrets(&**tx, tenant, id, now).await?;
        let secret = Secret::generate()?;
        let newest = KeptSecret {
            ordinal: before.first().map_or(1, |newest| newest.ordinal.saturating_add(1)),
            prefix: secret.prefix(),
            create_time: now,
            expire_time: None,
        };
        let former = succeeded(before, now, overlap);
        let sealed = self.sealer.seal(&place_of(tenant, id.uuid()), secret.bytes())?;
        rows::keep_secret(&**tx, (tenant, id), former.as_ref()).await?;
        rows::add_secret(&**tx, (tenant, id), &newest, sealed).await?;
        let secrets: Vec<KeptSecret> = [newest].into_iter().chain(former).collect();
        let without_secret = RotateWebhookSecretResponse {
            subscription: Some(wire::subscription(&subscription, &secrets)),
            secret: String::new(),
        };
        let answer = tx.commit(without_secret).await?;
        Ok(RotateWebhookSecretResponse {
            secret: secret.reveal(),
            ..answer
        })
    }
}
