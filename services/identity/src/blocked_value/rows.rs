use std::collections::{BTreeSet, HashMap};

use fault::Fault;
use kernel::Tenant;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Row, look_up, statement, unreadable};
use uuid::Uuid;

use super::{BlockedValue, BlockedValueId, Blocklist, Entry, spellings};
use crate::graph::key::{Key, Kind};

/// Values that one statement names.
const VALUES_PER_STATEMENT_MAX: usize = 5_000;
const COLUMNS: &str = "blocked_value_id, kind, value, note, create_time";
/// The stored kind of a value that is blocked in every kind.
const EVERY_KIND: &str = "";

/// The entries of the tenant's list that concern some keys.
pub(crate) async fn among<'k>(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    keys: impl Iterator<Item = &'k Key>,
) -> Result<Blocklist, Fault> {
    let keys: Vec<(Tenant, &Key)> = keys.map(|key| (tenant, key)).collect();
    let mut lists = among_tenants(conn, &keys).await?;
    Ok(lists.0.remove(&tenant).unwrap_or_default())
}

/// The lists of some tenants, each as far as it concerns some keys.
#[derive(Debug, Default)]
pub(crate) struct Blocklists(HashMap<Tenant, Blocklist>, Blocklist);

impl Blocklists {
    /// That of one of them; an empty one where nothing of it concerns its keys.
    pub(crate) fn of(&self, tenant: Tenant) -> &Blocklist {
        let Self(lists, empty) = self;
        lists.get(&tenant).unwrap_or(empty)
    }
}

/// The entries of tenants' lists that concern some keys, each tenant's own.
pub(crate) async fn among_tenants(conn: &impl ConnectionTrait, keys: &[(Tenant, &Key)]) -> Result<Blocklists, Fault> {
    const ON: &str = "t.tenant_id = k.column1 AND t.value = k.column2";
    // Many calls may bring one value.
    let mut values: BTreeSet<(Tenant, String)> = BTreeSet::new();
    for (tenant, key) in keys {
        values.extend(spellings(key).map(|value| (*tenant, value)));
    }
    let values = values
        .into_iter()
        .map(|(tenant, value)| vec![tenant.uuid().into(), value.into()]);
    let values: Vec<Vec<Value>> = values.collect();
    let mut entries: HashMap<Tenant, Vec<Entry>> = HashMap::new();
    for chunk in values.chunks(VALUES_PER_STATEMENT_MAX) {
        let backend = conn.get_database_backend();
        let (list, parameters) = store::values(backend, 1, &[Column::Uuid, Column::Text], chunk.to_vec());
        let found = look_up(backend, &list, "blocked_value", ON);
        let sql = format!("SELECT t.tenant_id, t.kind, t.value FROM {found}");
        for row in &conn.query_all_raw(statement(conn, &sql, parameters)).await? {
            entries.entry(row.tenant("tenant_id")?).or_default().push(entry(row)?);
        }
    }
    let of_tenant = |(tenant, entries)| (tenant, Blocklist::new(entries));
    Ok(Blocklists(
        entries.into_iter().map(of_tenant).collect(),
        Blocklist::default(),
    ))
}

/// The value of an entry, if the tenant has blocked it.
pub(crate) async fn of_entry(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    entry: &Entry,
) -> Result<Option<BlockedValue>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM blocked_value WHERE tenant_id = $1 AND value = $2 AND kind = $3");
    let parameters: [Value; 3] = [
        tenant.uuid().into(),
        entry.value.clone().into(),
        code(entry.kind).into(),
    ];
    let row = conn.query_one_raw(statement(conn, &sql, parameters)).await?;
    row.as_ref().map(blocked_value).transpose()
}

/// How many values the tenant has blocked.
pub(crate) async fn count(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<usize, Fault> {
    let sql = "SELECT COUNT(*) AS number FROM blocked_value WHERE tenant_id = $1";
    let row = conn.query_one_raw(statement(conn, sql, [tenant.uuid().into()])).await?;
    let number: i64 = row.map_or(Ok(0), |row| row.get("number"))?;
    usize::try_from(number).map_err(Fault::internal)
}

/// Values after an id, or from the first one, the oldest first.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    after: Option<BlockedValueId>,
    rows_max: i64,
) -> Result<Vec<BlockedValue>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM blocked_value WHERE tenant_id = $1 AND blocked_value_id > $2 \
         ORDER BY blocked_value_id LIMIT $3"
    );
    let after = after.map_or(Uuid::nil(), BlockedValueId::uuid);
    let parameters: [Value; 3] = [tenant.uuid().into(), after.into(), rows_max.into()];
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    rows.iter().map(blocked_value).collect()
}

/// Inserts a value. One that somebody else has blocked meanwhile is a lost race.
pub(crate) async fn insert(conn: &impl ConnectionTrait, tenant: Tenant, value: &BlockedValue) -> Result<(), Fault> {
    let head = format!("INSERT INTO blocked_value (tenant_id, {COLUMNS})");
    let row = vec![
        tenant.uuid().into(),
        value.id.uuid().into(),
        code(value.entry.kind).into(),
        value.entry.value.clone().into(),
        value.note.clone().into(),
        value.create_time.micros().into(),
    ];
    store::insert_rows(conn, &head, vec![row], "").await.map(drop)
}

/// Deletes a value and answers with it; none where the tenant has no such one.
pub(crate) async fn delete(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    id: BlockedValueId,
) -> Result<Option<BlockedValue>, Fault> {
    let sql = format!("DELETE FROM blocked_value WHERE tenant_id = $1 AND blocked_value_id = $2 RETURNING {COLUMNS}");
    let parameters: [Value; 2] = [tenant.uuid().into(), id.uuid().into()];
    let row = conn.query_one_raw(statement(conn, &sql, parameters)).await?;
    row.as_ref().map(blocked_value).transpose()
}

fn code(kind: Option<Kind>) -> &'static str {
    kind.map_or(EVERY_KIND, Kind::code)
}

fn entry(row: &QueryResult) -> Result<Entry, Fault> {
    let code: String = row.get("kind")?;
    let kind = match code.as_str() {
        EVERY_KIND => None,
        code => {
            let kind = Kind::from_code(code);
            Some(kind.ok_or_else(|| unreadable("blocked_value", format!("the kind {code}")))?)
        }
    };
    Ok(Entry {
        kind,
        value: row.get("value")?,
    })
}

fn blocked_value(row: &QueryResult) -> Result<BlockedValue, Fault> {
    Ok(BlockedValue {
        id: row.id("blocked_value_id")?,
        entry: entry(row)?,
        note: row.get("note")?,
        create_time: row.time("create_time")?,
    })
}
