use fault::Fault;
use sea_orm::ConnectionTrait;
use store::statement;

use super::{get, get_tenant};
use crate::consumers::Merge;
use crate::domain::run::MemberId;

/// Members who were merged, but of whom something was written afterwards by a transaction that had not seen the merge.
pub(crate) async fn find(conn: &impl ConnectionTrait, limit: usize) -> Result<Vec<Merge>, Fault> {
    const FIND: &str = "SELECT tenant_id, from_id, to_id FROM redirect AS r WHERE \
         EXISTS (SELECT 1 FROM entry WHERE tenant_id = r.tenant_id AND member_id = r.from_id) \
         OR EXISTS (SELECT 1 FROM heard WHERE tenant_id = r.tenant_id AND member_id = r.from_id) LIMIT $1";
    let limit = i64::try_from(limit).map_err(Fault::internal)?;
    let rows = conn.query_all_raw(statement(conn, FIND, [limit.into()])).await?;
    rows.iter()
        .map(|row| {
            Ok(Merge {
                tenant: get_tenant(row)?,
                from: MemberId::from_uuid(get(row, "from_id")?),
                to: MemberId::from_uuid(get(row, "to_id")?),
            })
        })
        .collect()
}
