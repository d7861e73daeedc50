//! All versions of a rule, and when each is in force.

use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::ConnectionTrait;
use store::Columns;

use super::row::{COLUMNS, rule_row};
use super::{FROM, RuleRow};
use crate::store::row::select;

/// A version, and from when on a later one is in force in its place.
#[derive(Clone, Debug)]
pub(crate) struct VersionRow {
    pub(crate) row: RuleRow,
    pub(crate) replace_time: Option<Time>,
}

/// The versions of a rule before one, the latest first; all, for the largest integer.
pub(crate) async fn list_versions(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    code: &str,
    before: i32,
    limit: i64,
) -> Result<Vec<VersionRow>, Fault> {
    const REPLACED: &str = "SELECT MIN(effect_time) FROM earning_rule_version \
         WHERE tenant_id = $1 AND code = $2 AND version >= $3";
    let sql = format!(
        "SELECT {COLUMNS} {FROM} WHERE r.tenant_id = $1 AND r.code = $2 AND v.version < $3 ORDER BY v.version DESC LIMIT $4"
    );
    let key = || [tenant.uuid().into(), code.into(), before.into()];
    let rows = select(conn, &sql, key().into_iter().chain([limit.into()])).await?;
    let replaced = select(conn, REPLACED, key()).await?;
    let mut replace_time = replaced
        .first()
        .map(|row| Columns::of(row).optional_time())
        .transpose()?
        .flatten();
    let mut versions = Vec::with_capacity(rows.len());
    for row in &rows {
        let row = rule_row(row)?;
        let effect = row.rule.effect;
        versions.push(VersionRow { row, replace_time });
        replace_time = Some(replace_time.map_or(effect, |time| time.min(effect)));
    }
    Ok(versions)
}
