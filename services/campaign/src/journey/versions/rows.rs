use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Row, look_up, statement, values};

/// The key of a published version.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct VersionKey {
    pub(crate) tenant: Tenant,
    pub(crate) journey_code: String,
    pub(crate) version: i32,
}

/// A published version, as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct VersionRow {
    pub(crate) key: VersionKey,
    /// The definition as the contract encodes it.
    pub(crate) definition: Vec<u8>,
    pub(crate) publish_time: Time,
}

const COLUMNS: &str = "tenant_id, journey_code, version, definition, publish_time";

pub(crate) async fn insert(conn: &impl ConnectionTrait, row: &VersionRow) -> Result<(), Fault> {
    let sql = format!("INSERT INTO journey_version ({COLUMNS}) VALUES ($1, $2, $3, $4, $5)");
    let parameters: [Value; 5] = [
        row.key.tenant.uuid().into(),
        row.key.journey_code.clone().into(),
        i64::from(row.key.version).into(),
        row.definition.clone().into(),
        row.publish_time.micros().into(),
    ];
    conn.execute_raw(statement(conn, &sql, parameters)).await?;
    Ok(())
}

/// The versions with these keys; the caller keeps their number bounded.
pub(crate) async fn find(conn: &impl ConnectionTrait, keys: &[VersionKey]) -> Result<Vec<VersionRow>, Fault> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = keys
        .iter()
        .map(|key| {
            vec![
                key.tenant.uuid().into(),
                key.journey_code.clone().into(),
                i64::from(key.version).into(),
            ]
        })
        .collect();
    let columns = [Column::Uuid, Column::Text, Column::Int];
    let backend = conn.get_database_backend();
    let (list, parameters) = values(backend, 1, &columns, wanted);
    let on = "t.tenant_id = k.column1 AND t.journey_code = k.column2 AND t.version = k.column3";
    let sql = format!(
        "SELECT {COLUMNS} FROM {}",
        look_up(backend, &list, "journey_version", on)
    );
    conn.query_all_raw(statement(conn, &sql, parameters))
        .await?
        .iter()
        .map(version)
        .collect()
}

fn version(row: &QueryResult) -> Result<VersionRow, Fault> {
    Ok(VersionRow {
        key: VersionKey {
            tenant: row.tenant("tenant_id")?,
            journey_code: row.get("journey_code")?,
            version: row.int("version")?,
        },
        definition: row.get("definition")?,
        publish_time: row.time("publish_time")?,
    })
}
