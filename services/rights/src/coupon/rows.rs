use std::collections::{BTreeMap, HashMap};

use fault::Fault;
use kernel::{Money, Tenant, Time};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Columns, Row, Tx, for_update, insert_rows, look_up, statement, unreadable, values};
use uuid::Uuid;

use super::due::LOCKS;
use super::validity::Period;
use super::{Coupon, CouponId, CouponState, Lock, Redemption};
use crate::member;
use crate::member::MemberKey;

/// The columns of a coupon, as [`coupon`] reads them.
pub(super) const COLUMNS: &str = "coupon_id, template_code, member_id, issue_time, start_time, expire_time, state, order_id, \
     lock_expire_time, redeem_time, currency_code, order_amount, discount, version";

/// Inserts coupons that were just issued, with the ids of the items that asked for them.
pub(crate) async fn insert(tx: &Tx, tenant: Tenant, issued: &[(&Coupon, Option<&str>)]) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO coupon (tenant_id, coupon_id, template_code, member_id, item_id, issue_time, \
         start_time, expire_time, state, version)";
    let row = |(coupon, item_id): &(&Coupon, Option<&str>)| {
        vec![
            tenant.uuid().into(),
            coupon.id.uuid().into(),
            coupon.template_code.clone().into(),
            coupon.member.uuid().into(),
            item_id.map(ToOwned::to_owned).into(),
            coupon.issue_time.micros().into(),
            coupon.period.start().micros().into(),
            coupon.period.end().micros().into(),
            coupon.state.name().into(),
            coupon.version.into(),
        ]
    };
    insert_rows(&**tx, INSERT, issued.iter().map(row).collect(), "").await?;
    Ok(())
}

/// The coupon of the given id.
pub(crate) async fn find(conn: &impl ConnectionTrait, tenant: Tenant, id: CouponId) -> Result<Option<Coupon>, Fault> {
    select(conn, tenant, id, "").await
}

/// The coupon of the given id, locked until the transaction ends.
pub(crate) async fn find_locked(tx: &Tx, tenant: Tenant, id: CouponId) -> Result<Option<Coupon>, Fault> {
    select(&**tx, tenant, id, for_update(tx.get_database_backend())).await
}

async fn select(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    id: CouponId,
    lock: &str,
) -> Result<Option<Coupon>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM coupon WHERE tenant_id = $1 AND coupon_id = $2{lock}");
    let row = conn
        .query_one_raw(statement(conn, &sql, [tenant.uuid().into(), id.uuid().into()]))
        .await?;
    row.as_ref().map(coupon).transpose()
}

/// The coupons that item ids have issued of a template.
pub(crate) async fn of_items(
    tx: &Tx,
    tenant: Tenant,
    template_code: &str,
    item_ids: &[&str],
) -> Result<HashMap<String, Coupon>, Fault> {
    if item_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = item_ids.iter().map(|item_id| vec![(*item_id).into()]).collect();
    let backend = tx.get_database_backend();
    let (list, mut parameters) = values(backend, 3, &[Column::Text], rows);
    let mut all: Vec<Value> = vec![tenant.uuid().into(), template_code.into()];
    all.append(&mut parameters);
    let on = "t.tenant_id = $1 AND t.template_code = $2 AND t.item_id = k.column1";
    let found = look_up(backend, &list, "coupon", on);
    let sql = format!("SELECT {COLUMNS}, item_id FROM {found}");
    let rows = tx.query_all_raw(statement(&**tx, &sql, all)).await?;
    rows.iter().map(|row| Ok((row.get("item_id")?, coupon(row)?))).collect()
}

/// A member's coupons that are now in the state of a name, or in any, before the one of an id, or all: the newest first.
pub(crate) async fn of_member(
    conn: &impl ConnectionTrait,
    (tenant, member): MemberKey,
    state: Option<&'static str>,
    now: Time,
    before: Option<CouponId>,
    rows_max: i64,
) -> Result<Vec<Coupon>, Fault> {
    let before = before.map_or(Uuid::max(), CouponId::uuid);
    let mut parameters: Vec<Value> = vec![
        tenant.uuid().into(),
        member.uuid().into(),
        before.into(),
        rows_max.into(),
    ];
    let condition = match state {
        None => String::new(),
        Some(state) => {
            parameters.push(now.micros().into());
            format!("AND {} = '{state}'", state_at("$5"))
        }
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM coupon WHERE tenant_id = $1 AND member_id = $2 AND coupon_id < $3 {condition} \
         ORDER BY coupon_id DESC LIMIT $4"
    );
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    rows.iter().map(coupon).collect()
}

