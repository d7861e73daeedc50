use ::store::Db;
use fault::Fault;
use kernel::{Clock, Scopes, Tenant};

use crate::domain::api_key::{ApiKey, BOOTSTRAP};
use crate::domain::secret::Secret;
use crate::store::api_keys;
use crate::store::tenants::{self, Added, TenantRow};

/// The code of the tenant that a platform begins with.
const DEFAULT_TENANT: &str = "default";
/// Everything of the tenant, and everything of the platform, such as making further tenants.
const OPERATOR_SCOPES: [&str; 2] = ["*", "platform.*"];

/// What a new platform is opened with.
#[derive(Debug)]
pub struct FirstKey {
    /// The first tenant.
    pub tenant: Tenant,
    /// Its first key's secret, told this once.
    pub secret: Secret,
}

/// Makes the first tenant and its first key, which may do everything, unless there is a tenant already.
pub async fn bootstrap(db: &Db, clock: &Clock) -> Result<Option<FirstKey>, Fault> {
    let tx = db.begin().await?;
    if tenants::any(&*tx).await? {
        return Ok(None);
    }
    let row = TenantRow {
        tenant: Tenant::from_uuid(clock.uuid()),
        code: DEFAULT_TENANT.to_owned(),
        display_name: DEFAULT_TENANT.to_owned(),
        create_time: clock.now(),
    };
    match tenants::add(&*tx, &row).await? {
        Added::Yes => {}
        // Another replica of a new platform was faster, and told the secret.
        Added::CodeTaken => return Ok(None),
    }
    let secret = Secret::generate().map_err(Fault::internal)?;
    let scopes = Scopes::new(OPERATOR_SCOPES.map(str::to_owned));
    let key = ApiKey::new(clock, "operator", scopes, BOOTSTRAP, None, &secret);
    api_keys::add(&*tx, row.tenant, &key).await?;
    tx.commit().await?;
    Ok(Some(FirstKey {
        tenant: row.tenant,
        secret,
    }))
}

/// Every tenant of the platform, for its operators.
pub async fn tenants(db: &Db) -> Result<Vec<Tenant>, Fault> {
    tenants::all(db.read()).await
}
