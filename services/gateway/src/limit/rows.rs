use fault::Fault;
use kernel::Time;
use sea_orm::ConnectionTrait;
use store::{Row, for_update, statement};

use super::Counted;
use super::budget::Budget;
use crate::tenant::time_zone::TimeZone;

/// A caller's budget, locked until the transaction ends; `new` where it has none yet.
pub(super) async fn lock(conn: &impl ConnectionTrait, of: Counted<'_>, new: Budget) -> Result<Budget, Fault> {
    const BEGIN: &str = "INSERT INTO request_budget (tenant_id, subject, left_micros, fill_time, day, day_count)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, subject) DO NOTHING";
    if let Some(budget) = find(conn, of).await? {
        return Ok(budget);
    }
    conn.execute_raw(statement(conn, BEGIN, values(of, new))).await?;
    find(conn, of).await?.ok_or(Fault::Contended)
}

/// Writes what is left of a budget.
pub(super) async fn save(conn: &impl ConnectionTrait, of: Counted<'_>, budget: Budget) -> Result<(), Fault> {
    const SQL: &str = "UPDATE request_budget SET left_micros = $3, fill_time = $4, day = $5, day_count = $6
        WHERE tenant_id = $1 AND subject = $2";
    conn.execute_raw(statement(conn, SQL, values(of, budget))).await?;
    Ok(())
}

/// The time zone of a tenant.
pub(super) async fn time_zone(conn: &impl ConnectionTrait, of: Counted<'_>) -> Result<TimeZone, Fault> {
    let row = crate::tenant::rows::find(conn, of.tenant).await?;
    Ok(row.map(|row| row.time_zone).unwrap_or_default())
}

async fn find(conn: &impl ConnectionTrait, of: Counted<'_>) -> Result<Option<Budget>, Fault> {
    let sql = format!(
        "SELECT left_micros, fill_time, day, day_count FROM request_budget WHERE tenant_id = $1 AND subject = $2{}",
        for_update(conn.get_database_backend())
    );
    let values = [of.tenant.uuid().into(), of.subject.into()];
    let Some(row) = conn.query_one_raw(statement(conn, &sql, values)).await? else {
        return Ok(None);
    };
    Ok(Some(Budget {
        left: row.get("left_micros")?,
        fill_time: row.time("fill_time")?,
        day: row.get("day")?,
        day_count: row.get("day_count")?,
    }))
}

fn values(of: Counted<'_>, budget: Budget) -> [sea_orm::Value; 6] {
    [
        of.tenant.uuid().into(),
        of.subject.into(),
        budget.left.into(),
        Time::micros(budget.fill_time).into(),
        budget.day.into(),
        budget.day_count.into(),
    ]
}
