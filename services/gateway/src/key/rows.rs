use std::collections::HashMap;

use fault::Fault;
use kernel::{Id, Scopes, Tenant, Time};
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, QueryResult};
use store::{Column, Row, for_update, look_up, statement, unreadable, values};

use super::secret::SecretHash;
use super::succession::WRITES_KEYS;
use super::{ApiKey, KeptSecret, Key};
use crate::limit::RequestLimits;

const COLUMNS: &str = "k.tenant_id, k.api_key_id, k.display_name, k.scopes, k.creator, k.create_time, k.expire_time, \
                       k.revoke_time, k.last_use_time, k.requests_per_second, k.burst, k.requests_per_day";

/// Adds a key with its secrets.
pub(crate) async fn add(conn: &impl ConnectionTrait, tenant: Tenant, key: &ApiKey) -> Result<(), Fault> {
    const SQL: &str =
        "INSERT INTO api_key (tenant_id, api_key_id, display_name, scopes, creator, create_time, expire_time,
            requests_per_second, burst, requests_per_day) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let values = [
        tenant.uuid().into(),
        key.id.uuid().into(),
        key.display_name.clone().into(),
        written(&key.scopes).into(),
        key.creator.clone().into(),
        key.create_time.micros().into(),
        key.expire_time.map(Time::micros).into(),
        i64::from(key.limits.per_second).into(),
        i64::from(key.limits.burst).into(),
        i64::try_from(key.limits.per_day).unwrap_or(i64::MAX).into(),
    ];
    conn.execute_raw(statement(conn, SQL, values)).await?;
    for secret in &key.secrets {
        add_secret(conn, tenant, key.id, secret).await?;
    }
    Ok(())
}

/// Adds a secret to a key.
pub(crate) async fn add_secret(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    id: Id<Key>,
    secret: &KeptSecret,
) -> Result<(), Fault> {
    const SQL: &str = "INSERT INTO api_key_secret (secret_hash, tenant_id, api_key_id, ordinal, prefix,
        create_time, expire_time) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        secret.hash.bytes().to_vec().into(),
        tenant.uuid().into(),
        id.uuid().into(),
        secret.ordinal.into(),
        secret.prefix.clone().into(),
        secret.create_time.micros().into(),
        secret.expire_time.map(Time::micros).into(),
    ];
    conn.execute_raw(statement(conn, SQL, values)).await?;
    Ok(())
}

/// A key with its secrets, locked until the transaction ends.
pub(crate) async fn lock(conn: &impl ConnectionTrait, tenant: Tenant, id: Id<Key>) -> Result<Option<ApiKey>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM api_key k WHERE k.tenant_id = $1 AND k.api_key_id = $2{}",
        for_update(conn.get_database_backend())
    );
    let row = conn
        .query_one_raw(statement(conn, &sql, [tenant.uuid().into(), id.uuid().into()]))
        .await?;
    let Some(row) = row else { return Ok(None) };
    let keys = with_secrets(conn, tenant, vec![read(&row)?]).await?;
    Ok(keys.into_iter().next())
}

/// The keys of a tenant that may write keys, locked in one order until the transaction ends. Their secrets are not read.
pub(crate) async fn lock_writers(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<Vec<ApiKey>, Fault> {
    writers_locked(conn, tenant, for_update(conn.get_database_backend())).await
}

/// The same, without a lock.
pub(crate) async fn writers(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<Vec<ApiKey>, Fault> {
    writers_locked(conn, tenant, "").await
}

/// The scope is searched in the text of all scopes: a key with another wildcard, such as "points.*", is found too, and
/// the caller looks at the scopes themselves. Of the many keys of tills and shops it finds none.
async fn writers_locked(conn: &impl ConnectionTrait, tenant: Tenant, lock: &str) -> Result<Vec<ApiKey>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM api_key k WHERE k.tenant_id = $1 AND k.revoke_time IS NULL
            AND (k.scopes LIKE '%*%' OR k.scopes LIKE $2) ORDER BY k.api_key_id{lock}"
    );
    let values = [tenant.uuid().into(), format!("%{WRITES_KEYS}%").into()];
    let rows = conn.query_all_raw(statement(conn, &sql, values)).await?;
    rows.iter().map(read).collect()
}

/// The keys of a tenant after the one of an id, or all, in the order in which they were made, with their secrets.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    after: Option<Id<Key>>,
    rows_max: i64,
) -> Result<Vec<ApiKey>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM api_key k WHERE k.tenant_id = $1 AND k.api_key_id > $2 ORDER BY k.api_key_id LIMIT $3"
    );
    let after = after.map_or(Uuid::nil(), Id::uuid);
    let values = [tenant.uuid().into(), after.into(), rows_max.into()];
    let rows = conn.query_all_raw(statement(conn, &sql, values)).await?;
    let keys = rows.iter().map(read).collect::<Result<_, _>>()?;
    with_secrets(conn, tenant, keys).await
}

/// The key that a secret opens, whatever its state, with that secret alone.
pub(crate) async fn by_secret(
    conn: &impl ConnectionTrait,
    hash: SecretHash,
) -> Result<Option<(Tenant, ApiKey)>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS}, s.secret_hash, s.ordinal, s.prefix, s.create_time AS secret_create_time,
            s.expire_time AS secret_expire_time
        FROM api_key_secret s JOIN api_key k ON k.tenant_id = s.tenant_id AND k.api_key_id = s.api_key_id
        WHERE s.secret_hash = $1"
    );
    let Some(row) = conn
        .query_one_raw(statement(conn, &sql, [hash.bytes().to_vec().into()]))
        .await?
    else {
        return Ok(None);
    };
    let tenant = row.tenant("tenant_id")?;
    Ok(Some((
        tenant,
        ApiKey {
            secrets: vec![read_secret(&row)?],
            ..read(&row)?
        },
    )))
}

