use fault::Fault;
use kernel::Tenant;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Row, statement};

use super::CHANNELS_MAX;
use super::{Channel, Channels};

const COLUMNS: &str = "channel_code, kind, display_name, account, union_code, trust_rank, create_time, version";

/// All channels of a tenant.
pub(crate) async fn all(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<Channels, Fault> {
    let rows_max = i64::try_from(CHANNELS_MAX).map_err(Fault::internal)?;
    Ok(Channels::new(list(conn, tenant, "", rows_max).await?))
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
