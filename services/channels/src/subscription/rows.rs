use std::collections::{BTreeMap, BTreeSet};

use fault::Fault;
use kernel::{Id, Tenant, Time};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Columns, Row, for_update, look_up, statement, unreadable, values};

use super::{DisableReason, KeptSecret, State, Subscription, Webhook};

const COLUMNS: &str = "subscription_id, display_name, target_url, fact_types, filter, disable_reason, disable_time, version, \
     create_time, update_time, active_time";

/// The subscription, locked until the transaction ends.
pub(crate) async fn lock(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    id: Id<Webhook>,
) -> Result<Option<Subscription>, Fault> {
    select(conn, tenant, id, for_update(conn.get_database_backend())).await
}

pub(crate) async fn find(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    id: Id<Webhook>,
) -> Result<Option<Subscription>, Fault> {
    select(conn, tenant, id, "").await
}

async fn select(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    id: Id<Webhook>,
    lock: &str,
) -> Result<Option<Subscription>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM webhook_subscription WHERE tenant_id = $1 AND subscription_id = $2{lock}");
    let row = conn
        .query_one_raw(statement(conn, &sql, [tenant.uuid().into(), id.uuid().into()]))
        .await?;
    row.as_ref().map(subscription).transpose()
}

/// Subscriptions in the order in which they were made, from the one after `after`.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    after: Option<Id<Webhook>>,
    rows_max: i64,
) -> Result<Vec<Subscription>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM webhook_subscription WHERE tenant_id = $1 AND subscription_id > $2 \
         ORDER BY subscription_id LIMIT $3"
    );
    let after = after.map(Id::uuid).unwrap_or_default();
    let parameters: [Value; 3] = [tenant.uuid().into(), after.into(), rows_max.into()];
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    rows.iter().map(subscription).collect()
}

