use fault::Fault;
use kernel::Tenant;
use sea_orm::{ConnectionTrait, QueryResult};
use store::{Row, for_update, statement, unreadable};

use super::link::{CallMade, Event, Link, LinkHash};

/// The end of a tenant's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) sequence: i64,
    pub(crate) hash: LinkHash,
}

/// A link as it was written, with its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) link: Link,
    pub(crate) hash: LinkHash,
}

const COLUMNS: &str =
    "sequence, call_sequence, create_time, subject, method, request_id, peer_address, code, resources, hash";

/// The end of a chain, locked until the transaction ends, so that links are written one after the other. A chain that has
/// none yet gets one.
pub(crate) async fn lock_head(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<Head, Fault> {
    const BEGIN: &str =
        "INSERT INTO audit_head (tenant_id, sequence, hash) VALUES ($1, 0, $2) ON CONFLICT (tenant_id) DO NOTHING";
    let lock = for_update(conn.get_database_backend());
    if let Some(head) = one_head(conn, tenant, lock).await? {
        return Ok(head);
    }
    let values = [tenant.uuid().into(), LinkHash::NONE.bytes().to_vec().into()];
    conn.execute_raw(statement(conn, BEGIN, values)).await?;
    let head = one_head(conn, tenant, lock).await?;
    head.ok_or(Fault::Contended)
}

/// The end of a chain, where there is one.
pub(crate) async fn head(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<Option<Head>, Fault> {
    one_head(conn, tenant, "").await
}

async fn one_head(conn: &impl ConnectionTrait, tenant: Tenant, lock: &str) -> Result<Option<Head>, Fault> {
    let sql = format!("SELECT sequence, hash FROM audit_head WHERE tenant_id = $1{lock}");
    let row = conn
        .query_one_raw(statement(conn, &sql, [tenant.uuid().into()]))
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Head {
        sequence: row.get("sequence")?,
        hash: hash(&row, "hash")?,
    }))
}

/// Writes a link at the end of a chain that is locked.
pub(crate) async fn append(conn: &impl ConnectionTrait, tenant: Tenant, written: &Written) -> Result<(), Fault> {
    const MOVE: &str = "UPDATE audit_head SET sequence = $2, hash = $3 WHERE tenant_id = $1";
    let insert =
        format!("INSERT INTO audit_entry (tenant_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
    let Written { link, hash } = written;
    let none = CallMade::default();
    let (call, call_sequence, code) = match &link.event {
        Event::Call(call) => (call, None, None),
        Event::Outcome { call_sequence, code } => (&none, Some(*call_sequence), Some(code.clone())),
    };
    let values = [
        tenant.uuid().into(),
        link.sequence.into(),
        call_sequence.into(),
        link.create_time.micros().into(),
        call.subject.clone().into(),
        call.method.clone().into(),
        call.request_id.clone().into(),
        call.peer_address.clone().into(),
        code.into(),
        link.resources.clone().into(),
        hash.bytes().to_vec().into(),
    ];
    conn.execute_raw(statement(conn, &insert, values)).await?;
    let values = [tenant.uuid().into(), link.sequence.into(), hash.bytes().to_vec().into()];
    conn.execute_raw(statement(conn, MOVE, values)).await?;
    Ok(())
}

/// The links of a chain after one, in their order.
pub(crate) async fn after(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    sequence: i64,
    rows_max: i64,
) -> Result<Vec<Written>, Fault> {
    let sql =
        format!("SELECT {COLUMNS} FROM audit_entry WHERE tenant_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3");
    let values = [tenant.uuid().into(), sequence.into(), rows_max.into()];
    let rows = conn.query_all_raw(statement(conn, &sql, values)).await?;
    rows.iter().map(read).collect()
}

/// The tenants that have a chain, by what is left of it.
pub(crate) async fn tenants(conn: &impl ConnectionTrait) -> Result<Vec<Tenant>, Fault> {
    const SQL: &str = "SELECT tenant_id FROM audit_head UNION SELECT tenant_id FROM tenant ORDER BY tenant_id";
    let rows = conn.query_all_raw(statement(conn, SQL, [])).await?;
    rows.iter().map(|row| row.tenant(0)).collect()
}

/// A call with its outcome, where it is known.
#[derive(Debug)]
pub(crate) struct CallWithOutcome {
    pub(crate) call: Written,
    pub(crate) outcome: Option<Written>,
}

/// The calls of a tenant before a place in its chain, the newest first; of one caller, or of all.
pub(crate) async fn calls_before(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    before: i64,
    subject: &str,
    rows_max: i64,
) -> Result<Vec<CallWithOutcome>, Fault> {
    let columns = |table: &str, prefix: &str| {
        let named = COLUMNS
            .split(", ")
            .map(|column| format!("{table}.{column} AS {prefix}{column}"));
        named.collect::<Vec<_>>().join(", ")
    };
    let of_one = if subject.is_empty() { "" } else { " AND c.subject = $4" };
    let sql = format!(
        "SELECT {}, {} FROM audit_entry c
        LEFT JOIN audit_entry o ON o.tenant_id = c.tenant_id AND o.call_sequence = c.sequence
        WHERE c.tenant_id = $1 AND c.sequence < $2 AND c.call_sequence IS NULL{of_one}
        ORDER BY c.sequence DESC LIMIT $3",
        columns("c", "c_"),
        columns("o", "o_"),
    );
    let mut values = vec![tenant.uuid().into(), before.into(), rows_max.into()];
    if !subject.is_empty() {
        values.push(subject.into());
    }
    let rows = conn.query_all_raw(statement(conn, &sql, values)).await?;
    let both = |row: &QueryResult| {
        let has_ended = row.get::<Option<i64>>("o_sequence")?.is_some();
        Ok(CallWithOutcome {
            call: read_as(row, "c_")?,
            outcome: has_ended.then(|| read_as(row, "o_")).transpose()?,
        })
    };
    rows.iter().map(both).collect()
}

fn read(row: &QueryResult) -> Result<Written, Fault> {
    read_as(row, "")
}

fn read_as(row: &QueryResult, prefix: &str) -> Result<Written, Fault> {
    let column = |name: &str| format!("{prefix}{name}");
    let text = |name: &str| row.get::<String>(&*column(name));
    let code: Option<String> = row.get(&*column("code"))?;
    let call_sequence: Option<i64> = row.get(&*column("call_sequence"))?;
    let event = match call_sequence {
        Some(call_sequence) => Event::Outcome {
            call_sequence,
            code: code.unwrap_or_default(),
        },
        None => Event::Call(CallMade {
            subject: text("subject")?,
            method: text("method")?,
            request_id: text("request_id")?,
            peer_address: text("peer_address")?,
        }),
    };
    Ok(Written {
        link: Link {
            sequence: row.get(&*column("sequence"))?,
            create_time: row.time(&*column("create_time"))?,
            event,
            resources: text("resources")?,
        },
        hash: hash(row, &column("hash"))?,
    })
}

fn hash(row: &QueryResult, column: &str) -> Result<LinkHash, Fault> {
    let bytes: Vec<u8> = row.get(column)?;
    LinkHash::from_row(&bytes).ok_or_else(|| unreadable("audit_entry", "a hash that has not 32 bytes"))
}
