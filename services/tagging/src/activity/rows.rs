//! What members did.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contracts_tagging::v1;
use fault::Fault;
use kernel::{Tenant, Time};
use prost::Message;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Value};
use store::{Column, Row as _, Tx, among, insert_rows, look_up, values};
use uuid::Uuid;

use super::wire;
use super::{Activity, ActivityId, SourceKey};
use crate::member::{ACTIVE_CHANNELS_MAX, MemberId};
use crate::store::{execute, member_list, query};

/// How many activities are read at once where all of a member's are folded.
const FOLDED_MAX: usize = 2_000;

/// An activity that is about to be stored.
pub(crate) struct NewRow {
    pub(crate) id: ActivityId,
    pub(crate) member: MemberId,
    pub(crate) key: SourceKey,
    pub(crate) occur_time: Time,
    pub(crate) payload: Vec<u8>,
}

/// Where an activity stands in its member's timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) occur_time: Time,
    pub(crate) id: ActivityId,
}

/// Stores activities that are not stored yet. Where one is, another batch was faster, and the transaction has lost a
/// race. Keys must be in order, so that two batches with the same keys wait for each other and do not block each other.
pub(crate) async fn insert(tx: &Tx, tenant: Tenant, rows: Vec<NewRow>) -> Result<(), Fault> {
    const HEAD: &str = "INSERT INTO activity (tenant_id, member_id, occur_time, activity_id, channel_code, \
         activity_type, source_id, payload)";
    debug_assert!(rows.is_sorted_by(|a, b| a.key < b.key));
    let rows = rows.into_iter().map(|row| {
        vec![
            tenant.uuid().into(),
            row.member.uuid().into(),
            row.occur_time.micros().into(),
            row.id.uuid().into(),
            row.key.channel_code.into(),
            row.key.activity_type.into(),
            row.key.source_id.into(),
            row.payload.into(),
        ]
    });
    insert_rows(&**tx, HEAD, rows.collect(), "").await?;
    Ok(())
}

/// An activity as it is recorded.
pub(crate) struct Recorded {
    pub(crate) id: ActivityId,
    /// Whose it is now, whatever members were merged and parted since.
    pub(crate) member: MemberId,
    payload: Vec<u8>,
}

impl Recorded {
    /// What it says. Read only where somebody asks: most keys are new.
    pub(crate) fn activity(&self) -> Result<Activity, Fault> {
        let stored = v1::Activity::decode(&*self.payload).map_err(Fault::internal)?;
        wire::stored(stored)
    }
}

/// The activities that are stored under these keys.
pub(crate) async fn by_key(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    keys: impl IntoIterator<Item = SourceKey>,
) -> Result<HashMap<SourceKey, Recorded>, Fault> {
    let row = |key: SourceKey| {
        vec![
            tenant.uuid().into(),
            key.channel_code.into(),
            key.activity_type.into(),
            key.source_id.into(),
        ]
    };
    let rows: Vec<_> = keys.into_iter().map(row).collect();
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    let columns = [Column::Uuid, Column::Text, Column::Text, Column::Text];
    let (list, parameters) = values(conn.get_database_backend(), 1, &columns, rows);
    let on = "t.tenant_id = k.column1 AND t.channel_code = k.column2 AND t.activity_type = k.column3 \
              AND t.source_id = k.column4";
    let found = look_up(conn.get_database_backend(), &list, "activity", on);
    let sql = format!("SELECT channel_code, activity_type, source_id, activity_id, member_id, payload FROM {found}");
    let read = |row: &QueryResult| {
        let key = SourceKey {
            channel_code: row.get(0)?,
            activity_type: row.get(1)?,
            source_id: row.get(2)?,
        };
        let recorded = Recorded {
            id: activity_id(row, 3)?,
            member: row.id(4)?,
            payload: row.get(5)?,
        };
        Ok((key, recorded))
    };
    query(conn, &sql, parameters).await?.iter().map(read).collect()
}

/// A page of a member's timeline, latest first, before a place; of one type or, where that is empty, of all.
pub(crate) async fn timeline(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    member: MemberId,
    activity_type: &str,
    before: Option<Place>,
    rows_max: i64,
) -> Result<Vec<(Place, v1::Activity)>, Fault> {
    let mut parameters = vec![tenant.uuid().into(), member.uuid().into(), activity_type.into()];
    let mut beyond = "";
    if let Some(before) = before {
        beyond = " AND (occur_time, activity_id) < ($4, $5)";
        parameters.extend([before.occur_time.micros().into(), before.id.uuid().into()]);
    }
    let sql = format!(
        "SELECT member_id, occur_time, activity_id, payload FROM activity \
         WHERE tenant_id = $1 AND member_id = $2 AND ($3 = '' OR activity_type = $3){beyond} \
         ORDER BY occur_time DESC, activity_id DESC LIMIT {rows_max}"
    );
    let rows = query(conn, &sql, parameters).await?;
    rows.iter()
        .map(read)
        .map(|row| row.map(|(_, place, activity)| (place, activity)))
        .collect()
}

