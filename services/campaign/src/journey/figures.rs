use std::collections::BTreeMap;

use fault::Fault;
use kernel::Tenant;
use sea_orm::{ConnectionTrait, Value};
use store::{Row, insert_rows, statement};

use super::definition::{Definition, NodeIndex};
use super::versions::rows::VersionKey;
use crate::run::advance::Tally;

/// Changes of figures, gathered over many runs. Sorted, so that two transactions never wait for each other in a circle.
#[derive(Debug, Default)]
pub(crate) struct Changes(BTreeMap<(VersionKey, String), Tally>);

impl Changes {
    /// Adds what became of one run.
    pub(crate) fn add(&mut self, version: &VersionKey, definition: &Definition, tally: &BTreeMap<NodeIndex, Tally>) {
        for (node, change) in tally {
            let key = (version.clone(), definition.node(*node).id.clone());
            self.0.entry(key).or_default().add(*change);
        }
    }
}

/// Adds changes to the figures.
pub(crate) async fn add(conn: &impl ConnectionTrait, changes: Changes) -> Result<(), Fault> {
    const HEAD: &str = "INSERT INTO node_figure (tenant_id, journey_code, version, node_id, started, entered, waiting, \
         completed, failed, ended, stopped)";
    const TAIL: &str = "ON CONFLICT (tenant_id, journey_code, version, node_id) DO UPDATE SET \
         started = node_figure.started + excluded.started, entered = node_figure.entered + excluded.entered, \
         waiting = node_figure.waiting + excluded.waiting, completed = node_figure.completed + excluded.completed, \
         failed = node_figure.failed + excluded.failed, ended = node_figure.ended + excluded.ended, \
         stopped = node_figure.stopped + excluded.stopped";
    let rows = changes.0.into_iter().map(|((version, node_id), tally)| -> Vec<Value> {
        vec![
            version.tenant.uuid().into(),
            version.journey_code.into(),
            i64::from(version.version).into(),
            node_id.into(),
            tally.started.into(),
            tally.entered.into(),
            tally.waiting.into(),
            tally.completed.into(),
            tally.failed.into(),
            tally.ended.into(),
            tally.stopped.into(),
        ]
    });
    insert_rows(conn, HEAD, rows.collect(), TAIL).await?;
    Ok(())
}

/// The figures of a journey's nodes, by their ids: of one version, or of all together.
pub(crate) async fn read(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    journey_code: &str,
    version: Option<i32>,
) -> Result<BTreeMap<String, Tally>, Fault> {
    const READ: &str = "SELECT node_id, started, entered, waiting, completed, failed, ended, stopped FROM node_figure \
         WHERE tenant_id = $1 AND journey_code = $2 AND (version = $3 OR $3 = 0)";
    let parameters: [Value; 3] = [
        tenant.uuid().into(),
        journey_code.into(),
        i64::from(version.unwrap_or(0)).into(),
    ];
    let mut figures: BTreeMap<String, Tally> = BTreeMap::new();
    for row in conn.query_all_raw(statement(conn, READ, parameters)).await? {
        let tally = Tally {
            started: row.get("started")?,
            entered: row.get("entered")?,
            waiting: row.get("waiting")?,
            completed: row.get("completed")?,
            failed: row.get("failed")?,
            ended: row.get("ended")?,
            stopped: row.get("stopped")?,
        };
        figures.entry(row.get("node_id")?).or_default().add(tally);
    }
    Ok(figures)
}
