//! The next versions of rules while they are worked on. A transaction that writes one has locked the rule before.

use fault::Fault;
use kernel::{Tenant, Time};
use ledger::EarningRule;
use sea_orm::{ConnectionTrait, QueryResult};
use store::{Columns, Tx, insert_rows, statement};

use super::RuleRow;
use super::row::{COLUMNS, VERSION, rule_columns, version_values};
use crate::store::row::select;

/// A draft of a rule's next version.
#[derive(Clone, Debug)]
pub(crate) struct DraftRow {
    /// What the rule would be; its version is the one that the draft was begun from.
    pub(crate) row: RuleRow,
    pub(crate) begin_time: Time,
    /// Counts the changes of the draft from 1.
    pub(crate) revision: i64,
    /// The latest version of the rule.
    pub(crate) latest: i32,
}

impl DraftRow {
    /// What changes with each update. The time tells it from a draft that was thrown away.
    pub(crate) fn etag(&self) -> String {
        format!("{}-{}", self.begin_time.micros(), self.revision)
    }

    /// Whether the rule has changed since the draft was begun.
    pub(crate) fn outdated(&self) -> bool {
        self.row.rule.version != self.latest
    }
}

const FROM: &str = "FROM earning_rule_draft AS v JOIN earning_rule AS r ON r.tenant_id = v.tenant_id AND r.code = v.code \
     LEFT JOIN rule_budget AS b ON b.tenant_id = r.tenant_id AND b.rule_code = r.code";

/// The draft of a rule.
pub(crate) async fn draft(conn: &impl ConnectionTrait, tenant: Tenant, code: &str) -> Result<DraftRow, Fault> {
    let found = find_draft(conn, tenant, code).await?;
    found.ok_or_else(|| Fault::not_found("draft of earning rule", code))
}

/// The draft of a rule, if it has one.
pub(crate) async fn find_draft(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    code: &str,
) -> Result<Option<DraftRow>, Fault> {
    let sql =
        format!("SELECT {COLUMNS}, v.begin_time, v.revision, r.version {FROM} WHERE v.tenant_id = $1 AND v.code = $2");
    let rows = select(conn, &sql, [tenant.uuid().into(), code.into()]).await?;
    rows.first().map(draft_row).transpose()
}

/// The drafts of next versions of a tenant's rules, as rules without a version.
pub(crate) async fn rule_drafts(conn: &impl ConnectionTrait, tenant: Tenant) -> Result<Vec<EarningRule>, Fault> {
    let sql = format!("SELECT {COLUMNS} {FROM} WHERE v.tenant_id = $1 ORDER BY v.code");
    let rows = select(conn, &sql, [tenant.uuid().into()]).await?;
    let rule = |row: &QueryResult| {
        let found = rule_columns(&mut Columns::of(row))?;
        Ok(EarningRule {
            version: 0,
            ..found.rule
        })
    };
    rows.iter().map(rule).collect()
}

/// Begins a draft.
pub(crate) async fn insert_draft(tx: &Tx, tenant: Tenant, draft: &DraftRow) -> Result<(), Fault> {
    let insert = format!("INSERT INTO earning_rule_draft ({VERSION}, begin_time, revision)");
    let mut values = version_values(tenant, &draft.row);
    values.extend([draft.begin_time.micros().into(), draft.revision.into()]);
    insert_rows(&**tx, &insert, vec![values], "").await?;
    Ok(())
}

/// Keeps a draft as it has become.
pub(crate) async fn save_draft(tx: &Tx, tenant: Tenant, draft: &DraftRow) -> Result<(), Fault> {
    delete_draft(tx, tenant, &draft.row.rule.code).await?;
    insert_draft(tx, tenant, draft).await
}

/// Ends a draft.
pub(crate) async fn delete_draft(tx: &Tx, tenant: Tenant, code: &str) -> Result<(), Fault> {
    const DELETE: &str = "DELETE FROM earning_rule_draft WHERE tenant_id = $1 AND code = $2";
    let parameters = [tenant.uuid().into(), code.into()];
    tx.execute_raw(statement(&**tx, DELETE, parameters)).await?;
    Ok(())
}

fn draft_row(row: &QueryResult) -> Result<DraftRow, Fault> {
    let mut columns = Columns::of(row);
    Ok(DraftRow {
        row: rule_columns(&mut columns)?,
        begin_time: columns.time()?,
        revision: columns.take()?,
        latest: columns.take()?,
    })
}
