use contracts_gateway::v1::{CreateTenantRequest, CreateTenantResponse, ErrorReason};
use fault::Fault;
use rpc::Call;

use super::rows;
use super::rows::{Added, TenantRow};
use super::time_zone::TimeZone;
use super::wire;
use crate::api::GatewayApi;
use crate::key;
use crate::key::secret::Secret;
use crate::key::{ApiKey, BOOTSTRAP, tenant_scopes};

/// The name of a tenant's first key.
const FIRST_KEY: &str = "first key";

impl GatewayApi {
    pub(crate) async fn create_tenant(&self, call: Call<CreateTenantRequest>) -> Result<CreateTenantResponse, Fault> {
        let time_zone = match &*call.time_zone {
            "" => TimeZone::default(),
            name => wire::parse_time_zone(name)?,
        };
        let tx = store::begin_or_replay!(self.db, call);
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
            api_key: Some(key::wire::api_key(&key, now)),
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
