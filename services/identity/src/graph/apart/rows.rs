//! Pairs of members that are two persons, because a merge of them was undone. Each pair stands in both orders.

use fault::Fault;
use kernel::Tenant;
use sea_orm::{ConnectionTrait, Value};
use store::{Row, Tx, look_up, statement};

use crate::graph::member::MemberId;
use crate::graph::rows::{OF_MEMBER, member_list};
use crate::graph::{Merge, Undo};

/// The pairs of these members with anybody, in both orders where both are among them.
pub(crate) async fn of_members(
    conn: &impl ConnectionTrait,
    members: &[(Tenant, MemberId)],
) -> Result<Vec<(Tenant, MemberId, MemberId)>, Fault> {
    if members.is_empty() {
        return Ok(Vec::new());
    }
    let (list, parameters) = member_list(conn, members);
    let found = look_up(conn.get_database_backend(), &list, "member_apart", OF_MEMBER);
    let sql = format!("SELECT tenant_id, member_id, other_id FROM {found}");
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    rows.iter()
        .map(|row| Ok((row.tenant(0)?, row.id(1)?, row.id(2)?)))
        .collect()
}

/// After a merge the two are one person, and a member that is apart from the absorbed one is apart from the survivor.
pub(crate) async fn inherit(tx: &Tx, tenant: Tenant, merge: &Merge) -> Result<(), Fault> {
    const FORGET: &str = "DELETE FROM member_apart WHERE tenant_id = $1 \
         AND ((member_id = $2 AND other_id = $3) OR (member_id = $3 AND other_id = $2))";
    const INHERIT: &str = "INSERT INTO member_apart (tenant_id, member_id, other_id, by_merge_id) \
         SELECT tenant_id, $3, other_id, $4 FROM member_apart WHERE tenant_id = $1 AND member_id = $2 \
         UNION ALL SELECT tenant_id, other_id, $3, $4 FROM member_apart WHERE tenant_id = $1 AND member_id = $2 \
         ON CONFLICT DO NOTHING";
    let [absorbed, survivor]: [Value; 2] = [merge.absorbed.uuid().into(), merge.survivor.id.uuid().into()];
    let pair = [tenant.uuid().into(), absorbed.clone(), survivor.clone()];
    tx.execute_raw(statement(&**tx, FORGET, pair)).await?;
    let parameters = [tenant.uuid().into(), absorbed, survivor, merge.id.uuid().into()];
    tx.execute_raw(statement(&**tx, INHERIT, parameters)).await?;
    Ok(())
}

/// After an undo the two are two persons, and the pairs that the survivor had inherited by the merge are deleted.
pub(crate) async fn part(tx: &Tx, tenant: Tenant, undo: &Undo) -> Result<(), Fault> {
    const FORGET: &str = "DELETE FROM member_apart WHERE tenant_id = $1 AND member_id = $2 AND by_merge_id = $3";
    const FORGET_OTHERS: &str = "DELETE FROM member_apart WHERE tenant_id = $1 AND other_id = $2 AND by_merge_id = $3";
    const PART: &str = "INSERT INTO member_apart (tenant_id, member_id, other_id)";
    let [restored, survivor]: [Value; 2] = [undo.restored.id.uuid().into(), undo.survivor.id.uuid().into()];
    for forget in [FORGET, FORGET_OTHERS] {
        let parameters = [tenant.uuid().into(), survivor.clone(), undo.merge.uuid().into()];
        tx.execute_raw(statement(&**tx, forget, parameters)).await?;
    }
    let pairs = [[restored.clone(), survivor.clone()], [survivor, restored]];
    let rows = pairs
        .into_iter()
        .map(|[one, other]| vec![tenant.uuid().into(), one, other]);
    store::insert_rows(&**tx, PART, rows.collect(), "ON CONFLICT DO NOTHING").await?;
    Ok(())
}
