use fault::Fault;
use kernel::{Money, Tenant, Time};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use serde::{Deserialize, Serialize};
use store::{Columns, Tx, for_update, statement, unreadable};

use super::{CouponTemplate, TemplateState};
use crate::benefit::{Benefit, Terms};
use crate::coupon::validity::{Period, Validity};

const COLUMNS: &str = "code, name, benefit, currency_code, minimum_spend, valid_days, start_time, end_time, total_cap, \
     member_cap, state, issued_count, version, create_time, update_time";

/// A benefit as it is stored: amounts are in the template's currency, in minor units.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum StoredBenefit {
    AmountOff {
        amount: i64,
    },
    PercentOff {
        basis_points: i64,
        discount_max: Option<i64>,
    },
    Gift {
        sku: String,
    },
    FreeShipping,
}

/// The template of the given code.
pub(crate) async fn find(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    code: &str,
) -> Result<Option<CouponTemplate>, Fault> {
    select(conn, tenant, code, "").await
}

/// The template of the given code, locked: nobody else issues its coupons or changes it until the transaction ends.
pub(crate) async fn find_locked(tx: &Tx, tenant: Tenant, code: &str) -> Result<Option<CouponTemplate>, Fault> {
    select(&**tx, tenant, code, for_update(tx.get_database_backend())).await
}

async fn select(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    code: &str,
    lock: &str,
) -> Result<Option<CouponTemplate>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM coupon_template WHERE tenant_id = $1 AND code = $2{lock}");
    let row = conn
        .query_one_raw(statement(conn, &sql, [tenant.uuid().into(), code.into()]))
        .await?;
    row.as_ref().map(template).transpose()
}

/// The templates with a code after `after`, by code.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    after: &str,
    rows_max: i64,
) -> Result<Vec<CouponTemplate>, Fault> {
    let sql =
        format!("SELECT {COLUMNS} FROM coupon_template WHERE tenant_id = $1 AND code > $2 ORDER BY code LIMIT $3");
    let parameters: [Value; 3] = [tenant.uuid().into(), after.into(), rows_max.into()];
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    rows.iter().map(template).collect()
}

