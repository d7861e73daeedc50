use std::time::Duration;

use contracts_gateway::v1::{ErrorReason, RotateApiKeyRequest, RotateApiKeyResponse};
use fault::Fault;
use rpc::Call;

use super::refusals;
use super::rows;
use super::scope;
use super::secret::Secret;
use super::wire;
use super::{ApiKey, KeptSecret, RotateError};
use crate::api::GatewayApi;

/// How much longer the former secret opens where the caller says nothing.
const OVERLAP: Duration = Duration::from_hours(24);

impl GatewayApi {
    pub(crate) async fn rotate_api_key(&self, call: Call<RotateApiKeyRequest>) -> Result<RotateApiKeyResponse, Fault> {
        let id = wire::key_id(&call.api_key_id)?;
        let overlap = call.overlap.map_or(Ok(OVERLAP), Duration::try_from);
        let overlap = overlap.map_err(|_| Fault::invalid("overlap", "must not be negative"))?;
        let tx = store::begin_or_replay!(self.db, call);
        let key = rows::lock(&**tx, call.tenant(), id)
            .await?
            .ok_or_else(|| Fault::not_found("api_key", id))?;
        // The caller gets the key's secret, and with it its scopes.
        refusals::refuse_not_held(&scope::not_held(&call.principal().scopes, key.scopes.iter()))?;
        let now = self.clock.now();
        let rotation = key.rotate(now, overlap).map_err(|error| refused(&key, error))?;
        let secret = Secret::generate().map_err(Fault::internal)?;
        // Past this line nothing may refuse the rotation.
        let newest = KeptSecret::new(rotation.ordinal, &secret, now);
        rows::end_secrets(&**tx, &rotation.ends).await?;
        rows::add_secret(&**tx, call.tenant(), id, &newest).await?;
        let key = key.rotated(&rotation, newest);
        let kept = RotateApiKeyResponse {
            api_key: Some(wire::api_key(&key, now)),
            secret: String::new(),
        };
        let answer = tx.commit(kept).await?;
        Ok(RotateApiKeyResponse {
            secret: secret.reveal().to_owned(),
            ..answer
        })
    }
}

fn refused(key: &ApiKey, error: RotateError) -> Fault {
    let id = key.id;
    match error {
        RotateError::Revoked => {
            let message = format!("the API key {id} was revoked, which is for ever: create another");
            Fault::refused(ErrorReason::ApiKeyRevoked, message).with("api_key_id", id)
        }
        RotateError::Expired { since } => {
            let message = format!("the API key {id} expired at {since}: create another");
            Fault::refused(ErrorReason::ApiKeyExpired, message)
                .with("api_key_id", id)
                .with("expire_time", since)
        }
    }
}
