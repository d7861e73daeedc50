use std::collections::{BTreeMap, BTreeSet};

use fault::Fault;
use kernel::Tenant;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Value};
use store::{Column, Row, insert_rows, look_up, looked_up, statement, values};
use uuid::Uuid;

use super::entry::Entry;
use super::{MemberId, RunId};
use crate::store::{OF_MEMBER, lock_listed};

/// Whose history with which journey.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct EntryKey {
    pub(crate) tenant: Tenant,
    pub(crate) member: MemberId,
    pub(crate) journey_code: String,
}

/// A member's history with a journey, as it is stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryRow {
    pub(crate) visits: i32,
    pub(crate) active_run: Option<RunId>,
}

impl EntryRow {
    pub(crate) const fn entry(&self) -> Entry {
        Entry {
            visits: self.visits,
            active: self.active_run.is_some(),
        }
    }
}

pub(crate) type Entries = BTreeMap<EntryKey, EntryRow>;

/// The histories of these members, whatever the journeys, locked until the transaction ends.
pub(crate) async fn lock(
    conn: &impl ConnectionTrait,
    members: &BTreeSet<(Tenant, MemberId)>,
) -> Result<Entries, Fault> {
    if members.is_empty() {
        return Ok(Entries::new());
    }
    let wanted = members
        .iter()
        .map(|(tenant, member)| vec![tenant.uuid().into(), member.uuid().into()])
        .collect();
    let backend = conn.get_database_backend();
    let (list, parameters) = values(backend, 1, &[Column::Uuid, Column::Uuid], wanted);
    // Locked in the order of the keys, so that no two transactions wait for each other in a circle: that of the list, and
    // within it that of the journeys. SQLite has one writer and locks nothing.
    let lock = match backend {
        DbBackend::Postgres => " ORDER BY t.journey_code FOR UPDATE",
        _ => "",
    };
    let found = look_up(backend, &list, "entry", &format!("{OF_MEMBER}{lock}"));
    let sql = format!("SELECT tenant_id, member_id, journey_code, visits, active_run_id FROM {found}");
    conn.query_all_raw(statement(conn, &sql, parameters))
        .await?
        .iter()
        .map(entry)
        .collect()
}

/// Writes the histories of members who had none. Where somebody else was faster, the transaction is contended.
pub(crate) async fn insert(conn: &impl ConnectionTrait, entries: &Entries) -> Result<(), Fault> {
    insert_rows(conn, INSERT, entries.iter().map(row).collect(), "").await?;
    Ok(())
}

/// Writes histories that were locked.
pub(crate) async fn update(conn: &impl ConnectionTrait, entries: &Entries) -> Result<(), Fault> {
    const TAIL: &str = "ON CONFLICT (tenant_id, member_id, journey_code) \
         DO UPDATE SET visits = excluded.visits, active_run_id = excluded.active_run_id";
    insert_rows(conn, INSERT, entries.iter().map(row).collect(), TAIL).await?;
    Ok(())
}

const KEY: [&str; 3] = ["tenant_id", "member_id", "journey_code"];
const OF_JOURNEY: &str = "t.tenant_id = k.column1 AND t.member_id = k.column2 AND t.journey_code = k.column3";
const INSERT: &str = "INSERT INTO entry (tenant_id, member_id, journey_code, visits, active_run_id)";

/// Notes that runs have ended, so that their members may enter again.
pub(crate) async fn release(conn: &impl ConnectionTrait, runs: &[(EntryKey, RunId)]) -> Result<(), Fault> {
    if runs.is_empty() {
        return Ok(());
    }
    let mut runs: Vec<&(EntryKey, RunId)> = runs.iter().collect();
    runs.sort();
    let ended = runs
        .iter()
        .map(|(key, run)| {
            vec![
                key.tenant.uuid().into(),
                key.member.uuid().into(),
                key.journey_code.clone().into(),
                run.uuid().into(),
            ]
        })
        .collect();
    let columns = [Column::Uuid, Column::Uuid, Column::Text, Column::Uuid];
    let backend = conn.get_database_backend();
    let (list, parameters) = values(backend, 1, &columns, ended);
    let on = format!("{OF_JOURNEY} AND t.active_run_id = k.column4");
    lock_listed(conn, (&list, &parameters), "entry", &on).await?;
    let found = looked_up(backend, &list, "entry", &KEY, &on);
    let sql = format!("UPDATE entry SET active_run_id = NULL WHERE {found}");
    conn.execute_raw(statement(conn, &sql, parameters)).await?;
    Ok(())
}

/// Removes the histories of members who were merged into others; they are locked.
pub(crate) async fn remove(conn: &impl ConnectionTrait, keys: &[EntryKey]) -> Result<(), Fault> {
    if keys.is_empty() {
        return Ok(());
    }
    let gone = keys
        .iter()
        .map(|key| {
            vec![
                key.tenant.uuid().into(),
                key.member.uuid().into(),
                key.journey_code.clone().into(),
            ]
        })
        .collect();
    let columns = [Column::Uuid, Column::Uuid, Column::Text];
    let backend = conn.get_database_backend();
    let (list, parameters) = values(backend, 1, &columns, gone);
    let sql = format!(
        "DELETE FROM entry WHERE {}",
        looked_up(backend, &list, "entry", &KEY, OF_JOURNEY)
    );
    conn.execute_raw(statement(conn, &sql, parameters)).await?;
    Ok(())
}

fn row((key, entry): (&EntryKey, &EntryRow)) -> Vec<Value> {
    vec![
        key.tenant.uuid().into(),
        key.member.uuid().into(),
        key.journey_code.clone().into(),
        i64::from(entry.visits).into(),
        entry.active_run.map(RunId::uuid).into(),
    ]
}

fn entry(row: &QueryResult) -> Result<(EntryKey, EntryRow), Fault> {
    let key = EntryKey {
        tenant: row.tenant("tenant_id")?,
        member: row.id("member_id")?,
        journey_code: row.get("journey_code")?,
    };
    let active_run = row.get::<Option<Uuid>>("active_run_id")?.map(RunId::from_uuid);
    Ok((
        key,
        EntryRow {
            visits: row.int("visits")?,
            active_run,
        },
    ))
}
