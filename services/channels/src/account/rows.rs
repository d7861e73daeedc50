use contracts_channels::v1::{ChannelAccount, ChannelSecretValue};
use fault::Fault;
use kernel::{Tenant, Time};
use prost::Message;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Columns, for_update, statement, unreadable};

use super::{Account, AccountId, KeptSecret, Protocol};
use crate::sealing::Sealer;
use crate::store::place_of;

const COLUMNS: &str = "account_id, display_name, protocol, channel_code, platform_account_id, settings, is_active, version, \
     create_time, update_time";

/// The account, locked until the transaction ends.
pub(crate) async fn lock(conn: &impl ConnectionTrait, tenant: Tenant, id: AccountId) -> Result<Option<Account>, Fault> {
    select(conn, tenant, id, for_update(conn.get_database_backend())).await
}

pub(crate) async fn find(conn: &impl ConnectionTrait, tenant: Tenant, id: AccountId) -> Result<Option<Account>, Fault> {
    select(conn, tenant, id, "").await
}

async fn select(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    id: AccountId,
    lock: &str,
) -> Result<Option<Account>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM channel_account WHERE tenant_id = $1 AND account_id = $2{lock}");
    let row = conn
        .query_one_raw(statement(conn, &sql, [tenant.uuid().into(), id.uuid().into()]))
        .await?;
    row.as_ref().map(account).transpose()
}

/// Accounts in the order in which they were made, from the one after `after`.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    after: Option<AccountId>,
    rows_max: i64,
) -> Result<Vec<Account>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM channel_account WHERE tenant_id = $1 AND account_id > $2 ORDER BY account_id LIMIT $3"
    );
    let after = after.map(AccountId::uuid).unwrap_or_default();
    let parameters: [Value; 3] = [tenant.uuid().into(), after.into(), rows_max.into()];
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    rows.iter().map(account).collect()
}

/// How many accounts a tenant has.
pub(crate) async fn count(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<i64, Fault> {
    const COUNT: &str = "SELECT COUNT(*) FROM channel_account WHERE tenant_id = $1";
    let row = conn
        .query_one_raw(statement(conn, COUNT, [tenant.uuid().into()]))
        .await?;
    row.map_or(Ok(0), |row| Columns::of(&row).take())
}

pub(crate) async fn insert(conn: &impl ConnectionTrait, tenant: Tenant, account: &Account) -> Result<(), Fault> {
    let sql = format!(
        "INSERT INTO channel_account (tenant_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
    );
    conn.execute_raw(statement(conn, &sql, parameters(tenant, account)))
        .await?;
    Ok(())
}

/// Writes the next version of an account that was locked.
pub(crate) async fn update(conn: &impl ConnectionTrait, tenant: Tenant, account: &Account) -> Result<(), Fault> {
    const UPDATE: &str = "UPDATE channel_account SET display_name = $3, platform_account_id = $6, settings = $7, \
         is_active = $8, version = $9, update_time = $11 \
         WHERE tenant_id = $1 AND account_id = $2 AND protocol = $4 AND channel_code = $5 AND version = $9 - 1 \
         AND create_time = $10";
    let updated = conn
        .execute_raw(statement(conn, UPDATE, parameters(tenant, account)))
        .await?;
    match updated.rows_affected() {
        1 => Ok(()),
        _ => Err(Fault::Contended),
    }
}

/// The secrets of an account that are taken now, the newest first.
pub(crate) async fn secrets(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    id: AccountId,
    now: Time,
) -> Result<Vec<KeptSecret>, Fault> {
    let rows = secret_rows(conn, "ordinal, create_time, expire_time", (tenant, id), now).await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            Ok(KeptSecret {
                ordinal: columns.take()?,
                create_time: columns.time()?,
                expire_time: columns.optional_time()?,
            })
        })
        .collect()
}

/// The same with what they are.
pub(crate) async fn opened_secrets(
    conn: &impl ConnectionTrait,
    sealer: &Sealer,
    (tenant, id): (Tenant, AccountId),
    now: Time,
) -> Result<Vec<ChannelSecretValue>, Fault> {
    let rows = secret_rows(conn, "secret", (tenant, id), now).await?;
    rows.iter()
        .map(|row| {
            let sealed: Vec<u8> = Columns::of(row).take()?;
            let secret = sealer.open(&place_of(tenant, id.uuid()), &sealed)?;
            ChannelSecretValue::decode(&*secret).map_err(Fault::internal)
        })
        .collect()
}

