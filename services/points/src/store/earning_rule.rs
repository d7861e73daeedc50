use std::collections::BTreeSet;

use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Tx, for_update, statement, values};

use super::row::{Columns, broken, select};
use crate::domain::{EarningRule, RuleState};

/// A version of a rule, with what only its readers need.
#[derive(Clone, Debug)]
pub(crate) struct RuleRow {
    pub(crate) rule: EarningRule,
    pub(crate) display_name: String,
    pub(crate) create_time: Time,
    pub(crate) update_time: Time,
}

const SELECT: &str = "SELECT v.code, v.version, v.state, v.display_name, v.asset_code, v.activity_types, v.channel_codes, \
     v.condition, v.amount_formula, v.amount_max, v.priority, v.stop, v.start_time, v.end_time, r.create_time, \
     v.update_time FROM earning_rule AS r JOIN earning_rule_version AS v ON v.tenant_id = r.tenant_id AND v.code = r.code";
const LATEST: &str = "AND v.version = r.version";

/// A rule in its latest version.
pub(crate) async fn rule(conn: &impl ConnectionTrait, tenant: Tenant, code: &str) -> Result<RuleRow, Fault> {
    let sql = format!("{SELECT} {LATEST} WHERE r.tenant_id = $1 AND r.code = $2");
    one(select(conn, &sql, [tenant.uuid().into(), code.into()]).await?, code)
}

/// A rule in its latest version, locked until the end of the transaction.
pub(crate) async fn rule_for_update(tx: &Tx, tenant: Tenant, code: &str) -> Result<RuleRow, Fault> {
    let lock = format!(
        "SELECT version FROM earning_rule WHERE tenant_id = $1 AND code = $2{}",
        for_update(tx.get_database_backend())
    );
    select(&**tx, &lock, [tenant.uuid().into(), code.into()]).await?;
    rule(&**tx, tenant, code).await
}

/// One version of a rule.
pub(crate) async fn rule_version(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    code: &str,
    version: i32,
) -> Result<RuleRow, Fault> {
    let sql = format!("{SELECT} WHERE r.tenant_id = $1 AND r.code = $2 AND v.version = $3");
    let rows = select(conn, &sql, [tenant.uuid().into(), code.into(), version.into()]).await?;
    one(rows, &format!("{code} version {version}"))
}

fn one(rows: Vec<QueryResult>, name: &str) -> Result<RuleRow, Fault> {
    rows.first()
        .map(rule_row)
        .transpose()?
        .ok_or_else(|| Fault::not_found("earning rule", name))
}

/// A tenant's rules after a code, each in its latest version.
pub(crate) async fn list_rules(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    after: &str,
    limit: i64,
) -> Result<Vec<RuleRow>, Fault> {
    let sql = format!("{SELECT} {LATEST} WHERE r.tenant_id = $1 AND r.code > $2 ORDER BY r.code LIMIT $3");
    let rows = select(conn, &sql, [tenant.uuid().into(), after.into(), limit.into()]).await?;
    rows.iter().map(rule_row).collect()
}

/// Which rules are in force, as code and version, by tenant.
pub(crate) async fn active_versions(
    conn: &impl ConnectionTrait,
    tenants: &BTreeSet<Tenant>,
) -> Result<Vec<(Tenant, String, i32)>, Fault> {
    let rows = tenants.iter().map(|tenant| vec![tenant.uuid().into()]).collect();
    let (list, parameters) = values(conn.get_database_backend(), 2, &[Column::Uuid], rows);
    let sql = format!(
        "SELECT tenant_id, code, version FROM earning_rule WHERE state = $1 AND tenant_id IN {list} \
         ORDER BY tenant_id, code"
    );
    let parameters = std::iter::once(RuleState::Active.number().into()).chain(parameters);
    let rows = select(conn, &sql, parameters).await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            Ok((columns.tenant()?, columns.take()?, columns.take()?))
        })
        .collect()
}

