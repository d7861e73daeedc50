//! What was decided about each activity, as the contract tells it. Rows are only ever added.

pub(crate) mod wire;

use std::collections::{BTreeSet, HashMap};

use contracts_points::v1::EarningDecision;
use fault::Fault;
use kernel::{Tenant, Time};
use ledger::{ActivityId, MemberId};
use prost::Message;
use sea_orm::{ConnectionTrait, QueryResult};
use store::{Column, Columns, Tx, insert_rows, look_up, values};

use crate::store::row::{KEYS_MAX, select};

/// A decision, and by what it is found.
pub(crate) struct DecisionRow {
    pub(crate) tenant: Tenant,
    pub(crate) activity: ActivityId,
    pub(crate) member: MemberId,
    pub(crate) source_id: String,
    pub(crate) decide_time: Time,
    pub(crate) decision: EarningDecision,
}

/// The decisions about these activities, those that were made.
pub(crate) async fn decisions(
    conn: &impl ConnectionTrait,
    activities: &BTreeSet<(Tenant, ActivityId)>,
) -> Result<HashMap<(Tenant, ActivityId), EarningDecision>, Fault> {
    let activities: Vec<&(Tenant, ActivityId)> = activities.iter().collect();
    let mut found = HashMap::new();
    for activities in activities.chunks(KEYS_MAX) {
        let keys = activities
            .iter()
            .map(|(tenant, activity)| vec![tenant.uuid().into(), activity.uuid().into()])
            .collect();
        let backend = conn.get_database_backend();
        let (list, parameters) = values(backend, 1, &[Column::Uuid, Column::Uuid], keys);
        let on = "t.tenant_id = k.column1 AND t.activity_id = k.column2";
        let sql = format!(
            "SELECT t.tenant_id, t.activity_id, t.decision FROM {}",
            look_up(backend, &list, "earning_decision", on)
        );
        for row in &select(conn, &sql, parameters).await? {
            let mut columns = Columns::of(row);
            let key = (columns.tenant()?, ActivityId::from_uuid(columns.take()?));
            found.insert(key, decision(&mut columns)?);
        }
    }
    Ok(found)
}

/// The decisions about the activities of a member that have a number at their source.
pub(crate) async fn decisions_of_source(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    member: MemberId,
    source_id: &str,
    limit: i64,
) -> Result<Vec<EarningDecision>, Fault> {
    const FIND: &str = "SELECT decision FROM earning_decision WHERE tenant_id = $1 AND member_id = $2 AND source_id = $3 \
         ORDER BY activity_id LIMIT $4";
    let parameters = [
        tenant.uuid().into(),
        member.uuid().into(),
        source_id.into(),
        limit.into(),
    ];
    let rows: Vec<QueryResult> = select(conn, FIND, parameters).await?;
    rows.iter().map(|row| decision(&mut Columns::of(row))).collect()
}

/// Keeps decisions.
pub(crate) async fn save_decisions(tx: &Tx, decisions: Vec<DecisionRow>) -> Result<(), Fault> {
    const INSERT: &str =
        "INSERT INTO earning_decision (tenant_id, activity_id, member_id, source_id, decide_time, decision)";
    let rows = decisions.into_iter().map(|row| {
        vec![
            row.tenant.uuid().into(),
            row.activity.uuid().into(),
            row.member.uuid().into(),
            row.source_id.into(),
            row.decide_time.micros().into(),
            row.decision.encode_to_vec().into(),
        ]
    });
    insert_rows(&**tx, INSERT, rows.collect(), "").await?;
    Ok(())
}

fn decision(columns: &mut Columns<'_>) -> Result<EarningDecision, Fault> {
    let bytes: Vec<u8> = columns.take()?;
    EarningDecision::decode(bytes.as_slice()).map_err(Fault::internal)
}
