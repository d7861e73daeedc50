pub(crate) mod draft;
mod row;
pub(crate) mod versions;

use std::collections::{BTreeSet, HashMap};

use fault::Fault;
use kernel::{Tenant, Time};
use ledger::{EarningRule, RuleState};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Columns, Tx, for_update, look_up, statement, values};

use crate::store::row::{KEYS_MAX, select};
use row::{COLUMNS, insert_version, rule_row};

/// A version of a rule, with what only its readers need.
#[derive(Clone, Debug)]
pub(crate) struct RuleRow {
    pub(crate) rule: EarningRule,
    pub(crate) display_name: String,
    pub(crate) create_time: Time,
    pub(crate) update_time: Time,
    pub(crate) budget_used: i64,
}

const FROM: &str = "FROM earning_rule AS r JOIN earning_rule_version AS v ON v.tenant_id = r.tenant_id AND v.code = r.code \
     LEFT JOIN rule_budget AS b ON b.tenant_id = r.tenant_id AND b.rule_code = r.code";
/// What a version is joined with that a list names.
const WITH_RULE: &str = "JOIN earning_rule AS r ON r.tenant_id = v.tenant_id AND r.code = v.code \
     LEFT JOIN rule_budget AS b ON b.tenant_id = r.tenant_id AND b.rule_code = r.code";
const LATEST: &str = "v.version = r.version";
/// Which version is in force at the time `$2`: the highest of those whose time has come. The plus keeps SQLite from reading
/// all versions of the tenant by their times for each rule.
const IN_FORCE: &str = "v.version = (SELECT MAX(w.version) FROM earning_rule_version AS w \
     WHERE w.tenant_id = r.tenant_id AND w.code = r.code AND +w.effect_time <= $2)";

/// A rule in its latest version.
pub(crate) async fn rule(conn: &impl ConnectionTrait, tenant: Tenant, code: &str) -> Result<RuleRow, Fault> {
    let sql = format!("SELECT {COLUMNS} {FROM} WHERE {LATEST} AND r.tenant_id = $1 AND r.code = $2");
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
    let sql = format!("SELECT {COLUMNS} {FROM} WHERE r.tenant_id = $1 AND r.code = $2 AND v.version = $3");
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
    let sql =
        format!("SELECT {COLUMNS} {FROM} WHERE {LATEST} AND r.tenant_id = $1 AND r.code > $2 ORDER BY r.code LIMIT $3");
    let rows = select(conn, &sql, [tenant.uuid().into(), after.into(), limit.into()]).await?;
    rows.iter().map(rule_row).collect()
}

/// The version of a rule that is in force at a time.
pub(crate) async fn rule_at(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    code: &str,
    at: Time,
) -> Result<RuleRow, Fault> {
    one(rows_at(conn, tenant, code, at).await?, &format!("{code} at {at}"))
}

/// The same, if there was one yet.
pub(crate) async fn find_rule_at(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    code: &str,
    at: Time,
) -> Result<Option<EarningRule>, Fault> {
    let rows = rows_at(conn, tenant, code, at).await?;
    rows.first().map(|row| Ok(rule_row(row)?.rule)).transpose()
}

async fn rows_at(conn: &impl ConnectionTrait, tenant: Tenant, code: &str, at: Time) -> Result<Vec<QueryResult>, Fault> {
    let sql = format!("SELECT {COLUMNS} {FROM} WHERE r.tenant_id = $1 AND r.code = $3 AND {IN_FORCE}");
    select(conn, &sql, [tenant.uuid().into(), at.micros().into(), code.into()]).await
}

/// The rules of a tenant that are in force at a time.
pub(crate) async fn rules_at(conn: &impl ConnectionTrait, tenant: Tenant, at: Time) -> Result<Vec<EarningRule>, Fault> {
    let sql = format!("SELECT {COLUMNS} {FROM} WHERE r.tenant_id = $1 AND {IN_FORCE} AND v.state = $3 ORDER BY r.code");
    let active = RuleState::Active.number();
    let rows = select(conn, &sql, [tenant.uuid().into(), at.micros().into(), active.into()]).await?;
    rows.iter().map(|row| Ok(rule_row(row)?.rule)).collect()
}

