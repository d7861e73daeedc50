use ::store::Begun;
use contracts::gateway::v1::{CreateTenantRequest, CreateTenantResponse, ErrorReason};
use fault::Fault;
use rpc::Call;

use super::rows;
use super::rows::{Added, TenantRow};
use super::time_zone::TimeZone;
use crate::api::GatewayApi;
use crate::key;
use crate::key::secret::Secret;
use crate::key::{ApiKey, BOOTSTRAP, tenant_scopes};
use crate::wire;

/// What a tenant's first key is called.
const FIRST_KEY: &str = "first key";

impl GatewayApi {
    pub(crate) async fn create_tenant(&self, call: Call<CreateTenantRequest>) -> Result<CreateTenantResponse, Fault> {
        let time_zone = match &*call.time_zone {
            "" => TimeZone::default(),
            name => wire::time_zone(name)?,
        };
        let tx = match self
            .db
            .begin_once::<CreateTenantResponse>(&call.key(&call.request_id))
            .await?
        {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let row = TenantRow::new(&self.clock, &call.code, &call.display_name, time_zone);
        let secret = Secret::generate().map_err(Fault::internal)?;
        let key = ApiKey::new(&self.clock, FIRST_KEY, tenant_scopes(), BOOTSTRAP, None, &secret);
        match rows::add(&**tx, &row).await? {
            Added::Yes => {}
            Added::CodeTaken => return Err(code_taken(&call.code)),
        }
        key::rows::add(&**tx, row.tenant, &key).await?;
        let now = self.clock.now();
        let kept = CreateTenantResponse {
            tenant: Some(wire::tenant(&row)),
            api_key: Some(wire::api_key(&key, now)),
            secret: String::new(),
        };
        let answer = tx.commit(kept).await?;
        Ok(CreateTenantResponse {
            secret: secret.reveal().to_owned(),
            ..answer
        })
    }
}

fn code_taken(code: &str) -> Fault {
    let message = format!("another tenant has the code {code}: choose another one");
    Fault::refused(ErrorReason::TenantCodeTaken, message).with("code", code)
}
