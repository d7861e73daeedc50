use fault::Fault;
use kernel::{Clock, Tenant};
use store::{Db, Tx};

use crate::key;
use crate::key::secret::Secret;
use crate::key::{ApiKey, BOOTSTRAP, State, operator_scopes};
use crate::tenant;
use crate::tenant::rows::{Added, TenantRow};
use crate::tenant::time_zone::TimeZone;

/// The code of the tenant that a platform begins with.
pub(crate) const DEFAULT_TENANT: &str = "default";

/// The secret that shall open a new platform.
#[derive(Debug, Clone)]
pub enum FirstSecret {
    /// With the one that its operator has chosen.
    Chosen(Secret),
    /// With one that is made here.
    Generated,
    /// With none, for there is nobody to tell it to.
    None,
}

/// The key that opens a new platform.
#[derive(Debug, Clone)]
pub struct FirstKey {
    /// The first tenant.
    pub tenant: Tenant,
    /// Its first key's secret, told this once.
    pub secret: Secret,
}

/// The state of a platform after [`bootstrap`].
#[derive(Debug)]
pub enum Beginning {
    /// Its first tenant and key were made.
    Now(FirstKey),
    /// It had begun before, or another replica was faster. The chosen secret, if there is one, opens it.
    Before,
    /// It had begun before, and the chosen secret opens nothing.
    BeforeWithout,
    /// It has no key yet, since there was no secret for it.
    NotYet,
}

impl Beginning {
    /// The first key, where it was made now.
    pub fn first_key(&self) -> Option<&FirstKey> {
        match self {
            Self::Now(key) => Some(key),
            Self::Before | Self::BeforeWithout | Self::NotYet => None,
        }
    }
}

/// Makes the first tenant and its first key, which may do everything, unless there is a tenant already.
pub async fn bootstrap(db: &Db, clock: &Clock, first: FirstSecret) -> Result<Beginning, Fault> {
    let tx = db.begin().await?;
    if tenant::rows::any(&*tx).await? {
        drop(tx);
        return before(db, clock, first).await;
    }
    let secret = match &first {
        FirstSecret::Chosen(secret) => secret.clone(),
        FirstSecret::Generated => Secret::generate().map_err(Fault::internal)?,
        FirstSecret::None => return Ok(Beginning::NotYet),
    };
    let Some(tenant) = add_default_tenant(&tx, clock).await? else {
        drop(tx);
        // Another replica of a new platform was faster, and told the secret.
        return before(db, clock, first).await;
    };
    let key = ApiKey::new(clock, "operator", operator_scopes(), BOOTSTRAP, None, &secret);
    key::rows::add(&*tx, tenant, &key).await?;
    tx.commit().await?;
    Ok(Beginning::Now(FirstKey { tenant, secret }))
}

/// Adds the tenant that a platform begins with; answers nothing where somebody else has just done so.
pub(crate) async fn add_default_tenant(tx: &Tx, clock: &Clock) -> Result<Option<Tenant>, Fault> {
    let row = TenantRow::new(clock, DEFAULT_TENANT, DEFAULT_TENANT, TimeZone::default());
    Ok(match tenant::rows::add(&**tx, &row).await? {
        Added::Yes => Some(row.tenant),
        Added::CodeTaken => None,
    })
}

/// Whether the chosen secret opens a platform that has begun. Only its operator is told.
async fn before(db: &Db, clock: &Clock, first: FirstSecret) -> Result<Beginning, Fault> {
    let FirstSecret::Chosen(secret) = first else {
        return Ok(Beginning::Before);
    };
    let found = key::rows::by_secret(db.read(), secret.hash()).await?;
    let now = clock.now();
    let opens = |(_, key): &(Tenant, ApiKey)| key.state(now) == State::Active && key.open_secrets(now).next().is_some();
    Ok(if found.as_ref().is_some_and(opens) {
        Beginning::Before
    } else {
        Beginning::BeforeWithout
    })
}

/// Every tenant of the platform, for its operators.
pub async fn tenants(db: &Db) -> Result<Vec<Tenant>, Fault> {
    tenant::rows::all(db.read()).await
}
