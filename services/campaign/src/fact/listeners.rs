//! The facts that let members enter versions, and those that versions wait for.

use std::collections::BTreeSet;

use fault::Fault;
use kernel::Tenant;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Value};
use store::{Column, Row, insert_rows, look_up, statement, values};

use super::{FactKey, FactType};
use crate::journey::versions::rows::VersionKey;

/// A fact that lets members enter a version.
#[derive(Clone, Debug)]
pub(crate) struct Entrance {
    pub(crate) fact: FactKey,
    pub(crate) version: VersionKey,
}

/// Opens the entrance to a new version, and closes the one to the version before.
pub(crate) async fn open(conn: &impl ConnectionTrait, entrance: &Entrance) -> Result<(), Fault> {
    // Where the fact stays the same, the row stays too: a transaction that holds it waits here, and then sees the new version.
    const OPEN: &str = "INSERT INTO entrance (tenant_id, fact_type, fact_code, journey_code, version) \
         VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (tenant_id, fact_type, fact_code, journey_code) DO UPDATE SET version = excluded.version";
    const CLOSE_OTHERS: &str = "DELETE FROM entrance WHERE tenant_id = $1 AND journey_code = $2 AND version <> $3";
    let Entrance { fact, version } = entrance;
    let number = i64::from(version.version);
    let open: [Value; 5] = [
        version.tenant.uuid().into(),
        fact.kind.name().into(),
        fact.code.clone().into(),
        version.journey_code.clone().into(),
        number.into(),
    ];
    conn.execute_raw(statement(conn, OPEN, open)).await?;
    let others: [Value; 3] = [
        version.tenant.uuid().into(),
        version.journey_code.clone().into(),
        number.into(),
    ];
    conn.execute_raw(statement(conn, CLOSE_OTHERS, others)).await?;
    Ok(())
}

/// Closes every entrance to a journey.
pub(crate) async fn close(conn: &impl ConnectionTrait, tenant: Tenant, journey_code: &str) -> Result<(), Fault> {
    const CLOSE: &str = "DELETE FROM entrance WHERE tenant_id = $1 AND journey_code = $2";
    conn.execute_raw(statement(conn, CLOSE, [tenant.uuid().into(), journey_code.into()]))
        .await?;
    Ok(())
}

/// Notes the facts that a version waits for.
pub(crate) async fn await_facts(
    conn: &impl ConnectionTrait,
    version: &VersionKey,
    keys: &BTreeSet<&FactKey>,
) -> Result<(), Fault> {
    let rows = keys.iter().map(|key| {
        vec![
            version.tenant.uuid().into(),
            key.kind.name().into(),
            key.code.clone().into(),
            version.journey_code.clone().into(),
            i64::from(version.version).into(),
        ]
    });
    let head = "INSERT INTO awaited (tenant_id, fact_type, fact_code, journey_code, version)";
    insert_rows(conn, head, rows.collect(), "").await?;
    Ok(())
}

/// The entrances that facts of these types open. They stay open until the transaction ends, so that no run begins on a
/// version that was replaced meanwhile.
pub(crate) async fn entrances(
    conn: &impl ConnectionTrait,
    types: &BTreeSet<(Tenant, FactType)>,
) -> Result<Vec<Entrance>, Fault> {
    let lock = match conn.get_database_backend() {
        DbBackend::Postgres => " ORDER BY t.journey_code FOR SHARE",
        _ => "",
    };
    let rows = listening(
        conn,
        "SELECT tenant_id, fact_type, fact_code, journey_code, version",
        "entrance",
        types,
        lock,
    );
    rows.await?
        .iter()
        .map(|row| {
            let version = VersionKey {
                tenant: row.tenant("tenant_id")?,
                journey_code: row.get("journey_code")?,
                version: row.int("version")?,
            };
            Ok(Entrance {
                fact: key(row)?,
                version,
            })
        })
        .collect()
}

/// The facts of these types that any version waits for.
pub(crate) async fn awaited(
    conn: &impl ConnectionTrait,
    types: &BTreeSet<(Tenant, FactType)>,
) -> Result<BTreeSet<(Tenant, FactKey)>, Fault> {
    let rows = listening(
        conn,
        "SELECT DISTINCT tenant_id, fact_type, fact_code",
        "awaited",
        types,
        "",
    )
    .await?;
    rows.iter()
        .map(|row| Ok((row.tenant("tenant_id")?, key(row)?)))
        .collect()
}

async fn listening(
    conn: &impl ConnectionTrait,
    select: &str,
    table: &str,
    types: &BTreeSet<(Tenant, FactType)>,
    lock: &str,
) -> Result<Vec<QueryResult>, Fault> {
    if types.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = types
        .iter()
        .map(|(tenant, of)| vec![tenant.uuid().into(), of.name().into()])
        .collect();
    let backend = conn.get_database_backend();
    let (list, parameters) = values(backend, 1, &[Column::Uuid, Column::Text], wanted);
    let on = format!("t.tenant_id = k.column1 AND t.fact_type = k.column2{lock}");
    let sql = format!("{select} FROM {}", look_up(backend, &list, table, &on));
    Ok(conn.query_all_raw(statement(conn, &sql, parameters)).await?)
}

fn key(row: &QueryResult) -> Result<FactKey, Fault> {
    let name: String = row.get("fact_type")?;
    let fact_type = FactType::parse(&name).ok_or_else(|| Fault::internal(format!("no fact is called {name}")))?;
    Ok(FactKey {
        kind: fact_type,
        code: row.get("fact_code")?,
    })
}

/// Forgets the facts that versions waited for which no run follows any more, and no member can enter.
pub(crate) async fn forget_unfollowed(conn: &impl ConnectionTrait) -> Result<u64, Fault> {
    const FORGET: &str = "DELETE FROM awaited WHERE NOT EXISTS (SELECT 1 FROM entrance AS e \
             WHERE e.tenant_id = awaited.tenant_id AND e.journey_code = awaited.journey_code \
             AND e.version = awaited.version) \
         AND NOT EXISTS (SELECT 1 FROM node_figure AS f WHERE f.tenant_id = awaited.tenant_id \
             AND f.journey_code = awaited.journey_code AND f.version = awaited.version \
             GROUP BY f.version HAVING SUM(f.started - f.ended - f.stopped) > 0)";
    Ok(conn.execute_raw(statement(conn, FORGET, [])).await?.rows_affected())
}
