use std::collections::{BTreeSet, HashMap, HashSet};

use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Value};
use store::{
    Column, Presence, Row, StuckItem, among, for_update, insert_rows, look_up, looked_up, statement, stuck, values,
};
use uuid::Uuid;

use super::row::{COLUMNS, RunRow};
use super::{MemberId, RUNS, RunId};
use crate::store::OF_MEMBER;

/// A run, by a list of tenants and ids.
const OF_RUN: &str = "t.tenant_id = k.column1 AND t.run_id = k.column2";

/// The key of a run.
pub(crate) type RunKey = (Tenant, RunId);

/// A run, or why its row cannot be read.
pub(crate) type ReadRun = Result<RunRow, (RunKey, Fault)>;

/// Runs of a tenant that are due, the most overdue first, locked until the transaction ends. Those that another replica
/// looks at are passed over.
pub(crate) async fn lock_due(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    now: Time,
    limit: usize,
) -> Result<Vec<ReadRun>, Fault> {
    let lock = match conn.get_database_backend() {
        DbBackend::Postgres => " FOR UPDATE SKIP LOCKED",
        _ => "",
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM run WHERE tenant_id = $1 AND due_time IS NOT NULL AND due_time <= $2 \
         ORDER BY due_time LIMIT $3{lock}"
    );
    let limit = i64::try_from(limit).map_err(Fault::internal)?;
    let parameters = [tenant.uuid().into(), now.micros().into(), limit.into()];
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    let read = |row: &QueryResult| {
        let key = (tenant, row.id("run_id")?);
        Ok(RunRow::read(row).map_err(|fault| (key, fault)))
    };
    rows.iter().map(read).collect()
}

/// By what a runner has a run in hand.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hand {
    /// It was due at this moment, and nobody has taken it up.
    Due(Time),
    /// It is leased under this id.
    Leased(Uuid),
}

/// A lease keeps other runners away from runs whose peers are being asked, until its time is over or its holder has gone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    pub(crate) id: Uuid,
    pub(crate) holder: Presence,
}

/// Makes a run due later, unless somebody else has it in hand by now.
pub(crate) async fn put_off(
    conn: &impl ConnectionTrait,
    (tenant, run): RunKey,
    hand: Hand,
    due_time: Time,
) -> Result<(), Fault> {
    let (held, by): (&str, Value) = match hand {
        Hand::Due(now) => ("due_time <= $4", now.micros().into()),
        Hand::Leased(lease_id) => ("lease_id = $4", lease_id.into()),
    };
    let sql = format!(
        "UPDATE run SET due_time = $3, lease_id = NULL, lease_holder = NULL \
         WHERE tenant_id = $1 AND run_id = $2 AND due_time IS NOT NULL AND {held}"
    );
    let parameters = [tenant.uuid().into(), run.uuid().into(), due_time.micros().into(), by];
    conn.execute_raw(statement(conn, &sql, parameters)).await?;
    Ok(())
}

/// When a parked run is due: never, as far as the runner can see.
pub(crate) const PARKED: Time = Time::MAX;

/// Makes a run due at once that was parked.
pub(crate) async fn take_up(conn: &impl ConnectionTrait, (tenant, run): RunKey, now: Time) -> Result<(), Fault> {
    const TAKE_UP: &str = "UPDATE run SET due_time = $3 WHERE tenant_id = $1 AND run_id = $2 AND due_time = $4";
    let parameters = [
        tenant.uuid().into(),
        run.uuid().into(),
        now.micros().into(),
        PARKED.micros().into(),
    ];
    conn.execute_raw(statement(conn, TAKE_UP, parameters)).await?;
    Ok(())
}

/// Why those of a tenant's runs are parked that are: nearly always none, which asks nothing of the database.
pub(crate) async fn parked(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    runs: &[RunRow],
) -> Result<HashMap<RunId, StuckItem>, Fault> {
    let put_off: HashMap<String, RunId> = runs
        .iter()
        .filter(|run| run.due_time == Some(PARKED))
        .map(|run| (run.run_id.uuid().simple().to_string(), run.run_id))
        .collect();
    let items = stuck::find_parked(conn, RUNS, tenant, put_off.keys().cloned().collect()).await?;
    let named = |item: StuckItem| Some((*put_off.get(&item.item)?, item));
    Ok(items.into_iter().filter_map(named).collect())
}

