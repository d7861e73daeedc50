use contracts_gateway::v1::{UpdateApiKeyRequest, UpdateApiKeyResponse};
use fault::{Fault, Violations, together};
use kernel::Id;
use rpc::Call;

use super::rows;
use super::wire;
use super::{ApiKey, Key};
use crate::api::GatewayApi;
use crate::limit::RequestLimits;

/// What may change of a key.
#[derive(Clone, Copy)]
enum Field {
    DisplayName,
    Limits,
}

const FIELDS: [(&str, Field); 2] = [("display_name", Field::DisplayName), ("limits", Field::Limits)];

impl GatewayApi {
    pub(crate) async fn update_api_key(&self, call: Call<UpdateApiKeyRequest>) -> Result<UpdateApiKeyResponse, Fault> {
        let (id, change) = parse(&call)?;
        let tx = store::begin_or_replay!(self.db, call);
        let key = rows::lock(&**tx, call.tenant(), id)
            .await?
            .ok_or_else(|| Fault::not_found("api_key", id))?;
        let key = change.apply(key);
        rows::update(&**tx, call.tenant(), &key).await?;
        tx.commit(UpdateApiKeyResponse {
            api_key: Some(wire::api_key(&key, self.clock.now())),
        })
        .await
    }
}

/// Which key is to be changed, and how; or everything that is wrong with the request.
fn parse(request: &UpdateApiKeyRequest) -> Result<(Id<Key>, Change), Fault> {
    let mut violations = Violations::new();
    let change = Change::parse(request, &mut violations);
    let id = together(violations.finish(), wire::key_id(&request.api_key_id))?;
    Ok((id, change))
}

/// The fields that the mask names, with their new values.
#[derive(Default)]
struct Change {
    display_name: Option<String>,
    limits: Option<RequestLimits>,
}

impl Change {
    fn parse(request: &UpdateApiKeyRequest, violations: &mut Violations) -> Self {
        let mut change = Self::default();
        for field in violations.mask(request.update_mask.as_ref(), &FIELDS) {
            match field {
                Field::DisplayName => {
                    violations.check(!request.display_name.is_empty(), "display_name", "must not be empty");
                    change.display_name = Some(request.display_name.clone());
                }
                Field::Limits => change.limits = Some(wire::limits(request.limits.as_ref())),
            }
        }
        change
    }

    fn apply(self, key: ApiKey) -> ApiKey {
        ApiKey {
            display_name: self.display_name.unwrap_or(key.display_name),
            limits: self.limits.unwrap_or(key.limits),
            ..key
        }
    }
}
