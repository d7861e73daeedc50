use std::collections::HashMap;

use fault::Fault;
use kernel::Tenant;
use sea_orm::{ConnectionTrait, Value};
use store::{Column, Columns, look_up, looked_up, statement, unreadable};

use crate::graph::identity::{Identity, Proof};
use crate::graph::key::{Key, Kind};
use crate::graph::member::MemberId;
use crate::graph::rows::{OF_MEMBER, member_list};

/// Rows that one statement names, with up to three parameters each.
const ROWS_PER_STATEMENT_MAX: usize = 5_000;
const EDGE: &str = "kind, scope, value, identity_id, proof, source_channel, link_time";

/// The members to whom verified keys of tenants lead.
pub(crate) async fn holders(
    conn: &impl ConnectionTrait,
    keys: &[(Tenant, &Key)],
) -> Result<HashMap<(Tenant, Key), MemberId>, Fault> {
    const ON: &str = "t.tenant_id = k.column1 AND t.kind = k.column2 AND t.scope = k.column3 AND t.value = k.column4";
    let columns = [Column::Uuid, Column::Text, Column::Text, Column::Text];
    let mut holders = HashMap::with_capacity(keys.len());
    for chunk in keys.chunks(ROWS_PER_STATEMENT_MAX) {
        let rows = chunk.iter().map(|(tenant, key)| {
            vec![
                tenant.uuid().into(),
                key.kind.code().into(),
                key.scope.clone().into(),
                key.value.clone().into(),
            ]
        });
        let backend = conn.get_database_backend();
        let (list, parameters) = store::values(backend, 1, &columns, rows.collect());
        let found = look_up(backend, &list, "identity", ON);
        let sql = format!("SELECT t.tenant_id, t.member_id, t.kind, t.scope, t.value FROM {found}");
        for row in &conn.query_all_raw(statement(conn, &sql, parameters)).await? {
            let mut columns = Columns::of(row);
            let (tenant, member) = (columns.tenant()?, columns.id()?);
            holders.insert((tenant, key(&mut columns)?), member);
        }
    }
    Ok(holders)
}

/// The edges of members, verified and claimed, in the order in which they were linked.
pub(crate) async fn of_members(
    conn: &impl ConnectionTrait,
    ids: &[(Tenant, MemberId)],
) -> Result<HashMap<(Tenant, MemberId), Vec<Identity>>, Fault> {
    let backend = conn.get_database_backend();
    let (list, parameters) = member_list(conn, ids);
    let sql = format!(
        "SELECT tenant_id, member_id, TRUE AS verified, {EDGE} FROM {} \
         UNION ALL SELECT tenant_id, member_id, FALSE AS verified, {EDGE} FROM {} ORDER BY link_time, identity_id",
        look_up(backend, &list, "identity", OF_MEMBER),
        look_up(backend, &list, "claim", OF_MEMBER),
    );
    let mut edges: HashMap<(Tenant, MemberId), Vec<Identity>> = HashMap::with_capacity(ids.len());
    for row in &conn.query_all_raw(statement(conn, &sql, parameters)).await? {
        let mut columns = Columns::of(row);
        let member = (columns.tenant()?, columns.id()?);
        edges.entry(member).or_default().push(identity(&mut columns)?);
    }
    Ok(edges)
}

/// An edge with whose it is.
pub(crate) type Edge<'g> = (Tenant, MemberId, &'g Identity);

/// Inserts edges. A verified key that somebody else inserted meanwhile is a lost race.
pub(crate) async fn insert(conn: &impl ConnectionTrait, edges: &[Edge<'_>]) -> Result<(), Fault> {
    for (table, verified) in [("identity", true), ("claim", false)] {
        let edges = edges.iter().filter(|(.., edge)| edge.verified == verified);
        let head = format!("INSERT INTO {table} (tenant_id, member_id, {EDGE})");
        store::insert_rows(conn, &head, edges.map(edge_values).collect(), "").await?;
    }
    Ok(())
}

/// Deletes edges of members whose rows are locked.
pub(crate) async fn delete(conn: &impl ConnectionTrait, edges: &[Edge<'_>]) -> Result<(), Fault> {
    const ON: &str = "t.tenant_id = k.column1 AND t.member_id = k.column2 AND t.identity_id = k.column3";
    let (verified, claims): (Vec<_>, Vec<_>) = edges.iter().partition(|(.., edge)| edge.verified);
    let tables: [(&str, &[&str], _); 2] = [
        ("identity", &["tenant_id", "kind", "scope", "value"], verified),
        ("claim", &["tenant_id", "member_id", "kind", "scope", "value"], claims),
    ];
    for (table, key, edges) in tables {
        for chunk in edges.chunks(ROWS_PER_STATEMENT_MAX) {
            let backend = conn.get_database_backend();
            let row = |(tenant, member, edge): &Edge<'_>| {
                vec![tenant.uuid().into(), member.uuid().into(), edge.id.uuid().into()]
            };
            let rows = chunk.iter().map(row).collect();
            let (list, parameters) = store::values(backend, 1, &[Column::Uuid; 3], rows);
            let named = looked_up(backend, &list, table, key, ON);
            let sql = format!("DELETE FROM {table} WHERE {named}");
            conn.execute_raw(statement(conn, &sql, parameters)).await?;
        }
    }
    Ok(())
}

fn edge_values((tenant, member, edge): &Edge<'_>) -> Vec<Value> {
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

/// Whether it is verified, and the edge in the columns of [`EDGE`].
fn identity(columns: &mut Columns<'_>) -> Result<Identity, Fault> {
    let (verified, key, id) = (columns.take()?, key(columns)?, columns.id()?);
    let proof: String = columns.take()?;
    Ok(Identity {
        id,
        key,
        proof: Proof::from_code(&proof).ok_or_else(|| unreadable("identity", format!("the proof {proof}")))?,
        verified,
        source_channel: columns.take()?,
        link_time: columns.time()?,
    })
}

/// The key in the columns `kind, scope, value`.
fn key(columns: &mut Columns<'_>) -> Result<Key, Fault> {
    let kind: String = columns.take()?;
    Ok(Key {
        kind: Kind::from_code(&kind).ok_or_else(|| unreadable("identity", format!("the kind {kind}")))?,
        scope: columns.take()?,
        value: columns.take()?,
    })
}
