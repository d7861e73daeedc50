use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Row, insert_rows, statement};

use super::{RunId, Step, StepOutcome};
use crate::journey::definition::Definition;

/// A finished step, as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct StepRow {
    pub(crate) tenant: Tenant,
    pub(crate) run_id: RunId,
    pub(crate) number: i32,
    pub(crate) node_id: String,
    pub(crate) enter_time: Time,
    pub(crate) leave_time: Time,
    /// Empty where the run ended here.
    pub(crate) next_node_id: String,
    pub(crate) attempts: i32,
    pub(crate) outcome: StepOutcome,
}

const COLUMNS: &str = "tenant_id, run_id, number, node_id, enter_time, leave_time, next_node_id, attempts, failed, \
     explanation, reference, refusal_reason";

impl StepRow {
    pub(crate) fn new(tenant: Tenant, run_id: RunId, definition: &Definition, step: Step) -> Self {
        Self {
            tenant,
            run_id,
            number: step.number,
            node_id: definition.node(step.node).id.clone(),
            enter_time: step.enter_time,
            leave_time: step.leave_time,
            next_node_id: step
                .next
                .map(|next| definition.node(next).id.clone())
                .unwrap_or_default(),
            attempts: step.attempts,
            outcome: step.outcome,
        }
    }
}

pub(crate) async fn insert(conn: &impl ConnectionTrait, steps: Vec<StepRow>) -> Result<(), Fault> {
    let rows = steps.into_iter().map(|step| -> Vec<Value> {
        vec![
            step.tenant.uuid().into(),
            step.run_id.uuid().into(),
            i64::from(step.number).into(),
            step.node_id.into(),
            step.enter_time.micros().into(),
            step.leave_time.micros().into(),
            step.next_node_id.into(),
            i64::from(step.attempts).into(),
            step.outcome.failed.into(),
            step.outcome.explanation.into(),
            step.outcome.reference.into(),
            step.outcome.refusal_reason.into(),
        ]
    });
    insert_rows(conn, &format!("INSERT INTO step ({COLUMNS})"), rows.collect(), "").await?;
    Ok(())
}

/// The finished steps of a run, the first one first: no more than a run may take.
pub(crate) async fn list(conn: &impl ConnectionTrait, tenant: Tenant, run_id: RunId) -> Result<Vec<StepRow>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM step WHERE tenant_id = $1 AND run_id = $2 ORDER BY number");
    let parameters: [Value; 2] = [tenant.uuid().into(), run_id.uuid().into()];
    conn.query_all_raw(statement(conn, &sql, parameters))
        .await?
        .iter()
        .map(|row| step(row, tenant, run_id))
        .collect()
}

fn step(row: &QueryResult, tenant: Tenant, run_id: RunId) -> Result<StepRow, Fault> {
    Ok(StepRow {
        tenant,
        run_id,
        number: row.int("number")?,
        node_id: row.get("node_id")?,
        enter_time: row.time("enter_time")?,
        leave_time: row.time("leave_time")?,
        next_node_id: row.get("next_node_id")?,
        attempts: row.int("attempts")?,
        outcome: StepOutcome {
            failed: row.get("failed")?,
            explanation: row.get("explanation")?,
            reference: row.get("reference")?,
            refusal_reason: row.get("refusal_reason")?,
        },
    })
}