/// When the next version of any rule of a tenant comes into force after a time; [`Time::MAX`] where none waits.
pub(crate) async fn next_effect(conn: &impl ConnectionTrait, tenant: Tenant, after: Time) -> Result<Time, Fault> {
    const NEXT: &str = "SELECT MIN(effect_time) FROM earning_rule_version WHERE tenant_id = $1 AND effect_time > $2";
    let rows = select(conn, NEXT, [tenant.uuid().into(), after.micros().into()]).await?;
    let next = rows.first().map(|row| Columns::of(row).optional_time()).transpose()?;
    Ok(next.flatten().unwrap_or(Time::MAX))
}

/// How often the rules of each tenant have changed; those that never had any are not in it.
pub(crate) async fn rule_revisions(
    conn: &impl ConnectionTrait,
    tenants: &BTreeSet<Tenant>,
) -> Result<HashMap<Tenant, i64>, Fault> {
    if tenants.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = tenants.iter().map(|tenant| vec![tenant.uuid().into()]).collect();
    let backend = conn.get_database_backend();
    let (list, parameters) = values(backend, 1, &[Column::Uuid], rows);
    let found = look_up(backend, &list, "rule_book", "t.tenant_id = k.column1");
    let sql = format!("SELECT t.tenant_id, t.revision FROM {found}");
    let rows = select(conn, &sql, parameters).await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            Ok((columns.tenant()?, columns.take()?))
        })
        .collect()
}

/// The rules of a tenant that are drafts.
pub(crate) async fn draft_rules(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<Vec<EarningRule>, Fault> {
    let sql = format!("SELECT {COLUMNS} {FROM} WHERE {LATEST} AND r.tenant_id = $1 AND r.state = $2 ORDER BY r.code");
    let draft = RuleState::Draft.number();
    let rows = select(conn, &sql, [tenant.uuid().into(), draft.into()]).await?;
    rows.iter().map(|row| Ok(rule_row(row)?.rule)).collect()
}

/// These versions of a tenant's rules.
pub(crate) async fn rule_versions(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    versions: &BTreeSet<(String, i32)>,
) -> Result<Vec<EarningRule>, Fault> {
    let versions: Vec<&(String, i32)> = versions.iter().collect();
    let mut found = Vec::with_capacity(versions.len());
    for versions in versions.chunks(KEYS_MAX) {
        let keys = versions
            .iter()
            .map(|(code, version)| vec![tenant.uuid().into(), code.clone().into(), (*version).into()])
            .collect();
        let columns = [Column::Uuid, Column::Text, Column::Int];
        let backend = conn.get_database_backend();
        let (list, parameters) = values(backend, 1, &columns, keys);
        let on = "t.tenant_id = k.column1 AND t.code = k.column2 AND t.version = k.column3";
        let versions = look_up(backend, &list, "earning_rule_version", on);
        let sql = format!("SELECT {COLUMNS} FROM (SELECT t.* FROM {versions}) AS v {WITH_RULE}");
        for row in select(conn, &sql, parameters).await? {
            found.push(rule_row(&row)?.rule);
        }
    }
    Ok(found)
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
    note_change(tx, tenant).await?;
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
    insert_version(tx, tenant, row).await?;
    note_change(tx, tenant).await
}

/// Replicas that have read the tenant's rules read them again.
async fn note_change(tx: &Tx, tenant: Tenant) -> Result<(), Fault> {
    const CHANGE: &str = "INSERT INTO rule_book (tenant_id, revision) VALUES ($1, 1) \
         ON CONFLICT (tenant_id) DO UPDATE SET revision = rule_book.revision + 1";
    tx.execute_raw(statement(&**tx, CHANGE, [tenant.uuid().into()])).await?;
    Ok(())
}
