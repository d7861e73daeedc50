//! The operator's work on keys at the database itself, for when no key opens the gateway any more.

use contracts_gateway::v1::ApiKey as WireApiKey;
use fault::{Fault, Violations, together};
use kernel::{Clock, Id, Scopes, Tenant, Time};
use store::{Db, Tx};

use crate::audit::link::{CallMade, Event};
use crate::audit::{log, resources};
use crate::contract;
use crate::key;
use crate::key::scope::KnownScopes;
use crate::key::secret::Secret;
use crate::key::succession;
use crate::key::wire;
use crate::key::{ApiKey, Key, OPERATOR, operator_scopes, tenant_scopes};
use crate::limit::RequestLimits;
use crate::role::{Role, Roles};
use crate::tenant;
use crate::tenant::bootstrap::{DEFAULT_TENANT, add_default_tenant};

/// How many keys are read at once.
const PAGE: i64 = 500;

/// A key that an operator wants.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The tenant's code. The tenant that a platform begins with is made where there is none.
    pub tenant_code: String,
    /// The purpose of the key.
    pub display_name: String,
    /// Its scopes, beside those of its role. Without either: those of the tenant's first key.
    pub scopes: Vec<String>,
    /// The role whose scopes it gets.
    pub role: Option<Role>,
    /// From when on it opens nothing.
    pub expire_time: Option<Time>,
    /// How many requests it may make, as far as it shall have limits of its own.
    pub limits: RequestLimits,
}

/// A key of a tenant, as an operator sees it.
#[derive(Debug, Clone)]
pub struct ListedKey {
    /// The code of its tenant.
    pub tenant_code: String,
    /// The key, without its secrets.
    pub key: WireApiKey,
}

/// Makes a key, with a new secret that is told this once.
pub async fn create_key(db: &Db, clock: &Clock, wanted: NewKey) -> Result<(ListedKey, Secret), Fault> {
    let tx = db.begin().await?;
    let tenant_code = wanted.tenant_code;
    let tenant = together(check(&wanted.scopes), tenant(&tx, clock, &tenant_code).await)?;
    let scopes = if !wanted.scopes.is_empty() || wanted.role.is_some() {
        Scopes::new(wanted.scopes.into_iter().chain(of_role(wanted.role)))
    } else if tenant_code == DEFAULT_TENANT {
        operator_scopes()
    } else {
        tenant_scopes()
    };
    let secret = Secret::generate().map_err(Fault::internal)?;
    let key = ApiKey {
        limits: wanted.limits,
        ..ApiKey::new(
            clock,
            &wanted.display_name,
            scopes,
            OPERATOR,
            wanted.expire_time,
            &secret,
        )
    };
    key::rows::add(&*tx, tenant, &key).await?;
    audit(&tx, clock, tenant, "quanyu keys create", &key).await?;
    tx.commit().await?;
    let key = wire::api_key(&key, clock.now());
    Ok((ListedKey { tenant_code, key }, secret))
}

/// The keys of one tenant, or of all, in the order in which they were made.
pub async fn list_keys(db: &Db, clock: &Clock, tenant_code: Option<&str>) -> Result<Vec<ListedKey>, Fault> {
    let (mut listed, now) = (Vec::new(), clock.now());
    for row in tenant::rows::rows(db.read()).await? {
        if tenant_code.is_some_and(|code| code != row.code) {
            continue;
        }
        let mut after = None;
        loop {
            let keys = key::rows::list(db.read(), row.tenant, after, PAGE).await?;
            let Some(last) = keys.last() else { break };
            after = Some(last.id);
            listed.extend(keys.iter().map(|key| ListedKey {
                tenant_code: row.code.clone(),
                key: wire::api_key(key, now),
            }));
        }
    }
    Ok(listed)
}