/// Those of the runs that are still leased under this id, locked until the transaction ends.
pub(crate) async fn lock_leased(
    conn: &impl ConnectionTrait,
    runs: &BTreeSet<(Tenant, RunId)>,
    lease_id: Uuid,
) -> Result<Vec<RunRow>, Fault> {
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let backend = conn.get_database_backend();
    let wanted = runs
        .iter()
        .map(|(tenant, run)| vec![tenant.uuid().into(), run.uuid().into()])
        .collect();
    let (list, mut parameters) = values(backend, 2, &[Column::Uuid, Column::Uuid], wanted);
    parameters.insert(0, lease_id.into());
    // Locked in the order of the list, which is that of the ids.
    let on = format!("{OF_RUN} AND t.lease_id = $1{}", for_update(backend));
    let sql = format!("SELECT {COLUMNS} FROM {}", look_up(backend, &list, "run", &on));
    query(conn, &sql, parameters).await
}

/// Who has leased runs, the dead among them: one look into the index for each.
pub(crate) async fn lease_holders(conn: &impl ConnectionTrait) -> Result<Vec<Presence>, Fault> {
    const HOLDERS: &str = "WITH RECURSIVE holder (presence) AS (\
         SELECT (SELECT MIN(lease_holder) FROM run WHERE lease_holder IS NOT NULL) UNION ALL \
         SELECT (SELECT MIN(run.lease_holder) FROM run \
             WHERE run.lease_holder IS NOT NULL AND run.lease_holder > holder.presence) \
         FROM holder WHERE holder.presence IS NOT NULL) \
         SELECT presence FROM holder WHERE presence IS NOT NULL";
    let rows = conn.query_all_raw(statement(conn, HOLDERS, [])).await?;
    let holder = |row: &QueryResult| Ok(Presence::from_key(row.get("presence")?));
    rows.iter().map(holder).collect()
}

/// Makes runs due at once that were leased by one who has gone. Those that somebody looks at are found again later.
pub(crate) async fn free(conn: &impl ConnectionTrait, holder: Presence, now: Time) -> Result<(), Fault> {
    let lock = match conn.get_database_backend() {
        DbBackend::Postgres => " FOR UPDATE SKIP LOCKED",
        _ => "",
    };
    let sql = format!(
        "UPDATE run SET due_time = $2, lease_id = NULL, lease_holder = NULL WHERE (tenant_id, run_id) IN \
         (SELECT tenant_id, run_id FROM run WHERE lease_holder = $1{lock})"
    );
    let parameters = [holder.key().into(), now.micros().into()];
    conn.execute_raw(statement(conn, &sql, parameters)).await?;
    Ok(())
}

/// The runs of these members that have not ended, locked until the transaction ends.
pub(crate) async fn lock_active(
    conn: &impl ConnectionTrait,
    members: &BTreeSet<(Tenant, MemberId)>,
) -> Result<Vec<RunRow>, Fault> {
    of_members(conn, members, " AND t.end_time IS NULL").await
}

/// Before a member's runs go over to another: they keep whose they were at first.
pub(crate) async fn keep_origin(conn: &impl ConnectionTrait, tenant: Tenant, member: MemberId) -> Result<(), Fault> {
    const KEEP: &str = "UPDATE run SET origin_id = member_id \
         WHERE tenant_id = $1 AND member_id = $2 AND origin_id IS NULL";
    conn.execute_raw(statement(conn, KEEP, [tenant.uuid().into(), member.uuid().into()]))
        .await?;
    Ok(())
}

/// Those runs of a member that were at first of one of the given.
pub(crate) async fn of_origins(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    member: MemberId,
    origins: &BTreeSet<MemberId>,
) -> Result<BTreeSet<RunId>, Fault> {
    let rows = origins.iter().map(|origin| vec![origin.uuid().into()]).collect();
    let (list, own) = values(conn.get_database_backend(), 3, &[Column::Uuid], rows);
    let of_own = among("origin_id", &list);
    let sql = format!("SELECT run_id FROM run WHERE tenant_id = $1 AND member_id = $2 AND {of_own}");
    let parameters = [tenant.uuid().into(), member.uuid().into()].into_iter().chain(own);
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    let id = |row: &QueryResult| row.id("run_id");
    rows.iter().map(id).collect()
}

