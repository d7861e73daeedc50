use contracts_gateway::v1::{ErrorReason, RevokeApiKeyRequest, RevokeApiKeyResponse};
use fault::Fault;
use rpc::Call;

use super::ApiKey;
use super::rows;
use super::succession;
use super::succession::WRITES_KEYS;
use super::wire;
use crate::api::GatewayApi;

impl GatewayApi {
    pub(crate) async fn revoke_api_key(&self, call: Call<RevokeApiKeyRequest>) -> Result<RevokeApiKeyResponse, Fault> {
        let id = wire::key_id(&call.api_key_id)?;
        let tx = store::begin_or_replay!(self.db, call);
        // In one order, and before the key itself: of two keys that revoke each other one stays.
        let writers = rows::lock_writers(&**tx, call.tenant()).await?;
        let key = rows::lock(&**tx, call.tenant(), id)
            .await?
            .ok_or_else(|| Fault::not_found("api_key", id))?;
        let now = self.clock.now();
        let lost = succession::lost_with(&key, &writers, now);
        if !lost.is_empty() {
            return Err(last(&key, &lost.join(",")));
        }
        let key = if key.revoke_time.is_none() {
            rows::revoke(&**tx, call.tenant(), id, now).await?;
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

fn last(key: &ApiKey, scopes: &str) -> Fault {
    let id = key.id;
    let end = match key.expire_time {
        Some(end) => format!("ends no earlier than {end}"),
        None => "does not expire".to_owned(),
    };
    let message = format!(
        "with the API key {id} the tenant would lose {scopes}, which nobody could give to a key again: first create \
         another key that holds {scopes} and {WRITES_KEYS} and {end}, then revoke this one"
    );
    Fault::refused(ErrorReason::LastApiKey, message)
        .with("api_key_id", id)
        .with("scopes", scopes)
}
