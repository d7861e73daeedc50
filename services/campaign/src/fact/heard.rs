use std::collections::{BTreeMap, BTreeSet};

use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Row, insert_rows, look_up, statement, values};

use super::{Fact, FactType};
use crate::run::MemberId;
use crate::store::OF_MEMBER;

/// Facts by the member whom they are about.
pub(crate) type Heard = BTreeMap<(Tenant, MemberId), Vec<Fact>>;

/// Keeps facts for the waits of runs. One that is kept already stays as it is.
pub(crate) async fn insert(conn: &impl ConnectionTrait, heard: &Heard) -> Result<(), Fault> {
    const HEAD: &str =
        "INSERT INTO heard (tenant_id, member_id, fact_id, fact_type, fact_code, happen_time, reference, fields)";
    let facts = heard
        .iter()
        .flat_map(|(about, facts)| facts.iter().map(move |fact| (about, fact)));
    let rows = facts.map(|((tenant, member), fact)| -> Result<Vec<Value>, Fault> {
        Ok(vec![
            tenant.uuid().into(),
            member.uuid().into(),
            fact.id.into(),
            fact.kind.name().into(),
            fact.code.clone().into(),
            fact.happen_time.micros().into(),
            fact.reference.clone().into(),
            serde_json::to_string(&fact.fields).map_err(Fault::internal)?.into(),
        ])
    });
    let rows: Result<Vec<Vec<Value>>, Fault> = rows.collect();
    insert_rows(conn, HEAD, rows?, "ON CONFLICT DO NOTHING").await?;
    Ok(())
}

/// The facts about these members that happened at a time or later.
pub(crate) async fn about(
    conn: &impl ConnectionTrait,
    members: &BTreeSet<(Tenant, MemberId)>,
    since: Time,
) -> Result<Heard, Fault> {
    let mut heard = Heard::new();
    if members.is_empty() {
        return Ok(heard);
    }
    let wanted = members
        .iter()
        .map(|(tenant, member)| vec![tenant.uuid().into(), member.uuid().into()])
        .collect();
    let columns = [Column::Uuid, Column::Uuid];
    let backend = conn.get_database_backend();
    let (list, mut parameters) = values(backend, 2, &columns, wanted);
    parameters.insert(0, since.micros().into());
    let sql = format!(
        "SELECT tenant_id, member_id, fact_id, fact_type, fact_code, happen_time, reference, fields FROM {}",
        look_up(backend, &list, "heard", &format!("{OF_MEMBER} AND t.happen_time >= $1"))
    );
    for row in conn.query_all_raw(statement(conn, &sql, parameters)).await? {
        let about = (row.tenant("tenant_id")?, row.id("member_id")?);
        heard.entry(about).or_default().push(fact(&row)?);
    }
    Ok(heard)
}

/// Gives the facts about a member to the one with whom it was merged.
pub(crate) async fn move_all(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    from: MemberId,
    to: MemberId,
) -> Result<(), Fault> {
    // Where both have heard of one fact, the survivor's stays.
    const DROP_KNOWN: &str = "DELETE FROM heard WHERE tenant_id = $1 AND member_id = $2 \
         AND fact_id IN (SELECT fact_id FROM heard WHERE tenant_id = $1 AND member_id = $3)";
    const MOVE: &str = "UPDATE heard SET member_id = $3 WHERE tenant_id = $1 AND member_id = $2";
    let parameters: [Value; 3] = [tenant.uuid().into(), from.uuid().into(), to.uuid().into()];
    conn.execute_raw(statement(conn, DROP_KNOWN, parameters.clone()))
        .await?;
    conn.execute_raw(statement(conn, MOVE, parameters)).await?;
    Ok(())
}

/// Forgets facts that happened before a time, a bounded number at once; answers how many.
pub(crate) async fn forget(conn: &impl ConnectionTrait, before: Time, limit: usize) -> Result<u64, Fault> {
    const FORGET: &str = "DELETE FROM heard WHERE (tenant_id, member_id, fact_id) IN \
         (SELECT tenant_id, member_id, fact_id FROM heard WHERE happen_time < $1 LIMIT $2)";
    let limit = i64::try_from(limit).map_err(Fault::internal)?;
    let parameters: [Value; 2] = [before.micros().into(), limit.into()];
    Ok(conn
        .execute_raw(statement(conn, FORGET, parameters))
        .await?
        .rows_affected())
}

fn fact(row: &QueryResult) -> Result<Fact, Fault> {
    let name: String = row.get("fact_type")?;
    Ok(Fact {
        id: row.get("fact_id")?,
        kind: FactType::parse(&name).ok_or_else(|| Fault::internal(format!("no fact is called {name}")))?,
        code: row.get("fact_code")?,
        happen_time: row.time("happen_time")?,
        fields: serde_json::from_str(&row.get::<String>("fields")?).map_err(Fault::internal)?,
        reference: row.get("reference")?,
    })
}