async fn secret_rows(
    conn: &impl ConnectionTrait,
    columns: &str,
    (tenant, id): (Tenant, AccountId),
    now: Time,
) -> Result<Vec<QueryResult>, Fault> {
    let sql = format!(
        "SELECT {columns} FROM channel_secret WHERE tenant_id = $1 AND account_id = $2 \
         AND (expire_time IS NULL OR expire_time > $3) ORDER BY ordinal DESC"
    );
    let parameters: [Value; 3] = [tenant.uuid().into(), id.uuid().into(), now.micros().into()];
    Ok(conn.query_all_raw(statement(conn, &sql, parameters)).await?)
}

/// Adds a secret, as it is stored.
pub(crate) async fn add_secret(
    conn: &impl ConnectionTrait,
    (tenant, id): (Tenant, AccountId),
    secret: &KeptSecret,
    sealed: Vec<u8>,
) -> Result<(), Fault> {
    const ADD: &str = "INSERT INTO channel_secret (tenant_id, account_id, ordinal, secret, create_time, expire_time) \
         VALUES ($1, $2, $3, $4, $5, $6)";
    let parameters: [Value; 6] = [
        tenant.uuid().into(),
        id.uuid().into(),
        secret.ordinal.into(),
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
    (tenant, id): (Tenant, AccountId),
    kept: Option<&KeptSecret>,
) -> Result<(), Fault> {
    const DELETE: &str = "DELETE FROM channel_secret WHERE tenant_id = $1 AND account_id = $2 AND ordinal <> $3";
    const END: &str =
        "UPDATE channel_secret SET expire_time = $4 WHERE tenant_id = $1 AND account_id = $2 AND ordinal = $3";
    let ordinal = kept.map_or(0, |kept| kept.ordinal);
    let key: [Value; 3] = [tenant.uuid().into(), id.uuid().into(), ordinal.into()];
    conn.execute_raw(statement(conn, DELETE, key.clone())).await?;
    let end = kept.and_then(|kept| kept.expire_time).map(Time::micros);
    conn.execute_raw(statement(conn, END, key.into_iter().chain([end.into()])))
        .await?;
    Ok(())
}

fn parameters(tenant: Tenant, account: &Account) -> [Value; 11] {
    let settings = ChannelAccount {
        plain_allowed: account.plain_allowed,
        points_asset_code: account.points_asset_code.clone(),
        signature: Some(account.signature.clone()),
        mapping: Some(account.mapping.clone()),
        ..ChannelAccount::default()
    };
    [
        tenant.uuid().into(),
        account.id.uuid().into(),
        account.display_name.clone().into(),
        account.protocol.name().into(),
        account.channel_code.clone().into(),
        account.platform_account_id.clone().into(),
        settings.encode_to_vec().into(),
        i64::from(account.is_active).into(),
        account.version.into(),
        account.create_time.micros().into(),
        account.update_time.micros().into(),
    ]
}

fn account(row: &QueryResult) -> Result<Account, Fault> {
    let mut columns = Columns::of(row);
    let (id, display_name) = (columns.id()?, columns.take()?);
    let protocol: String = columns.take()?;
    let known = Protocol::ALL.into_iter().find(|known| known.name() == protocol);
    let (channel_code, platform_account_id) = (columns.take()?, columns.take()?);
    let settings: Vec<u8> = columns.take()?;
    let settings = ChannelAccount::decode(&*settings).map_err(Fault::internal)?;
    Ok(Account {
        id,
        display_name,
        protocol: known.ok_or_else(|| unreadable("channel_account", protocol))?,
        channel_code,
        platform_account_id,
        points_asset_code: settings.points_asset_code,
        plain_allowed: settings.plain_allowed,
        signature: settings.signature.unwrap_or_default(),
        mapping: settings.mapping.unwrap_or_default(),
        is_active: columns.take::<i64>()? == 1,
        version: columns.take()?,
        create_time: columns.time()?,
        update_time: columns.time()?,
    })
}
