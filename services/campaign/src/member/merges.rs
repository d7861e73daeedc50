use std::collections::BTreeSet;

use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Row, insert_rows, looked_up, statement, stuck, values};

use super::merge::Merge;
use crate::member::strays::STRAYS;
use crate::run::MemberId;
use crate::store::lock_listed;

/// Notes merges that are to be looked at once more.
pub(crate) async fn note(conn: &impl ConnectionTrait, merges: &[Merge], look_time: Time) -> Result<(), Fault> {
    const HEAD: &str = "INSERT INTO recent_merge (tenant_id, from_id, to_id, look_time)";
    const TAIL: &str = "ON CONFLICT (tenant_id, from_id) \
         DO UPDATE SET to_id = excluded.to_id, look_time = excluded.look_time";
    for merge in merges {
        // One by one: a batch may merge a member twice, which one statement may not.
        insert_rows(conn, HEAD, vec![row(merge, look_time)], TAIL).await?;
    }
    Ok(())
}

fn row(merge: &Merge, look_time: Time) -> Vec<Value> {
    let Merge {
        tenant,
        absorbed,
        survivor,
    } = merge;
    vec![
        tenant.uuid().into(),
        absorbed.uuid().into(),
        survivor.uuid().into(),
        look_time.micros().into(),
    ]
}

/// A merge that was undone is not looked at any more.
pub(crate) async fn forget(conn: &impl ConnectionTrait, tenant: Tenant, from: MemberId) -> Result<(), Fault> {
    const FORGET: &str = "DELETE FROM recent_merge WHERE tenant_id = $1 AND from_id = $2";
    conn.execute_raw(statement(conn, FORGET, [tenant.uuid().into(), from.uuid().into()]))
        .await?;
    Ok(())
}

/// When the next merge is to be looked at; none where there is none.
pub(crate) async fn next_look(conn: &impl ConnectionTrait) -> Result<Option<Time>, Fault> {
    const NEXT: &str = "SELECT MIN(look_time) AS look_time FROM recent_merge";
    let row = conn.query_one_raw(statement(conn, NEXT, [])).await?;
    row.map_or(Ok(None), |row| row.optional_time("look_time"))
}

/// The merges that are due and not set aside.
pub(crate) async fn due(conn: &impl ConnectionTrait, now: Time, limit: usize) -> Result<Vec<Merge>, Fault> {
    let item = stuck::id_text(conn.get_database_backend(), "recent_merge.from_id");
    let free = stuck::is_free(STRAYS, "recent_merge.tenant_id", &item, "$1");
    let sql = format!(
        "SELECT tenant_id, from_id, to_id FROM recent_merge WHERE look_time <= $1 AND {free} ORDER BY look_time LIMIT $2"
    );
    let limit = i64::try_from(limit).map_err(Fault::internal)?;
    let due: [Value; 2] = [now.micros().into(), limit.into()];
    let rows = conn.query_all_raw(statement(conn, &sql, due)).await?;
    rows.iter().map(merge).collect()
}

/// Takes merges off the list.
pub(crate) async fn take(conn: &impl ConnectionTrait, merges: &[Merge]) -> Result<(), Fault> {
    const OF_MERGE: &str = "t.tenant_id = k.column1 AND t.from_id = k.column2";
    // In the order of the keys, in which they are locked.
    let keys: BTreeSet<(Tenant, MemberId)> = merges.iter().map(|merge| (merge.tenant, merge.absorbed)).collect();
    let taken = keys
        .into_iter()
        .map(|(tenant, from)| vec![tenant.uuid().into(), from.uuid().into()])
        .collect();
    let backend = conn.get_database_backend();
    let (list, parameters) = values(backend, 1, &[Column::Uuid, Column::Uuid], taken);
    lock_listed(conn, (&list, &parameters), "recent_merge", OF_MERGE).await?;
    let found = looked_up(backend, &list, "recent_merge", &["tenant_id", "from_id"], OF_MERGE);
    let sql = format!("DELETE FROM recent_merge WHERE {found}");
    conn.execute_raw(statement(conn, &sql, parameters)).await?;
    Ok(())
}

fn merge(row: &QueryResult) -> Result<Merge, Fault> {
    Ok(Merge {
        tenant: row.tenant("tenant_id")?,
        absorbed: row.id("from_id")?,
        survivor: row.id("to_id")?,
    })
}