/// [`Coupon::state_at`] in SQL: `now` is a parameter. A test compares the two.
pub(crate) fn state_at(now: &str) -> String {
    format!(
        "(CASE WHEN state IN ('redeemed', 'expired') THEN state \
         WHEN state = 'locked' AND {now} < lock_expire_time THEN 'locked' \
         WHEN {now} < expire_time THEN 'issued' ELSE 'expired' END)"
    )
}

/// Writes a coupon's next state over the version that was read. If another request was first, this one is contended.
pub(crate) async fn change(tx: &Tx, tenant: Tenant, read: &Coupon, next: &CouponState) -> Result<(), Fault> {
    // Not by the state alone, which has an index: PostgreSQL would read by it all coupons of the state while it knows little
    // of the table.
    const CHANGE: &str = "UPDATE coupon SET state = $5, order_id = $6, lock_expire_time = $7, redeem_time = $8, \
         currency_code = $9, order_amount = $10, discount = $11, version = version + 1 \
         WHERE tenant_id = $1 AND coupon_id = $2 AND version = $3 AND state || '' = $4";
    let (lock, redemption) = match next {
        CouponState::Locked(lock) => (Some(lock), None),
        CouponState::Redeemed(redemption) => (None, Some(redemption)),
        CouponState::Issued | CouponState::Expired => (None, None),
    };
    let order_id = lock
        .map(|lock| &lock.order_id)
        .or(redemption.map(|redemption| &redemption.order_id));
    let parameters: [Value; 11] = [
        tenant.uuid().into(),
        read.id.uuid().into(),
        read.version.into(),
        read.state.name().into(),
        next.name().into(),
        order_id.cloned().into(),
        lock.map(|lock| lock.expire_time.micros()).into(),
        redemption.map(|redemption| redemption.time.micros()).into(),
        redemption
            .map(|redemption| redemption.order_amount.currency_code().to_owned())
            .into(),
        redemption
            .map(|redemption| redemption.order_amount.minor_units())
            .into(),
        redemption.map(|redemption| redemption.discount.minor_units()).into(),
    ];
    let changed = tx.execute_raw(statement(&**tx, CHANGE, parameters)).await?;
    if changed.rows_affected() == 1 {
        if let Some(lock) = lock {
            tx.comes_due(LOCKS, lock.expire_time);
        }
        Ok(())
    } else {
        Err(Fault::Contended)
    }
}

/// Moves the coupons of absorbed members to their survivors.
pub(crate) async fn move_members(tx: &Tx, merges: &BTreeMap<MemberKey, MemberKey>) -> Result<(), Fault> {
    member::rows::move_rows(tx, "coupon", merges).await
}

/// The coupon of a row of [`COLUMNS`].
pub(super) fn coupon(row: &QueryResult) -> Result<Coupon, Fault> {
    let mut columns = Columns::of(row);
    let id = columns.id()?;
    let template_code = columns.take()?;
    let member = columns.id()?;
    let issue_time = columns.time()?;
    let period = Period::new(columns.time()?, columns.time()?).ok_or_else(|| unreadable("coupon", id))?;
    let state: String = columns.take()?;
    let order_id: Option<String> = columns.take()?;
    let (lock_expire_time, redeem_time) = (columns.optional_time()?, columns.optional_time()?);
    let currency: Option<String> = columns.take()?;
    let (order_amount, discount): (Option<i64>, Option<i64>) = (columns.take()?, columns.take()?);
    let money = |minor_units: Option<i64>| {
        let money = minor_units.and_then(|minor_units| Money::stored(currency.as_deref()?, minor_units));
        money.ok_or_else(|| unreadable("coupon", id))
    };
    let order_id = || order_id.clone().ok_or_else(|| unreadable("coupon", id));
    let time = |time: Option<Time>| time.ok_or_else(|| unreadable("coupon", id));
    let state = match state.as_str() {
        "issued" => CouponState::Issued,
        "locked" => CouponState::Locked(Lock {
            order_id: order_id()?,
            expire_time: time(lock_expire_time)?,
        }),
        "redeemed" => CouponState::Redeemed(Redemption {
            order_id: order_id()?,
            time: time(redeem_time)?,
            order_amount: money(order_amount)?,
            discount: money(discount)?,
        }),
        "expired" => CouponState::Expired,
        other => return Err(unreadable("coupon", other)),
    };
    Ok(Coupon {
        id,
        template_code,
        member,
        issue_time,
        period,
        state,
        version: columns.take()?,
    })
}
