use std::collections::HashMap;

use fault::Fault;
use kernel::Tenant;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Row, look_up, looked_up, statement, unreadable};

use crate::graph::identity::{Identity, Proof};
use crate::graph::key::{Key, Kind};
use crate::graph::member::MemberId;
use crate::graph::rows::member_list;

/// Rows that one statement names, with up to three parameters each.
const ROWS_PER_STATEMENT_MAX: usize = 5_000;
const EDGE: &str = "kind, scope, value, identity_id, proof, source_channel, link_time";

/// The members to whom verified keys lead.
pub(crate) async fn holders(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    keys: &[Key],
) -> Result<HashMap<Key, MemberId>, Fault> {
    let columns = [Column::Text, Column::Text, Column::Text];
    let mut holders = HashMap::new();
    for chunk in keys.chunks(ROWS_PER_STATEMENT_MAX) {
        let rows = chunk.iter().map(|key| {
            vec![
                key.kind.code().into(),
                key.scope.clone().into(),
                key.value.clone().into(),
            ]
        });
        let (list, mut parameters) = store::values(conn.get_database_backend(), 2, &columns, rows.collect());
        parameters.insert(0, tenant.uuid().into());
        let on = "t.tenant_id = $1 AND t.kind = k.column1 AND t.scope = k.column2 AND t.value = k.column3";
        let found = look_up(conn.get_database_backend(), &list, "identity", on);
        let sql = format!("SELECT t.kind, t.scope, t.value, t.member_id FROM {found}");
        for row in &conn.query_all_raw(statement(conn, &sql, parameters)).await? {
            holders.insert(key(row)?, row.id("member_id")?);
        }
    }
    Ok(holders)
}

/// The edges of members, verified and claimed, in the order in which they were linked.
pub(crate) async fn of_members(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    ids: &[MemberId],
) -> Result<HashMap<MemberId, Vec<Identity>>, Fault> {
    const OF_MEMBER: &str = "t.tenant_id = $1 AND t.member_id = k.column1";
    let backend = conn.get_database_backend();
    let (list, mut parameters) = member_list(conn, ids);
    parameters.insert(0, tenant.uuid().into());
    let sql = format!(
        "SELECT member_id, {EDGE}, TRUE AS verified FROM {} \
         UNION ALL SELECT member_id, {EDGE}, FALSE AS verified FROM {} ORDER BY link_time, identity_id",
        look_up(backend, &list, "identity", OF_MEMBER),
        look_up(backend, &list, "claim", OF_MEMBER),
    );
    let mut edges: HashMap<MemberId, Vec<Identity>> = HashMap::new();
    for row in &conn.query_all_raw(statement(conn, &sql, parameters)).await? {
        let edge = identity(row, row.get("verified")?)?;
        edges.entry(row.id("member_id")?).or_default().push(edge);
    }
    Ok(edges)
}

/// Inserts edges. A verified key that somebody else inserted meanwhile is a lost race.
pub(crate) async fn insert(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    edges: &[(MemberId, &Identity)],
) -> Result<(), Fault> {
    let rows = |verified: bool| -> Vec<Vec<Value>> {
        let edges = edges.iter().filter(|(_, edge)| edge.verified == verified);
        edges.map(|(member, edge)| edge_values(tenant, *member, edge)).collect()
    };
    store::insert_rows(
        conn,
        &format!("INSERT INTO identity (tenant_id, member_id, {EDGE})"),
        rows(true),
        "",
    )
    .await?;
    store::insert_rows(
        conn,
        &format!("INSERT INTO claim (tenant_id, member_id, {EDGE})"),
        rows(false),
        "",
    )
    .await?;
    Ok(())
}

/// Deletes edges of members whose rows are locked.
pub(crate) async fn delete(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    edges: &[(MemberId, &Identity)],
) -> Result<(), Fault> {
    let (verified, claims): (Vec<_>, Vec<_>) = edges.iter().partition(|(_, edge)| edge.verified);
    let tables: [(&str, &[&str], _); 2] = [
        ("identity", &["tenant_id", "kind", "scope", "value"], verified),
        ("claim", &["tenant_id", "member_id", "kind", "scope", "value"], claims),
    ];
    for (table, key, edges) in tables {
        for chunk in edges.chunks(ROWS_PER_STATEMENT_MAX) {
            let backend = conn.get_database_backend();
            let rows = chunk
                .iter()
                .map(|(member, edge)| vec![member.uuid().into(), edge.id.uuid().into()]);
            let (list, of_list) = store::values(backend, 2, &[Column::Uuid, Column::Uuid], rows.collect());
            let on = "t.tenant_id = $1 AND t.member_id = k.column1 AND t.identity_id = k.column2";
            let sql = format!(
                "DELETE FROM {table} WHERE {}",
                looked_up(backend, &list, table, key, on)
            );
            let parameters = [vec![tenant.uuid().into()], of_list].concat();
            conn.execute_raw(statement(conn, &sql, parameters)).await?;
        }
    }
    Ok(())
}

fn edge_values(tenant: Tenant, member: MemberId, edge: &Identity) -> Vec<Value> {
    vec![
        tenant.uuid().into(),
        member.uuid().into(),
        edge.key.kind.code().into(),
        edge.key.scope.clone().into(),
        edge.key.value.clone().into(),
        edge.id.uuid().into(),
        edge.proof.code().into(),
        edge.source_channel.clone().into(),
        edge.link_time.micros().into(),
    ]
}

/// The edge in the columns `kind, scope, value, identity_id, proof, source_channel, link_time`.
fn identity(row: &QueryResult, verified: bool) -> Result<Identity, Fault> {
    let proof: String = row.get("proof")?;
    Ok(Identity {
        id: row.id("identity_id")?,
        key: key(row)?,
        proof: Proof::from_code(&proof).ok_or_else(|| unreadable("identity", format!("the proof {proof}")))?,
        verified,
        source_channel: row.get("source_channel")?,
        link_time: row.time("link_time")?,
    })
}

/// The key in the columns `kind, scope, value`.
fn key(row: &QueryResult) -> Result<Key, Fault> {
    let kind: String = row.get("kind")?;
    Ok(Key {
        kind: Kind::from_code(&kind).ok_or_else(|| unreadable("identity", format!("the kind {kind}")))?,
        scope: row.get("scope")?,
        value: row.get("value")?,
    })
}
