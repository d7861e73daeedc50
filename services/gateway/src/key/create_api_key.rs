use contracts_gateway::v1::{CreateApiKeyRequest, CreateApiKeyResponse};
use fault::{Fault, Violations};
use kernel::{Scopes, Time};
use rpc::Call;

use super::ApiKey;
use super::refusals;
use super::rows;
use super::scope;
use super::secret::Secret;
use super::wire;
use crate::api::GatewayApi;
use crate::role::Role;

const EXPIRE_TIME: &str = "expire_time";
/// The violation by an end that was there already.
const PAST: &str = "must be in the future";

impl GatewayApi {
    pub(crate) async fn create_api_key(&self, call: Call<CreateApiKeyRequest>) -> Result<CreateApiKeyResponse, Fault> {
        let now = self.clock.now();
        let expire_time = self.check(&call, now)?;
        let tx = store::begin_or_replay!(self.db, call);
        if is_past(expire_time, now) {
            return Err(Fault::invalid(EXPIRE_TIME, PAST));
        }
        let of_role = Role::from_wire(call.role()).into_iter();
        let of_role = of_role.flat_map(|role| self.roles.scopes(role).map(str::to_owned));
        let scopes = Scopes::new(call.scopes.iter().cloned().chain(of_role));
        refusals::refuse_not_held(&scope::not_held(&call.principal().scopes, scopes.iter()))?;
        let secret = Secret::generate().map_err(Fault::internal)?;
        let creator = &call.principal().subject;
        let key = ApiKey {
            limits: wire::limits(call.limits.as_ref()),
            ..ApiKey::new(&self.clock, &call.display_name, scopes, creator, expire_time, &secret)
        };
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

    /// Refuses what is wrong at any time, and answers the parsed expiry. That it is past is told with the rest, and alone does
    /// not refuse here: a repetition gets its answer even where the key has expired meanwhile.
    fn check(&self, request: &CreateApiKeyRequest, now: Time) -> Result<Option<Time>, Fault> {
        let mut violations = Violations::new();
        for (at, scope) in request.scopes.iter().enumerate() {
            violations.check(
                self.known_scopes.contain(scope),
                format!("scopes[{at}]"),
                scope::UNKNOWN,
            );
        }
        violations.check(
            !request.scopes.is_empty() || Role::from_wire(request.role()).is_some(),
            "scopes",
            "must name a scope at least, or the request a role",
        );
        let expire_time = violations.optional_time(EXPIRE_TIME, request.expire_time.as_ref());
        if !violations.is_empty() {
            violations.check(!is_past(expire_time, now), EXPIRE_TIME, PAST);
        }
        violations.finish()?;
        Ok(expire_time)
    }
}

fn is_past(expire_time: Option<Time>, now: Time) -> bool {
    expire_time.is_some_and(|end| end <= now)
}