/// What to read of which members in order to fold their tags afresh.
pub(crate) struct History {
    pub(crate) members: BTreeSet<MemberId>,
    pub(crate) activity_types: BTreeSet<String>,
    /// Activities at this moment and before count no longer.
    pub(crate) after: Time,
}

/// The next activities of a history, after the one that was read last; an empty page is the end.
pub(crate) async fn history(
    tx: &Tx,
    tenant: Tenant,
    history: &History,
    last: Option<(MemberId, Place)>,
) -> Result<Vec<(MemberId, Place, v1::Activity)>, Fault> {
    if history.members.is_empty() || history.activity_types.is_empty() {
        return Ok(Vec::new());
    }
    let backend = tx.get_database_backend();
    let types = history
        .activity_types
        .iter()
        .map(|of| vec![of.clone().into()])
        .collect();
    let (types, type_parameters) = values(backend, 2, &[Column::Text], types);
    let mut parameters = vec![tenant.uuid().into()];
    parameters.extend(type_parameters);
    // Where the reading of each begins: no activity's id is greater than the greatest of all.
    let begin = |member: MemberId| match last {
        Some((of, place)) if of == member => (place.occur_time, place.id.uuid()),
        _ => (history.after, Uuid::max()),
    };
    let left = history
        .members
        .iter()
        .filter(|member| last.is_none_or(|(of, _)| of <= **member));
    let row = |member: &MemberId| {
        let (time, id) = begin(*member);
        vec![member.uuid().into(), time.micros().into(), id.into()]
    };
    let rows: Vec<Vec<Value>> = left.map(row).collect();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let columns = [Column::Uuid, Column::Int, Column::Uuid];
    let (members, cursors) = values(backend, parameters.len().saturating_add(1), &columns, rows);
    parameters.extend(cursors);
    // Members in the order of the list, the activities of each in that of the index: the reading ends with the page.
    let order = match backend {
        DbBackend::Sqlite => String::new(),
        _ => format!(" ORDER BY t.occur_time, t.activity_id LIMIT {FOLDED_MAX}"),
    };
    let on = format!(
        "t.tenant_id = $1 AND t.member_id = k.column1 AND (t.occur_time, t.activity_id) > (k.column2, k.column3) \
         AND {}{order}",
        among("t.activity_type", &types)
    );
    let found = look_up(backend, &members, "activity", &on);
    let sql = format!("SELECT member_id, occur_time, activity_id, payload FROM {found} LIMIT {FOLDED_MAX}");
    query(&**tx, &sql, parameters).await?.iter().map(read).collect()
}

/// Puts the activities of members who were merged down to the survivors.
pub(crate) async fn hand_over(tx: &Tx, tenant: Tenant, merged: &BTreeMap<MemberId, MemberId>) -> Result<(), Fault> {
    const HAND_OVER: &str = "UPDATE activity SET member_id = $3, origin_id = COALESCE(origin_id, member_id) \
         WHERE tenant_id = $1 AND member_id = $2";
    // Merge by merge, each by the index of its member; nobody to whom something goes was merged.
    for (from, to) in merged {
        let parameters = [tenant.uuid().into(), from.uuid().into(), to.uuid().into()];
        execute(&**tx, HAND_OVER, parameters).await?;
    }
    Ok(())
}

/// Puts the activities that were a restored member's, or one's who leads to it, down to that member again.
pub(crate) async fn give_back(
    tx: &Tx,
    tenant: Tenant,
    restored: MemberId,
    survivor: MemberId,
    led: &[MemberId],
) -> Result<(), Fault> {
    let (list, own) = member_list(&**tx, 4, led.iter().copied().chain([restored]));
    let of_own = among("origin_id", &list);
    let sql = format!("UPDATE activity SET member_id = $2 WHERE tenant_id = $1 AND member_id = $3 AND {of_own}");
    let mut parameters = vec![tenant.uuid().into(), restored.uuid().into(), survivor.uuid().into()];
    parameters.extend(own);
    execute(&**tx, &sql, parameters).await?;
    Ok(())
}

/// The channels in which a member did something.
pub(crate) async fn channels(tx: &Tx, tenant: Tenant, member: MemberId) -> Result<BTreeSet<String>, Fault> {
    const CHANNELS: &str = "SELECT DISTINCT channel_code FROM activity \
         WHERE tenant_id = $1 AND member_id = $2 AND channel_code <> '' ORDER BY channel_code";
    let rows = query(&**tx, CHANNELS, [tenant.uuid().into(), member.uuid().into()]).await?;
    let codes = rows.iter().take(ACTIVE_CHANNELS_MAX).map(|row| row.get(0));
    codes.collect()
}

/// The member is the row's: the message was written before a merge, perhaps.
fn read(row: &QueryResult) -> Result<(MemberId, Place, v1::Activity), Fault> {
    let member = row.id(0)?;
    let place = Place {
        occur_time: row.time(1)?,
        id: activity_id(row, 2)?,
    };
    let payload: Vec<u8> = row.get(3)?;
    let mut activity = v1::Activity::decode(&*payload).map_err(Fault::internal)?;
    activity.member_id = member.to_string();
    Ok((member, place, activity))
}

fn activity_id(row: &QueryResult, index: usize) -> Result<ActivityId, Fault> {
    row.id(index)
}
