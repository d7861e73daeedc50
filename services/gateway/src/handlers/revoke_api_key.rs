use ::store::Begun;
use contracts::gateway::v1::{RevokeApiKeyRequest, RevokeApiKeyResponse};
use fault::Fault;
use rpc::Call;

use super::GatewayApi;
use crate::domain::api_key::ApiKey;
use crate::store::api_keys;
use crate::wire;

impl GatewayApi {
    pub(crate) async fn revoke_api_key(&self, call: Call<RevokeApiKeyRequest>) -> Result<RevokeApiKeyResponse, Fault> {
        let id = wire::key_id(&call.api_key_id)?;
        let tx = match self
            .db
            .begin_once::<RevokeApiKeyResponse>(&call.key(&call.request_id))
            .await?
        {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let key = api_keys::lock(&**tx, call.tenant(), id)
            .await?
            .ok_or_else(|| Fault::not_found("api_key", id))?;
        let now = self.clock.now();
        let key = if key.revoke_time.is_none() {
            api_keys::revoke(&**tx, call.tenant(), id, now).await?;
            ApiKey {
                revoke_time: Some(now),
                ..key
            }
        } else {
            key
        };
        tx.commit(RevokeApiKeyResponse {
            api_key: Some(wire::api_key(&key, now)),
        })
        .await
    }
}