/// Revokes a key of whichever tenant. An operator may revoke the last one, since an operator can make another: answered
/// beside the key are the scopes that nobody of the tenant can give any more.
pub async fn revoke_key(db: &Db, clock: &Clock, id: &str) -> Result<(ListedKey, Vec<String>), Fault> {
    let id: Id<Key> = wire::key_id(id)?;
    let tx = db.begin().await?;
    for row in tenant::rows::rows(&*tx).await? {
        let writers = key::rows::lock_writers(&*tx, row.tenant).await?;
        let Some(mut key) = key::rows::lock(&*tx, row.tenant, id).await? else {
            continue;
        };
        let now = clock.now();
        let lost = succession::lost_with(&key, &writers, now);
        let lost = lost.into_iter().map(str::to_owned).collect();
        if key.revoke_time.is_none() {
            key::rows::revoke(&*tx, row.tenant, id, now).await?;
            audit(&tx, clock, row.tenant, "quanyu keys revoke", &key).await?;
            tx.commit().await?;
            key.revoke_time = Some(now);
        }
        let key = wire::api_key(&key, now);
        return Ok((
            ListedKey {
                tenant_code: row.code,
                key,
            },
            lost,
        ));
    }
    Err(Fault::not_found("api_key", id))
}

/// The codes of the tenants of which no key may write keys any more: an operator has to make one.
pub async fn locked_out(db: &Db, clock: &Clock) -> Result<Vec<String>, Fault> {
    let mut locked_out = Vec::new();
    for row in tenant::rows::rows(db.read()).await? {
        let writers = key::rows::writers(db.read(), row.tenant).await?;
        if !writers.iter().any(|key| succession::gives(key, clock.now())) {
            locked_out.push(row.code);
        }
    }
    Ok(locked_out)
}

async fn tenant(tx: &Tx, clock: &Clock, code: &str) -> Result<Tenant, Fault> {
    let rows = tenant::rows::rows(&**tx).await?;
    if let Some(row) = rows.iter().find(|row| row.code == code) {
        return Ok(row.tenant);
    }
    if rows.is_empty() && code == DEFAULT_TENANT {
        return add_default_tenant(tx, clock).await?.ok_or(Fault::Contended);
    }
    let mut codes: Vec<&str> = rows.iter().map(|row| row.code.as_str()).collect();
    if codes.is_empty() {
        codes.push(DEFAULT_TENANT);
    }
    let message = format!("{code} is no tenant's code: name one of {}", codes.join(", "));
    Err(Fault::invalid("tenant", message))
}

/// Writes a command of an operator into the audit log, in its own transaction: it has no outcome but that.
async fn audit(tx: &Tx, clock: &Clock, tenant: Tenant, command: &str, key: &ApiKey) -> Result<(), Fault> {
    let call = CallMade {
        subject: OPERATOR.to_owned(),
        method: command.to_owned(),
        ..CallMade::default()
    };
    let named = format!(r#"{{"api_key_id":"{}"}}"#, key.id);
    let call_sequence = log::append(&**tx, clock, tenant, Event::Call(call), named).await?;
    let outcome = Event::Outcome {
        call_sequence,
        code: "OK".to_owned(),
    };
    log::append(&**tx, clock, tenant, outcome, resources::NONE.to_owned()).await?;
    Ok(())
}

fn of_role(role: Option<Role>) -> Vec<String> {
    let roles = contracts_all::CONTRACT
        .methods()
        .map_or_else(|_| Roles::default(), Roles::of);
    let scopes = role.into_iter().flat_map(|role| roles.scopes(role));
    scopes.map(str::to_owned).collect()
}

/// Refuses scopes that no method asks for, with all of them.
fn check(scopes: &[String]) -> Result<(), Fault> {
    let known = KnownScopes::new(contracts_all::CONTRACT.methods().into_iter().flat_map(contract::scopes));
    let mut violations = Violations::new();
    for unknown in scopes.iter().filter(|scope| !known.contain(scope)) {
        violations.add("scope", format!("{unknown} {}", crate::key::scope::UNKNOWN));
    }
    violations.finish()
}