/// The rules of a tenant that are in force.
pub(crate) async fn active_rules(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<Vec<EarningRule>, Fault> {
    in_state(conn, tenant, RuleState::Active).await
}

/// The rules of a tenant that are not yet in force.
pub(crate) async fn draft_rules(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<Vec<EarningRule>, Fault> {
    in_state(conn, tenant, RuleState::Draft).await
}

async fn in_state(conn: &impl ConnectionTrait, tenant: Tenant, state: RuleState) -> Result<Vec<EarningRule>, Fault> {
    let sql = format!("{SELECT} {LATEST} WHERE r.tenant_id = $1 AND r.state = $2 ORDER BY r.code");
    let rows = select(conn, &sql, [tenant.uuid().into(), state.number().into()]).await?;
    rows.iter().map(|row| Ok(rule_row(row)?.rule)).collect()
}

/// Creates a rule in its first version; answers false where its code is taken.
pub(crate) async fn create_rule(tx: &Tx, tenant: Tenant, row: &RuleRow) -> Result<bool, Fault> {
    const INSERT: &str = "INSERT INTO earning_rule (tenant_id, code, version, state, create_time) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    let rule = &row.rule;
    let parameters: [Value; 5] = [
        tenant.uuid().into(),
        rule.code.clone().into(),
        rule.version.into(),
        rule.state.number().into(),
        row.create_time.micros().into(),
    ];
    if tx
        .execute_raw(statement(&**tx, INSERT, parameters))
        .await?
        .rows_affected()
        == 0
    {
        return Ok(false);
    }
    insert_version(tx, tenant, row).await?;
    Ok(true)
}

/// Makes a further version the latest one.
pub(crate) async fn update_rule(tx: &Tx, tenant: Tenant, row: &RuleRow) -> Result<(), Fault> {
    const UPDATE: &str = "UPDATE earning_rule SET version = $3, state = $4 WHERE tenant_id = $1 AND code = $2";
    let rule = &row.rule;
    let parameters: [Value; 4] = [
        tenant.uuid().into(),
        rule.code.clone().into(),
        rule.version.into(),
        rule.state.number().into(),
    ];
    tx.execute_raw(statement(&**tx, UPDATE, parameters)).await?;
    insert_version(tx, tenant, row).await
}

async fn insert_version(tx: &Tx, tenant: Tenant, row: &RuleRow) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO earning_rule_version (tenant_id, code, version, state, display_name, asset_code, \
         activity_types, channel_codes, condition, amount_formula, amount_max, priority, stop, start_time, end_time, \
         update_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    let rule = &row.rule;
    let parameters: [Value; 16] = [
        tenant.uuid().into(),
        rule.code.clone().into(),
        rule.version.into(),
        rule.state.number().into(),
        row.display_name.clone().into(),
        (*rule.asset).into(),
        rule.activity_types.join(" ").into(),
        rule.channels.join(" ").into(),
        rule.condition.clone().into(),
        rule.formula.clone().into(),
        rule.amount_max.into(),
        rule.priority.into(),
        rule.stop.into(),
        rule.start.map(Time::micros).into(),
        rule.end.map(Time::micros).into(),
        row.update_time.micros().into(),
    ];
    tx.execute_raw(statement(&**tx, INSERT, parameters)).await?;
    Ok(())
}

fn rule_row(row: &QueryResult) -> Result<RuleRow, Fault> {
    let mut columns = Columns::of(row);
    let code = columns.take()?;
    let version = columns.take()?;
    let state = columns.take()?;
    let state = RuleState::from_number(state).ok_or_else(|| broken("a rule's state", state))?;
    let display_name = columns.take()?;
    let rule = EarningRule {
        code,
        version,
        state,
        asset: columns.take::<String>()?.into(),
        activity_types: codes(&columns.take::<String>()?),
        channels: codes(&columns.take::<String>()?),
        condition: columns.take()?,
        formula: columns.take()?,
        amount_max: columns.take()?,
        priority: columns.take()?,
        stop: columns.take()?,
        start: columns.maybe_time()?,
        end: columns.maybe_time()?,
    };
    Ok(RuleRow {
        rule,
        display_name,
        create_time: columns.time()?,
        update_time: columns.time()?,
    })
}

/// Codes have no space in them.
fn codes(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}