/// Ends secrets at a time each.
pub(crate) async fn end_secrets(conn: &impl ConnectionTrait, ends: &[(SecretHash, Time)]) -> Result<(), Fault> {
    const SQL: &str = "UPDATE api_key_secret SET expire_time = $2 WHERE secret_hash = $1";
    for (hash, end) in ends {
        conn.execute_raw(statement(
            conn,
            SQL,
            [hash.bytes().to_vec().into(), end.micros().into()],
        ))
        .await?;
    }
    Ok(())
}

/// Writes the fields of a key that may change.
pub(crate) async fn update(conn: &impl ConnectionTrait, tenant: Tenant, key: &ApiKey) -> Result<(), Fault> {
    const SQL: &str =
        "UPDATE api_key SET display_name = $3, requests_per_second = $4, burst = $5, requests_per_day = $6
        WHERE tenant_id = $1 AND api_key_id = $2";
    let values = [
        tenant.uuid().into(),
        key.id.uuid().into(),
        key.display_name.clone().into(),
        i64::from(key.limits.per_second).into(),
        i64::from(key.limits.burst).into(),
        i64::try_from(key.limits.per_day).unwrap_or(i64::MAX).into(),
    ];
    conn.execute_raw(statement(conn, SQL, values)).await?;
    Ok(())
}

/// Marks a key as revoked.
pub(crate) async fn revoke(conn: &impl ConnectionTrait, tenant: Tenant, id: Id<Key>, time: Time) -> Result<(), Fault> {
    const SQL: &str = "UPDATE api_key SET revoke_time = $3 WHERE tenant_id = $1 AND api_key_id = $2";
    conn.execute_raw(statement(
        conn,
        SQL,
        [tenant.uuid().into(), id.uuid().into(), time.micros().into()],
    ))
    .await?;
    Ok(())
}

/// Marks a key as used, unless it has been since `known`.
pub(crate) async fn used(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    id: Id<Key>,
    known: Option<Time>,
    time: Time,
) -> Result<(), Fault> {
    const SQL: &str = "UPDATE api_key SET last_use_time = $3
        WHERE tenant_id = $1 AND api_key_id = $2 AND COALESCE(last_use_time, $4) = $4";
    let known = known.map_or(i64::MIN, Time::micros);
    let values = [
        tenant.uuid().into(),
        id.uuid().into(),
        time.micros().into(),
        known.into(),
    ];
    conn.execute_raw(statement(conn, SQL, values)).await?;
    Ok(())
}

/// Fills in the secrets of keys of one tenant. A page of keys has few secrets, and a list without end grows none.
async fn with_secrets(conn: &impl ConnectionTrait, tenant: Tenant, keys: Vec<ApiKey>) -> Result<Vec<ApiKey>, Fault> {
    if keys.is_empty() {
        return Ok(keys);
    }
    let backend = conn.get_database_backend();
    let ids = keys.iter().map(|key| vec![key.id.uuid().into()]).collect();
    let (list, of_list) = values(backend, 2, &[Column::Uuid], ids);
    let on = "t.tenant_id = $1 AND t.api_key_id = k.column1";
    let sql = format!(
        "SELECT api_key_id, secret_hash, ordinal, prefix, create_time AS secret_create_time, expire_time AS secret_expire_time
        FROM {} ORDER BY ordinal DESC",
        look_up(backend, &list, "api_key_secret", on)
    );
    let parameters = std::iter::once(tenant.uuid().into()).chain(of_list);
    let mut secrets: HashMap<Uuid, Vec<KeptSecret>> = HashMap::new();
    for row in conn.query_all_raw(statement(conn, &sql, parameters)).await? {
        secrets
            .entry(row.get("api_key_id")?)
            .or_default()
            .push(read_secret(&row)?);
    }
    let filled = keys.into_iter().map(|key| {
        let secrets = secrets.remove(&key.id.uuid()).unwrap_or_default();
        ApiKey { secrets, ..key }
    });
    Ok(filled.collect())
}

fn read(row: &QueryResult) -> Result<ApiKey, Fault> {
    let scopes: String = row.get("scopes")?;
    Ok(ApiKey {
        id: row.id("api_key_id")?,
        display_name: row.get("display_name")?,
        scopes: Scopes::new(scopes.split(' ').map(str::to_owned)),
        limits: RequestLimits {
            per_second: limit(row, "requests_per_second")?,
            burst: limit(row, "burst")?,
            per_day: limit(row, "requests_per_day")?,
        },
        creator: row.get("creator")?,
        create_time: row.time("create_time")?,
        expire_time: row.optional_time("expire_time")?,
        revoke_time: row.optional_time("revoke_time")?,
        last_use_time: row.optional_time("last_use_time")?,
        secrets: Vec::new(),
    })
}

fn limit<N: TryFrom<i64>>(row: &QueryResult, column: &str) -> Result<N, Fault> {
    N::try_from(row.get::<i64>(column)?).map_err(|_| unreadable("api_key", "a limit that is none"))
}

fn read_secret(row: &QueryResult) -> Result<KeptSecret, Fault> {
    let hash: Vec<u8> = row.get("secret_hash")?;
    Ok(KeptSecret {
        ordinal: row.get("ordinal")?,
        hash: SecretHash::from_row(&hash)
            .ok_or_else(|| unreadable("api_key_secret", "a hash that has not 32 bytes"))?,
        prefix: row.get("prefix")?,
        create_time: row.time("secret_create_time")?,
        expire_time: row.optional_time("secret_expire_time")?,
    })
}

/// A scope has no space in it.
fn written(scopes: &Scopes) -> String {
    scopes.iter().collect::<Vec<_>>().join(" ")
}
