use std::collections::HashMap;

use fault::Fault;
use kernel::{Exact, Tenant, Time};
use sea_orm::{ConnectionTrait, Value};
use store::{Columns, statement};

use crate::coupon::rows::state_at;

/// How many members have each tier.
pub(crate) async fn members_by_tier(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
) -> Result<HashMap<String, i64>, Fault> {
    const COUNT: &str = "SELECT tier_code, COUNT(*) FROM member WHERE tenant_id = $1 AND tier_code IS NOT NULL \
         GROUP BY tier_code";
    let rows = conn
        .query_all_raw(statement(conn, COUNT, [tenant.uuid().into()]))
        .await?;
    let read = |row| {
        let mut columns = Columns::of(row);
        Ok((columns.take()?, columns.take()?))
    };
    rows.iter().map(read).collect()
}

/// How many coupons of each template are in each state now.
pub(crate) async fn coupons_by_state(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    now: Time,
) -> Result<HashMap<(String, String), i64>, Fault> {
    let sql = format!(
        "SELECT template_code, state_now, COUNT(*) FROM \
         (SELECT template_code, {} AS state_now FROM coupon WHERE tenant_id = $1) AS coupons \
         GROUP BY template_code, state_now",
        state_at("$2")
    );
    let parameters: [Value; 2] = [tenant.uuid().into(), now.micros().into()];
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    let read = |row| {
        let mut columns = Columns::of(row);
        Ok(((columns.take()?, columns.take()?), columns.take()?))
    };
    rows.iter().map(read).collect()
}

/// The sums of the discounts by redeemed coupons, by template and currency, in minor units.
pub(crate) async fn discounts(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
) -> Result<Vec<(String, String, i128)>, Fault> {
    // In two parts: the sum may pass 64 bits, which one database answers with an error and the other with another.
    const SUM: &str = "SELECT template_code, currency_code, CAST(SUM(discount >> 32) AS BIGINT), \
             CAST(SUM(discount & 4294967295) AS BIGINT) FROM coupon \
         WHERE tenant_id = $1 AND state = 'redeemed' GROUP BY template_code, currency_code \
         ORDER BY template_code, currency_code";
    let rows = conn.query_all_raw(statement(conn, SUM, [tenant.uuid().into()])).await?;
    let read = |row| {
        let mut columns = Columns::of(row);
        let (template_code, currency_code) = (columns.take()?, columns.take()?);
        let (high, low): (i64, i64) = (columns.take()?, columns.take()?);
        let sum = i128::from(high).exact_mul(1 << 32).exact_add(i128::from(low));
        Ok((template_code, currency_code, sum))
    };
    rows.iter().map(read).collect()
}
