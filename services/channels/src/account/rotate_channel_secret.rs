use std::time::Duration;

use contracts_channels::v1::{RotateChannelSecretRequest, RotateChannelSecretResponse};
use fault::{Fault, Violations};
use prost::Message;
use rpc::Call;

use super::{KeptSecret, rows, speaker, succeeded, wire};
use crate::api::ChannelsApi;
use crate::store::place_of;

/// How much longer the former secret is taken where the caller says nothing.
const OVERLAP: Duration = Duration::from_hours(24);

impl ChannelsApi {
    pub(crate) async fn rotate_channel_secret(
        &self,
        call: Call<RotateChannelSecretRequest>,
    ) -> Result<RotateChannelSecretResponse, Fault> {
        let (tenant, now) = (call.tenant(), self.clock.now());
        let id = wire::account_id(&call.account_id)?;
        let overlap = call.overlap.map_or(Ok(OVERLAP), Duration::try_from);
        let overlap = overlap.map_err(|_| Fault::invalid("overlap", "must not be negative"))?;
        let secret = call.secret.clone().unwrap_or_default();
        let tx = store::begin_or_replay!(self.db, call);
        let account = rows::lock(&**tx, tenant, id).await?;
        let account = account.ok_or_else(|| wire::not_found(id))?;
        let mut violations = Violations::new();
        speaker::check_secret(&account, &secret, &mut violations);
        violations.finish()?;
        let before = rows::secrets(&**tx, tenant, id, now).await?;
        let newest = KeptSecret {
            ordinal: before.first().map_or(1, |newest| newest.ordinal.saturating_add(1)),
            create_time: now,
            expire_time: None,
        };
        let former = succeeded(before, now, overlap);
        let sealed = self
            .sealer
            .seal(&place_of(tenant, id.uuid()), &secret.encode_to_vec())?;
        rows::keep_secret(&**tx, (tenant, id), former.as_ref()).await?;
        rows::add_secret(&**tx, (tenant, id), &newest, sealed).await?;
        let secrets: Vec<KeptSecret> = [newest].into_iter().chain(former).collect();
        tx.commit(RotateChannelSecretResponse {
            account: Some(wire::account(tenant, &account, &secrets)),
        })
        .await
    }
}