/// Inserts a template; answers false where there is one of the same code.
pub(crate) async fn insert(tx: &Tx, tenant: Tenant, template: &CouponTemplate) -> Result<bool, Fault> {
    let sql = format!(
        "INSERT INTO coupon_template (tenant_id, {COLUMNS}) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT DO NOTHING"
    );
    let inserted = tx
        .execute_raw(statement(&**tx, &sql, parameters(tenant, template)?))
        .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Writes the next version of a template over the one before; leaves how many were issued.
pub(crate) async fn update(tx: &Tx, tenant: Tenant, template: &CouponTemplate) -> Result<(), Fault> {
    const UPDATE: &str = "UPDATE coupon_template SET name = $3, benefit = $4, currency_code = $5, minimum_spend = $6, \
         valid_days = $7, start_time = $8, end_time = $9, total_cap = $10, member_cap = $11, state = $12, \
         version = $14, update_time = $16 \
         WHERE tenant_id = $1 AND code = $2 AND version = $14 - 1 AND issued_count = $13 AND create_time = $15";
    let updated = tx
        .execute_raw(statement(&**tx, UPDATE, parameters(tenant, template)?))
        .await?;
    if updated.rows_affected() == 1 {
        Ok(())
    } else {
        Err(Fault::Contended)
    }
}

/// Counts coupons that are about to be issued, only as far as the total cap allows.
pub(crate) async fn count_issued(tx: &Tx, tenant: Tenant, code: &str, count: i64) -> Result<(), Fault> {
    const COUNT: &str = "UPDATE coupon_template SET issued_count = issued_count + $3 \
         WHERE tenant_id = $1 AND code = $2 AND state = 'active' AND (total_cap IS NULL OR issued_count + $3 <= total_cap)";
    let parameters: [Value; 3] = [tenant.uuid().into(), code.into(), count.into()];
    let counted = tx.execute_raw(statement(&**tx, COUNT, parameters)).await?;
    if counted.rows_affected() == 1 {
        Ok(())
    } else {
        Err(Fault::Contended)
    }
}

fn parameters(tenant: Tenant, template: &CouponTemplate) -> Result<Vec<Value>, Fault> {
    let minimum_spend = template.terms.minimum_spend();
    let (benefit, money) = stored(template.terms.benefit());
    let currency = money.or(minimum_spend).map(|money| money.currency_code().to_owned());
    let (days, window) = match template.validity {
        Validity::DaysAfterIssue(days) => (Some(days), None),
        Validity::Window(window) => (None, Some(window)),
    };
    Ok(vec![
        tenant.uuid().into(),
        template.code.clone().into(),
        template.name.clone().into(),
        serde_json::to_string(&benefit).map_err(Fault::internal)?.into(),
        currency.into(),
        minimum_spend.map(|minimum| minimum.minor_units()).into(),
        days.into(),
        window.map(|window| window.start().micros()).into(),
        window.map(|window| window.end().micros()).into(),
        template.total_cap.into(),
        template.member_cap.into(),
        template.state.name().into(),
        template.issued_count.into(),
        template.version.into(),
        template.create_time.micros().into(),
        template.update_time.micros().into(),
    ])
}

fn stored(benefit: &Benefit) -> (StoredBenefit, Option<Money>) {
    match benefit {
        Benefit::AmountOff(amount) => (
            StoredBenefit::AmountOff {
                amount: amount.minor_units(),
            },
            Some(*amount),
        ),
        Benefit::PercentOff {
            basis_points,
            discount_max,
        } => {
            let discount_max_minor_units = discount_max.map(|most| most.minor_units());
            let stored = StoredBenefit::PercentOff {
                basis_points: *basis_points,
                discount_max: discount_max_minor_units,
            };
            (stored, *discount_max)
        }
        Benefit::Gift(sku) => (StoredBenefit::Gift { sku: sku.clone() }, None),
        Benefit::FreeShipping => (StoredBenefit::FreeShipping, None),
    }
}

fn template(row: &QueryResult) -> Result<CouponTemplate, Fault> {
    let mut columns = Columns::of(row);
    let (code, name): (String, String) = (columns.take()?, columns.take()?);
    let benefit: String = columns.take()?;
    let currency: Option<String> = columns.take()?;
    let money = |minor_units| {
        let code = currency.as_deref().unwrap_or_default();
        Money::stored(code, minor_units).ok_or_else(|| unreadable("coupon_template", code))
    };
    let minimum_spend: Option<i64> = columns.take()?;
    let benefit = match serde_json::from_str(&benefit).map_err(Fault::internal)? {
        StoredBenefit::AmountOff { amount } => Benefit::AmountOff(money(amount)?),
        StoredBenefit::PercentOff {
            basis_points,
            discount_max,
        } => Benefit::PercentOff {
            basis_points,
            discount_max: discount_max.map(money).transpose()?,
        },
        StoredBenefit::Gift { sku } => Benefit::Gift(sku),
        StoredBenefit::FreeShipping => Benefit::FreeShipping,
    };
    let terms = Terms::new(benefit, minimum_spend.map(money).transpose()?);
    Ok(CouponTemplate {
        terms: terms.map_err(|error| unreadable("coupon_template", error))?,
        validity: validity(columns.take()?, columns.optional_time()?, columns.optional_time()?)?,
        total_cap: columns.take()?,
        member_cap: columns.take()?,
        state: state(&columns.take::<String>()?)?,
        issued_count: columns.take()?,
        version: columns.take()?,
        create_time: columns.time()?,
        update_time: columns.time()?,
        code,
        name,
    })
}

fn validity(days: Option<i64>, start: Option<Time>, end: Option<Time>) -> Result<Validity, Fault> {
    let window = start.zip(end).and_then(|(start, end)| Period::new(start, end));
    let validity = window.map(Validity::Window).or(days.map(Validity::DaysAfterIssue));
    validity.ok_or_else(|| unreadable("coupon_template", "no validity"))
}

fn state(name: &str) -> Result<TemplateState, Fault> {
    let states = [TemplateState::Draft, TemplateState::Active, TemplateState::Closed];
    states
        .into_iter()
        .find(|state| state.name() == name)
        .ok_or_else(|| unreadable("coupon_template", name))
}
