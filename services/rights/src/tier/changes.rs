use std::collections::BTreeMap;

use fault::Fault;
use kernel::{Id, Kind, Time};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Columns, Tx, insert_rows, statement, unreadable};
use uuid::Uuid;

use super::roster::{Cause, TierChange};
use crate::member;
use crate::member::MemberKey;

/// The kind of a tier change's id.
#[derive(Debug)]
pub(crate) enum TierChangeKind {}

impl Kind for TierChangeKind {
    const PREFIX: &'static str = "tch";
    const NOUN: &'static str = "tier change";
}

/// A tier change's id.
pub(crate) type TierChangeId = Id<TierChangeKind>;

/// A tier change as it was recorded.
pub(crate) struct RecordedChange {
    pub(crate) id: TierChangeId,
    pub(crate) change: TierChange,
}

/// Records changes under ids in their order.
pub(crate) async fn insert(tx: &Tx, changes: &[TierChange], mut new_id: impl FnMut() -> Uuid) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO tier_change (tenant_id, member_id, tier_change_id, from_tier_code, to_tier_code, \
         growth_value, cause, change_time)";
    let rows = changes.iter().map(|change| {
        let [tenant, member] = member::rows::parameters(&change.member);
        vec![
            tenant,
            member,
            new_id().into(),
            change.from.clone().into(),
            change.to.clone().into(),
            change.growth_value.into(),
            name(change.cause).into(),
            change.time.micros().into(),
        ]
    });
    insert_rows(&**tx, INSERT, rows.collect(), "").await?;
    Ok(())
}

/// Moves the changes of absorbed members to their survivors.
pub(crate) async fn move_members(tx: &Tx, merges: &BTreeMap<MemberKey, MemberKey>) -> Result<(), Fault> {
    member::rows::move_rows(tx, "tier_change", merges).await
}

/// A member's changes before the one of an id, or all, the newest first.
pub(crate) async fn of_member(
    conn: &impl ConnectionTrait,
    (tenant, member): MemberKey,
    before: Option<TierChangeId>,
    rows_max: i64,
) -> Result<Vec<RecordedChange>, Fault> {
    const LIST: &str = "SELECT tier_change_id, from_tier_code, to_tier_code, growth_value, cause, change_time \
         FROM tier_change WHERE tenant_id = $1 AND member_id = $2 AND tier_change_id < $3 \
         ORDER BY tier_change_id DESC LIMIT $4";
    let before = before.map_or(Uuid::max(), TierChangeId::uuid);
    let parameters: [Value; 4] = [
        tenant.uuid().into(),
        member.uuid().into(),
        before.into(),
        rows_max.into(),
    ];
    let rows = conn.query_all_raw(statement(conn, LIST, parameters)).await?;
    rows.iter().map(|row| recorded((tenant, member), row)).collect()
}

fn recorded(member: MemberKey, row: &QueryResult) -> Result<RecordedChange, Fault> {
    let mut columns = Columns::of(row);
    let id = columns.id()?;
    let (from, to) = (columns.take()?, columns.take()?);
    let growth_value = columns.take()?;
    let cause: String = columns.take()?;
    let cause = [Cause::Registered, Cause::Growth, Cause::Ladder, Cause::Merge]
        .into_iter()
        .find(|known| name(*known) == cause)
        .ok_or_else(|| unreadable("tier_change", cause))?;
    let time: Time = columns.time()?;
    Ok(RecordedChange {
        id,
        change: TierChange {
            member,
            from,
            to,
            growth_value,
            cause,
            time,
        },
    })
}

fn name(cause: Cause) -> &'static str {
    match cause {
        Cause::Registered => "registered",
        Cause::Growth => "growth",
        Cause::Ladder => "ladder",
        Cause::Merge => "merge",
    }
}