/// All runs of these members, locked until the transaction ends.
pub(crate) async fn lock_all(
    conn: &impl ConnectionTrait,
    members: &BTreeSet<(Tenant, MemberId)>,
) -> Result<Vec<RunRow>, Fault> {
    of_members(conn, members, "").await
}

async fn of_members(
    conn: &impl ConnectionTrait,
    members: &BTreeSet<(Tenant, MemberId)>,
    condition: &str,
) -> Result<Vec<RunRow>, Fault> {
    if members.is_empty() {
        return Ok(Vec::new());
    }
    let backend = conn.get_database_backend();
    let wanted = members
        .iter()
        .map(|(tenant, member)| vec![tenant.uuid().into(), member.uuid().into()])
        .collect();
    let (list, parameters) = values(backend, 1, &[Column::Uuid, Column::Uuid], wanted);
    // Found by their members, and locked in the order of their ids, as by a runner that has runs in hand.
    let found = look_up(backend, &list, "run", &format!("{OF_MEMBER}{condition}"));
    let found = format!(
        "(SELECT t.tenant_id AS column1, t.run_id AS column2, t.member_id AS column3 FROM {found} \
         ORDER BY t.tenant_id, t.run_id)"
    );
    let on = format!("{OF_RUN} AND t.member_id = k.column3{condition}{}", for_update(backend));
    let sql = format!("SELECT {COLUMNS} FROM {}", look_up(backend, &found, "run", &on));
    query(conn, &sql, parameters).await
}

/// The fact that began a run of a journey, or would.
pub(crate) type Trigger = (Tenant, String, Uuid);

/// How many triggers are looked up by one statement.
const TRIGGERS_MAX: usize = 2_000;

/// Which of these have begun a run before.
pub(crate) async fn known_triggers(
    conn: &impl ConnectionTrait,
    triggers: &BTreeSet<Trigger>,
) -> Result<HashSet<Trigger>, Fault> {
    let triggers: Vec<&Trigger> = triggers.iter().collect();
    let mut known = HashSet::new();
    for triggers in triggers.chunks(TRIGGERS_MAX) {
        let wanted = triggers
            .iter()
            .map(|(tenant, journey, fact)| vec![tenant.uuid().into(), journey.clone().into(), (*fact).into()])
            .collect();
        let columns = [Column::Uuid, Column::Text, Column::Uuid];
        let backend = conn.get_database_backend();
        let (list, parameters) = values(backend, 1, &columns, wanted);
        let on = "t.tenant_id = k.column1 AND t.journey_code = k.column2 AND t.trigger_fact_id = k.column3";
        let found = look_up(backend, &list, "run", on);
        let sql = format!("SELECT tenant_id, journey_code, trigger_fact_id FROM {found}");
        for row in conn.query_all_raw(statement(conn, &sql, parameters)).await? {
            known.insert((
                row.tenant("tenant_id")?,
                row.get("journey_code")?,
                row.get("trigger_fact_id")?,
            ));
        }
    }
    Ok(known)
}

/// Makes waiting runs due, for a fact came that may end their wait; they are locked.
pub(crate) async fn wake(conn: &impl ConnectionTrait, runs: &[(Tenant, RunId)], now: Time) -> Result<(), Fault> {
    if runs.is_empty() {
        return Ok(());
    }
    let woken = runs
        .iter()
        .map(|(tenant, run)| vec![tenant.uuid().into(), run.uuid().into()])
        .collect();
    let backend = conn.get_database_backend();
    let (list, mut parameters) = values(backend, 2, &[Column::Uuid, Column::Uuid], woken);
    parameters.insert(0, now.micros().into());
    let found = looked_up(backend, &list, "run", &["tenant_id", "run_id"], OF_RUN);
    let sql = format!("UPDATE run SET due_time = $1 WHERE {found}");
    conn.execute_raw(statement(conn, &sql, parameters)).await?;
    Ok(())
}

/// Writes new runs.
pub(crate) async fn insert(conn: &impl ConnectionTrait, rows: &[RunRow]) -> Result<(), Fault> {
    write(conn, rows, "").await
}

