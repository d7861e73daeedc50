use ::store::Begun;
use contracts::gateway::v1::{CreateApiKeyRequest, CreateApiKeyResponse};
use fault::{Fault, Violations};
use kernel::{Scopes, TIME_RANGE, Time};
use rpc::Call;

use super::ApiKey;
use super::rows;
use super::scope;
use super::secret::Secret;
use crate::api::GatewayApi;
use crate::wire;

impl GatewayApi {
    pub(crate) async fn create_api_key(&self, call: Call<CreateApiKeyRequest>) -> Result<CreateApiKeyResponse, Fault> {
        let expire_time = self.check(&call)?;
        let tx = match self
            .db
            .begin_once::<CreateApiKeyResponse>(&call.key(&call.request_id))
            .await?
        {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let now = self.clock.now();
        if expire_time.is_some_and(|end| end <= now) {
            return Err(Fault::invalid("expire_time", "must be in the future"));
        }
        let scopes = Scopes::new(call.scopes.iter().cloned());
        wire::refuse_not_held(&scope::not_held(&call.principal().scopes, scopes.iter()))?;
        let secret = Secret::generate().map_err(Fault::internal)?;
        let creator = &call.principal().subject;
        let key = ApiKey::new(&self.clock, &call.display_name, scopes, creator, expire_time, &secret);
        // Past this line nothing may refuse the key.
        rows::add(&**tx, call.tenant(), &key).await?;
        let kept = CreateApiKeyResponse {
            api_key: Some(wire::api_key(&key, now)),
            secret: String::new(),
        };
        let answer = tx.commit(kept).await?;
        Ok(CreateApiKeyResponse {
            secret: secret.reveal().to_owned(),
            ..answer
        })
    }

    /// What is wrong whatever the state; the parsed expiry.
    fn check(&self, request: &CreateApiKeyRequest) -> Result<Option<Time>, Fault> {
        let mut violations = Violations::new();
        for (at, scope) in request.scopes.iter().enumerate() {
            violations.check(
                self.known_scopes.contain(scope),
                format!("scopes[{at}]"),
                scope::UNKNOWN,
            );
        }
        let expire_time = request.expire_time.as_ref().map(Time::from_wire);
        violations.check(expire_time != Some(None), "expire_time", TIME_RANGE);
        violations.finish()?;
        Ok(expire_time.flatten())
    }
}
