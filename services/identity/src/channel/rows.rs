use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use fault::Fault;
use kernel::Tenant;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Row, look_up, statement};

use super::{Channel, Channels};

const COLUMNS: &str = "channel_code, kind, display_name, account, union_code, trust_rank, create_time, version";

/// All channels of a tenant.
pub(crate) async fn all(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<Arc<Channels>, Fault> {
    Ok(of_tenants(conn, [tenant]).await?.of(tenant))
}

/// The channels of some tenants.
#[derive(Debug, Default)]
pub(crate) struct ChannelsOf(HashMap<Tenant, Arc<Channels>>);

impl ChannelsOf {
    /// Those of one of them.
    pub(crate) fn of(&self, tenant: Tenant) -> Arc<Channels> {
        self.0.get(&tenant).cloned().unwrap_or_default()
    }
}

/// All channels of tenants. The caller keeps the number of tenants bounded.
pub(crate) async fn of_tenants(
    conn: &impl ConnectionTrait,
    tenants: impl IntoIterator<Item = Tenant>,
) -> Result<ChannelsOf, Fault> {
    let tenants: BTreeSet<Tenant> = tenants.into_iter().collect();
    if tenants.is_empty() {
        return Ok(ChannelsOf::default());
    }
    let rows = tenants.into_iter().map(|tenant| vec![tenant.uuid().into()]).collect();
    let backend = conn.get_database_backend();
    let (list, parameters) = store::values(backend, 1, &[Column::Uuid], rows);
    let found = look_up(backend, &list, "channel", "t.tenant_id = k.column1");
    let sql = format!("SELECT tenant_id, {COLUMNS} FROM {found}");
    let mut channels: BTreeMap<Tenant, Vec<Channel>> = BTreeMap::new();
    for row in &conn.query_all_raw(statement(conn, &sql, parameters)).await? {
        channels
            .entry(row.tenant("tenant_id")?)
            .or_default()
            .push(channel(row)?);
    }
    let of_tenant = |(tenant, channels)| (tenant, Arc::new(Channels::new(channels)));
    Ok(ChannelsOf(channels.into_iter().map(of_tenant).collect()))
}

/// Channels after a code, in the order of their codes.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    after_code: &str,
    rows_max: i64,
) -> Result<Vec<Channel>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM channel WHERE tenant_id = $1 AND channel_code > $2 ORDER BY channel_code LIMIT $3"
    );
    let parameters: [Value; 3] = [tenant.uuid().into(), after_code.into(), rows_max.into()];
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    rows.iter().map(channel).collect()
}

/// Inserts a channel; says false, and leaves it, where its code is taken.
pub(crate) async fn insert(conn: &impl ConnectionTrait, tenant: Tenant, channel: &Channel) -> Result<bool, Fault> {
    let head = format!("INSERT INTO channel (tenant_id, {COLUMNS})");
    let row = vec![
        tenant.uuid().into(),
        channel.code.clone().into(),
        i64::from(channel.kind).into(),
        channel.display_name.clone().into(),
        channel.account.clone().into(),
        channel.union_code.clone().into(),
        i64::from(channel.trust_rank).into(),
        channel.create_time.micros().into(),
        channel.version.into(),
    ];
    let inserted = store::insert_rows(
        conn,
        &head,
        vec![row],
        "ON CONFLICT (tenant_id, channel_code) DO NOTHING",
    )
    .await?;
    Ok(inserted == 1)
}

/// Writes the fields that may change, if the channel still has the version before the given one.
pub(crate) async fn update(conn: &impl ConnectionTrait, tenant: Tenant, channel: &Channel) -> Result<(), Fault> {
    const UPDATE: &str = "UPDATE channel SET display_name = $3, account = $4, trust_rank = $5, version = $6 \
         WHERE tenant_id = $1 AND channel_code = $2 AND version = $6 - 1";
    let parameters: [Value; 6] = [
        tenant.uuid().into(),
        channel.code.clone().into(),
        channel.display_name.clone().into(),
        channel.account.clone().into(),
        i64::from(channel.trust_rank).into(),
        channel.version.into(),
    ];
    let outcome = conn.execute_raw(statement(conn, UPDATE, parameters)).await?;
    if outcome.rows_affected() == 1 {
        Ok(())
    } else {
        Err(Fault::Contended)
    }
}

fn channel(row: &QueryResult) -> Result<Channel, Fault> {
    Ok(Channel {
        code: row.get("channel_code")?,
        kind: row.int("kind")?,
        display_name: row.get("display_name")?,
        account: row.get("account")?,
        union_code: row.get("union_code")?,
        trust_rank: row.int("trust_rank")?,
        create_time: row.time("create_time")?,
        version: row.get("version")?,
    })
}