/// Writes runs that were locked.
pub(crate) async fn update(conn: &impl ConnectionTrait, rows: &[RunRow]) -> Result<(), Fault> {
    const TAIL: &str = "ON CONFLICT (tenant_id, run_id) DO UPDATE SET member_id = excluded.member_id, \
         state = excluded.state, node_id = excluded.node_id, step_number = excluded.step_number, \
         enter_time = excluded.enter_time, attempts = excluded.attempts, clock_time = excluded.clock_time, \
         spent = excluded.spent, memory = excluded.memory, asking_member_id = excluded.asking_member_id, \
         wait_until = excluded.wait_until, awaited_key = excluded.awaited_key, end_time = excluded.end_time, \
         outcome_code = excluded.outcome_code, stop_reason = excluded.stop_reason, due_time = excluded.due_time, \
         lease_id = excluded.lease_id, lease_holder = excluded.lease_holder, asked_with = excluded.asked_with";
    write(conn, rows, TAIL).await
}

async fn write(conn: &impl ConnectionTrait, rows: &[RunRow], tail: &str) -> Result<(), Fault> {
    let rows: Result<Vec<Vec<Value>>, Fault> = rows.iter().map(RunRow::values).collect();
    insert_rows(conn, &format!("INSERT INTO run ({COLUMNS})"), rows?, tail).await?;
    Ok(())
}

/// When the next run of each tenant is due, of those who have runs under way, in the order of tenants. Two looks into the
/// index for each tenant, however many runs it has.
pub(crate) async fn next_due(conn: &impl ConnectionTrait) -> Result<Vec<(Tenant, Time)>, Fault> {
    const NEXT: &str = "WITH RECURSIVE whose (tenant_id) AS (\
         SELECT (SELECT tenant_id FROM run WHERE due_time IS NOT NULL ORDER BY tenant_id LIMIT 1) UNION ALL \
         SELECT (SELECT run.tenant_id FROM run WHERE run.due_time IS NOT NULL AND run.tenant_id > whose.tenant_id \
             ORDER BY run.tenant_id LIMIT 1) FROM whose WHERE whose.tenant_id IS NOT NULL) \
         SELECT tenant_id, (SELECT MIN(run.due_time) FROM run \
             WHERE run.tenant_id = whose.tenant_id AND run.due_time IS NOT NULL) AS due_time \
         FROM whose WHERE tenant_id IS NOT NULL";
    let mut next = Vec::new();
    for row in conn.query_all_raw(statement(conn, NEXT, [])).await? {
        if let Some(due_time) = row.optional_time("due_time")? {
            next.push((row.tenant("tenant_id")?, due_time));
        }
    }
    Ok(next)
}

pub(crate) async fn find(conn: &impl ConnectionTrait, tenant: Tenant, run: RunId) -> Result<Option<RunRow>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM run WHERE tenant_id = $1 AND run_id = $2");
    Ok(query(conn, &sql, vec![tenant.uuid().into(), run.uuid().into()])
        .await?
        .pop())
}

/// Whose runs are listed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ListOf<'a> {
    Journey(&'a str),
    Member(MemberId),
}

/// Runs, the newest first, from the one before `before`.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    of: ListOf<'_>,
    before: Option<RunId>,
    rows_max: i64,
) -> Result<Vec<RunRow>, Fault> {
    let (column, value): (&str, Value) = match of {
        ListOf::Journey(code) => ("journey_code", code.into()),
        ListOf::Member(member) => ("member_id", member.uuid().into()),
    };
    // The greatest of all ids: no run has it.
    let before = before.map_or(Uuid::max(), RunId::uuid);
    let sql = format!(
        "SELECT {COLUMNS} FROM run WHERE tenant_id = $1 AND {column} = $2 AND run_id < $3 ORDER BY run_id DESC LIMIT $4"
    );
    let parameters = vec![tenant.uuid().into(), value, before.into(), rows_max.into()];
    query(conn, &sql, parameters).await
}

async fn query(conn: &impl ConnectionTrait, sql: &str, parameters: Vec<Value>) -> Result<Vec<RunRow>, Fault> {
    let rows = conn.query_all_raw(statement(conn, sql, parameters)).await?;
    rows.iter().map(RunRow::read).collect()
}
