use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, DbBackend, Value};
use store::{Column, Row, Tx, look_up, looked_up, statement, stuck, values};

use super::due::{EXPIRIES, LOCKS};
use super::rows::{COLUMNS, coupon};
use super::{Coupon, CouponId};

/// How many coupons are changed in one transaction at the most: writers wait for it, of SQLite all of them.
const COUPONS_MAX: i64 = 1_000;
/// The key of a coupon in a list of those of one tenant.
const NAMED: &str = "t.tenant_id = $1 AND t.coupon_id = k.column1";

/// The ways in which a coupon's time comes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Due {
    /// The validity of a free coupon ends.
    Expiry,
    /// The deadline of a lock passes.
    LockExpiry,
}

impl Due {
    pub(super) fn queue(self) -> &'static str {
        match self {
            Self::Expiry => EXPIRIES,
            Self::LockExpiry => LOCKS,
        }
    }

    /// The column of the time, and the condition of the index that has those coupons alone whose time is still to come.
    fn index(self) -> (&'static str, &'static str) {
        match self {
            Self::Expiry => ("expire_time", "state = 'issued'"),
            Self::LockExpiry => ("lock_expire_time", "state = 'locked'"),
        }
    }

    /// A statement of the tenants that have any such coupon, `whose`, found one after the other by that index: it alone has
    /// this order.
    fn tenants(self) -> String {
        let (time, coupons) = self.index();
        format!(
            "WITH RECURSIVE whose (tenant_id) AS (\
             SELECT (SELECT tenant_id FROM coupon WHERE {coupons} ORDER BY tenant_id, {time} LIMIT 1) UNION ALL \
             SELECT (SELECT c.tenant_id FROM coupon AS c WHERE c.{coupons} AND c.tenant_id > whose.tenant_id \
                 ORDER BY c.tenant_id, c.{time} LIMIT 1) FROM whose WHERE whose.tenant_id IS NOT NULL)"
        )
    }
}

/// The tenants of which some coupon is due.
pub(super) async fn tenants(conn: &impl ConnectionTrait, due: Due, now: Time) -> Result<Vec<Tenant>, Fault> {
    let (time, coupons) = due.index();
    let sql = format!(
        "{} SELECT tenant_id, (SELECT MIN(c.{time}) FROM coupon AS c \
             WHERE c.tenant_id = whose.tenant_id AND c.{coupons}) AS due_time \
         FROM whose WHERE tenant_id IS NOT NULL",
        due.tenants()
    );
    let mut tenants = Vec::new();
    for row in conn.query_all_raw(statement(conn, &sql, [])).await? {
        if row.optional_time("due_time")?.is_some_and(|due_time| due_time <= now) {
            tenants.push(row.tenant("tenant_id")?);
        }
    }
    Ok(tenants)
}

/// When a coupon comes due next after a time.
pub(super) async fn next(conn: &impl ConnectionTrait, due: Due, after: Time) -> Result<Option<Time>, Fault> {
    let (time, coupons) = due.index();
    let sql = format!(
        "{} SELECT MIN(next.due_time) FROM (SELECT (SELECT MIN(c.{time}) FROM coupon AS c \
             WHERE c.tenant_id = whose.tenant_id AND c.{coupons} AND c.{time} > $1) AS due_time \
         FROM whose WHERE tenant_id IS NOT NULL) AS next",
        due.tenants()
    );
    let row = conn
        .query_one_raw(statement(conn, &sql, [after.micros().into()]))
        .await?;
    Ok(row.map(|row| row.optional_time(0)).transpose()?.flatten())
}

/// Coupons of a tenant that are due and not set aside, those first that have been due for longest.
pub(super) async fn find(
    conn: &impl ConnectionTrait,
    due: Due,
    tenant: Tenant,
    now: Time,
) -> Result<Vec<CouponId>, Fault> {
    let (time, coupons) = due.index();
    let item = stuck::id_text(conn.get_database_backend(), "coupon.coupon_id");
    let free = stuck::is_free(due.queue(), "coupon.tenant_id", &item, "$2");
    let sql = format!(
        "SELECT coupon_id FROM coupon WHERE tenant_id = $1 AND {coupons} AND {time} <= $2 AND {free} \
         ORDER BY {time} LIMIT {COUPONS_MAX}"
    );
    let parameters: [Value; 2] = [tenant.uuid().into(), now.micros().into()];
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    rows.iter().map(|row| row.id(0)).collect()
}

/// Coupons of a tenant as they are now, locked. One that another transaction has in hand is left to it: it may have been used,
/// and else it is found again.
pub(super) async fn lock(tx: &Tx, tenant: Tenant, ids: &[CouponId]) -> Result<Vec<Coupon>, Fault> {
    let backend = tx.get_database_backend();
    let lock = match backend {
        DbBackend::Postgres => " FOR UPDATE SKIP LOCKED",
        _ => "",
    };
    let (list, parameters) = listed(backend, tenant, ids.iter().copied());
    let found = look_up(backend, &list, "coupon", &format!("{NAMED}{lock}"));
    let sql = format!("SELECT {COLUMNS} FROM {found}");
    let rows = tx.query_all_raw(statement(&**tx, &sql, parameters)).await?;
    rows.iter().map(coupon).collect()
}

/// Writes the states of coupons that are locked here, and that no order has any more.
pub(super) async fn write(tx: &Tx, tenant: Tenant, ended: &[Coupon]) -> Result<(), Fault> {
    let backend = tx.get_database_backend();
    for state in ["issued", "expired"] {
        let of_state = ended.iter().filter(|coupon| coupon.state.name() == state);
        let ids: Vec<CouponId> = of_state.map(|coupon| coupon.id).collect();
        if ids.is_empty() {
            continue;
        }
        let (list, parameters) = listed(backend, tenant, ids.iter().copied());
        let found = looked_up(backend, &list, "coupon", &["tenant_id", "coupon_id"], NAMED);
        let sql = format!(
            "UPDATE coupon SET state = '{state}', order_id = NULL, lock_expire_time = NULL, version = version + 1 \
             WHERE {found}"
        );
        let written = tx.execute_raw(statement(&**tx, &sql, parameters)).await?;
        if usize::try_from(written.rows_affected()) != Ok(ids.len()) {
            return Err(Fault::Contended);
        }
    }
    Ok(())
}

fn listed(backend: DbBackend, tenant: Tenant, ids: impl Iterator<Item = CouponId>) -> (String, Vec<Value>) {
    let rows = ids.map(|id| vec![id.uuid().into()]).collect();
    let (list, mut ids) = values(backend, 2, &[Column::Uuid], rows);
    let mut parameters: Vec<Value> = vec![tenant.uuid().into()];
    parameters.append(&mut ids);
    (list, parameters)
}