/// How many subscriptions a tenant has.
pub(crate) async fn count(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<i64, Fault> {
    const COUNT: &str = "SELECT COUNT(*) FROM webhook_subscription WHERE tenant_id = $1";
    let row = conn
        .query_one_raw(statement(conn, COUNT, [tenant.uuid().into()]))
        .await?;
    row.map_or(Ok(0), |row| Columns::of(&row).take())
}

/// How many subscriptions of all tenants the platform has disabled.
pub(crate) async fn count_disabled(conn: &impl ConnectionTrait) -> Result<i64, Fault> {
    const COUNT: &str = "SELECT COUNT(*) FROM webhook_subscription WHERE disable_reason IN ('gone', 'unreachable')";
    let row = conn.query_one_raw(statement(conn, COUNT, [])).await?;
    row.map_or(Ok(0), |row| Columns::of(&row).take())
}

pub(crate) async fn insert(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    subscription: &Subscription,
) -> Result<(), Fault> {
    let sql = format!(
        "INSERT INTO webhook_subscription (tenant_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    );
    conn.execute_raw(statement(conn, &sql, parameters(tenant, subscription)?))
        .await?;
    Ok(())
}

/// Writes the next version of a subscription that was locked.
pub(crate) async fn update(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    subscription: &Subscription,
) -> Result<(), Fault> {
    const UPDATE: &str = "UPDATE webhook_subscription SET display_name = $3, target_url = $4, fact_types = $5, filter = $6, \
         disable_reason = $7, disable_time = $8, version = $9, update_time = $11, active_time = $12 \
         WHERE tenant_id = $1 AND subscription_id = $2 AND version = $9 - 1 AND create_time = $10";
    let updated = conn
        .execute_raw(statement(conn, UPDATE, parameters(tenant, subscription)?))
        .await?;
    match updated.rows_affected() {
        1 => Ok(()),
        _ => Err(Fault::Contended),
    }
}

/// Deletes a subscription that was locked, with its secrets.
pub(crate) async fn delete(conn: &impl ConnectionTrait, tenant: Tenant, id: Id<Webhook>) -> Result<(), Fault> {
    const SECRETS: &str = "DELETE FROM webhook_secret WHERE tenant_id = $1 AND subscription_id = $2";
    const SUBSCRIPTION: &str = "DELETE FROM webhook_subscription WHERE tenant_id = $1 AND subscription_id = $2";
    for sql in [SECRETS, SUBSCRIPTION] {
        conn.execute_raw(statement(conn, sql, [tenant.uuid().into(), id.uuid().into()]))
            .await?;
    }
    Ok(())
}

/// The secrets of a subscription that sign now, the newest first.
pub(crate) async fn secrets(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    id: Id<Webhook>,
    now: Time,
) -> Result<Vec<KeptSecret>, Fault> {
    const SECRETS: &str = "SELECT ordinal, prefix, create_time, expire_time FROM webhook_secret \
         WHERE tenant_id = $1 AND subscription_id = $2 AND (expire_time IS NULL OR expire_time > $3) ORDER BY ordinal DESC";
    let parameters: [Value; 3] = [tenant.uuid().into(), id.uuid().into(), now.micros().into()];
    let rows = conn.query_all_raw(statement(conn, SECRETS, parameters)).await?;
    rows.iter().map(kept_secret).collect()
}

/// Adds a secret, as it is stored.
pub(crate) async fn add_secret(
    conn: &impl ConnectionTrait,
    (tenant, id): (Tenant, Id<Webhook>),
    secret: &KeptSecret,
    sealed: Vec<u8>,
) -> Result<(), Fault> {
    const ADD: &str = "INSERT INTO webhook_secret \
         (tenant_id, subscription_id, ordinal, prefix, secret, create_time, expire_time) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let parameters: [Value; 7] = [
        tenant.uuid().into(),
        id.uuid().into(),
        secret.ordinal.into(),
        secret.prefix.clone().into(),
        sealed.into(),
        secret.create_time.micros().into(),
        secret.expire_time.map(Time::micros).into(),
    ];
    conn.execute_raw(statement(conn, ADD, parameters)).await?;
    Ok(())
}

/// Lets one secret end when it says, and deletes all others.
pub(crate) async fn keep_secret(
    conn: &impl ConnectionTrait,
    (tenant, id): (Tenant, Id<Webhook>),
    kept: Option<&KeptSecret>,
) -> Result<(), Fault> {
    const DELETE: &str = "DELETE FROM webhook_secret WHERE tenant_id = $1 AND subscription_id = $2 AND ordinal <> $3";
    const END: &str =
        "UPDATE webhook_secret SET expire_time = $4 WHERE tenant_id = $1 AND subscription_id = $2 AND ordinal = $3";
    let ordinal = kept.map_or(0, |kept| kept.ordinal);
    let key: [Value; 3] = [tenant.uuid().into(), id.uuid().into(), ordinal.into()];
    conn.execute_raw(statement(conn, DELETE, key.clone())).await?;
    let end = kept.and_then(|kept| kept.expire_time).map(Time::micros);
    conn.execute_raw(statement(conn, END, key.into_iter().chain([end.into()])))
        .await?;
    Ok(())
}

fn parameters(tenant: Tenant, subscription: &Subscription) -> Result<[Value; 12], Fault> {
    let disabled = match subscription.state {
        State::Active => None,
        State::Disabled { why, since } => Some((why, since)),
    };
    Ok([
        tenant.uuid().into(),
        subscription.id.uuid().into(),
        subscription.display_name.clone().into(),
        subscription.target_url.clone().into(),
        serde_json::to_string(&subscription.fact_types)
            .map_err(Fault::internal)?
            .into(),
        subscription.filter.clone().into(),
        disabled.map(|(why, _)| why.name().to_owned()).into(),
        disabled.map(|(_, since)| since.micros()).into(),
        subscription.version.into(),
        subscription.create_time.micros().into(),
        subscription.update_time.micros().into(),
        subscription.active_time.micros().into(),
    ])
}

pub(crate) fn subscription(row: &QueryResult) -> Result<Subscription, Fault> {
    let mut columns = Columns::of(row);
    Ok(Subscription {
        id: columns.id()?,
        display_name: columns.take()?,
        target_url: columns.take()?,
        fact_types: serde_json::from_str(&columns.take::<String>()?).map_err(Fault::internal)?,
        filter: columns.take()?,
        state: state(columns.take()?, columns.optional_time()?)?,
        version: columns.take()?,
        create_time: columns.time()?,
        update_time: columns.time()?,
        active_time: columns.time()?,
    })
}

fn state(reason: Option<String>, since: Option<Time>) -> Result<State, Fault> {
    let Some((name, since)) = reason.zip(since) else {
        return Ok(State::Active);
    };
    let why = DisableReason::ALL.into_iter().find(|why| why.name() == name);
    let why = why.ok_or_else(|| unreadable("webhook_subscription", name))?;
    Ok(State::Disabled { why, since })
}

/// The active subscriptions of these tenants.
pub(crate) async fn active(
    conn: &impl ConnectionTrait,
    tenants: &BTreeSet<Tenant>,
) -> Result<Vec<(Tenant, Subscription)>, Fault> {
    if tenants.is_empty() {
        return Ok(Vec::new());
    }
    let backend = conn.get_database_backend();
    let wanted = tenants.iter().map(|tenant| vec![tenant.uuid().into()]).collect();
    let (list, parameters) = values(backend, 1, &[Column::Uuid], wanted);
    let columns = COLUMNS
        .split(", ")
        .map(|column| format!("t.{column}"))
        .collect::<Vec<_>>()
        .join(", ");
    let on = "t.tenant_id = k.column1 AND t.disable_reason IS NULL";
    let sql = format!(
        "SELECT {columns}, t.tenant_id FROM {}",
        look_up(backend, &list, "webhook_subscription", on)
    );
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    let read = |row: &QueryResult| Ok((row.tenant("tenant_id")?, subscription(row)?));
    rows.iter().map(read).collect()
}

/// The subscriptions of these keys, locked until the transaction ends, in the order of their keys; those that are gone are
/// left out. What is written of their deliveries is written under this lock.
pub(crate) async fn lock_all(
    conn: &impl ConnectionTrait,
    keys: &BTreeSet<(Tenant, Id<Webhook>)>,
) -> Result<BTreeMap<(Tenant, Id<Webhook>), Subscription>, Fault> {
    let mut locked = BTreeMap::new();
    for (tenant, id) in keys {
        if let Some(subscription) = lock(conn, *tenant, *id).await? {
            locked.insert((*tenant, *id), subscription);
        }
    }
    Ok(locked)
}

/// The secrets of a subscription that sign now, as they are stored, the newest first.
pub(crate) async fn sealed_secrets(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    id: Id<Webhook>,
    now: Time,
) -> Result<Vec<Vec<u8>>, Fault> {
    const SECRETS: &str = "SELECT secret FROM webhook_secret \
         WHERE tenant_id = $1 AND subscription_id = $2 AND (expire_time IS NULL OR expire_time > $3) ORDER BY ordinal DESC";
    let parameters: [Value; 3] = [tenant.uuid().into(), id.uuid().into(), now.micros().into()];
    let rows = conn.query_all_raw(statement(conn, SECRETS, parameters)).await?;
    rows.iter().map(|row| Columns::of(row).take()).collect()
}

fn kept_secret(row: &QueryResult) -> Result<KeptSecret, Fault> {
    let mut columns = Columns::of(row);
    Ok(KeptSecret {
        ordinal: columns.take()?,
        prefix: columns.take()?,
        create_time: columns.time()?,
        expire_time: columns.optional_time()?,
    })
}
