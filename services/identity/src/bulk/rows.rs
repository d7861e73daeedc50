use std::collections::HashMap;

use fault::Fault;
use kernel::Tenant;
use sea_orm::{ConnectionTrait, Value};
use store::{Column, Row, look_up, statement};

use crate::graph::member::MemberId;

/// The identity of an imported row, by which it takes effect once.
#[derive(Clone, Debug)]
pub(crate) struct ImportedRow {
    pub(crate) request_id: String,
    pub(crate) digest: Vec<u8>,
    pub(crate) member: MemberId,
}

/// The digests of those rows that were imported before, by their request ids. The caller keeps their number bounded.
pub(crate) async fn digests(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    request_ids: &[String],
) -> Result<HashMap<String, Vec<u8>>, Fault> {
    if request_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = request_ids.iter().map(|id| vec![id.clone().into()]).collect();
    let (list, mut parameters) = store::values(conn.get_database_backend(), 2, &[Column::Text], rows);
    parameters.insert(0, tenant.uuid().into());
    let on = "t.tenant_id = $1 AND t.request_id = k.column1";
    let found = look_up(conn.get_database_backend(), &list, "import_row", on);
    let sql = format!("SELECT request_id, digest FROM {found}");
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    rows.iter()
        .map(|row| Ok((row.get("request_id")?, row.get("digest")?)))
        .collect()
}

/// Notes that rows are imported.
pub(crate) async fn insert(conn: &impl ConnectionTrait, tenant: Tenant, rows: &[ImportedRow]) -> Result<(), Fault> {
    let values = rows.iter().map(|row| -> Vec<Value> {
        vec![
            tenant.uuid().into(),
            row.request_id.clone().into(),
            row.digest.clone().into(),
            row.member.uuid().into(),
        ]
    });
    let head = "INSERT INTO import_row (tenant_id, request_id, digest, member_id)";
    store::insert_rows(conn, head, values.collect(), "").await?;
    Ok(())
}
