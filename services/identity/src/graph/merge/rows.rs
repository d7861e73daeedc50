//! The merges of members, with the records from which they are undone.

use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use serde::{Deserialize, Serialize};
use store::{Row, Tx, look_up, statement, unreadable};

use crate::graph::identity::{Identity, IdentityId, Proof};
use crate::graph::key::{Key, Kind};
use crate::graph::member::MemberId;
use crate::graph::rows::member_list;
use crate::graph::{Brought, Merge, PastMerge, Undo};
use crate::profile::{Attribute, Learned};
use crate::profile::{Field, Source};

const SELECT: &str =
    "SELECT merge_id, absorbed_id, survivor_id, moved_identity_ids, brought, merge_time FROM member_merge";

/// Writes down a merge.
pub(crate) async fn remember(tx: &Tx, tenant: Tenant, actor: &str, merge: &Merge) -> Result<(), Fault> {
    const HEAD: &str = "INSERT INTO member_merge \
         (tenant_id, merge_id, absorbed_id, survivor_id, moved_identity_ids, brought, actor, comment, merge_time)";
    let row: Vec<Value> = vec![
        tenant.uuid().into(),
        merge.id.uuid().into(),
        merge.absorbed.uuid().into(),
        merge.survivor.id.uuid().into(),
        joined(&merge.brought.moved).into(),
        written(&merge.brought)?.into(),
        actor.into(),
        merge.comment.clone().into(),
        merge.time.micros().into(),
    ];
    store::insert_rows(&**tx, HEAD, vec![row], "").await?;
    Ok(())
}

/// Writes down that a merge was undone.
pub(crate) async fn undo(tx: &Tx, tenant: Tenant, actor: &str, undo: &Undo) -> Result<(), Fault> {
    const UNDO: &str = "UPDATE member_merge SET undo_time = $3, undo_actor = $4, undo_comment = $5 \
         WHERE tenant_id = $1 AND merge_id = $2";
    const CORRECT: &str = "UPDATE member_merge SET brought = $3 WHERE tenant_id = $1 AND merge_id = $2";
    let parameters: [Value; 5] = [
        tenant.uuid().into(),
        undo.merge.uuid().into(),
        undo.time.micros().into(),
        actor.into(),
        undo.comment.clone().into(),
    ];
    tx.execute_raw(statement(&**tx, UNDO, parameters)).await?;
    for merge in &undo.corrected {
        let brought = written(&merge.brought)?;
        let parameters: [Value; 3] = [tenant.uuid().into(), merge.id.uuid().into(), brought.into()];
        tx.execute_raw(statement(&**tx, CORRECT, parameters)).await?;
    }
    Ok(())
}

/// The member that absorbed this one, if one did.
pub(crate) async fn absorbed_by(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    absorbed: MemberId,
) -> Result<Option<MemberId>, Fault> {
    const FIND: &str =
        "SELECT survivor_id FROM member_merge WHERE tenant_id = $1 AND absorbed_id = $2 AND undo_time IS NULL";
    let parameters = [tenant.uuid().into(), absorbed.uuid().into()];
    let row = conn.query_one_raw(statement(conn, FIND, parameters)).await?;
    row.map(|row| row.id(0)).transpose()
}

/// The merge by which a member was absorbed.
pub(crate) async fn of_absorbed(tx: &Tx, tenant: Tenant, absorbed: MemberId) -> Result<Option<PastMerge>, Fault> {
    let sql = format!("{SELECT} WHERE tenant_id = $1 AND absorbed_id = $2 AND undo_time IS NULL");
    let parameters = [tenant.uuid().into(), absorbed.uuid().into()];
    let row = tx.query_one_raw(statement(&**tx, &sql, parameters)).await?;
    row.as_ref().map(past).transpose()
}

/// The merges into the survivor of a merge since then.
pub(crate) async fn into_survivor_since(tx: &Tx, tenant: Tenant, merge: &PastMerge) -> Result<Vec<PastMerge>, Fault> {
    let sql = format!(
        "{SELECT} WHERE tenant_id = $1 AND survivor_id = $2 AND undo_time IS NULL \
         AND merge_time >= $3 AND merge_id <> $4 ORDER BY merge_time, merge_id"
    );
    let parameters: [Value; 4] = [
        tenant.uuid().into(),
        merge.survivor.uuid().into(),
        merge.time.micros().into(),
        merge.id.uuid().into(),
    ];
    let rows = tx.query_all_raw(statement(&**tx, &sql, parameters)).await?;
    rows.iter().map(past).collect()
}

/// All members that lead to this one by merges of its own, however long the chain.
pub(crate) async fn led(conn: &impl ConnectionTrait, tenant: Tenant, id: MemberId) -> Result<Vec<MemberId>, Fault> {
    let mut led: Vec<MemberId> = Vec::new();
    let mut next = vec![id];
    while !next.is_empty() {
        let of_tenant: Vec<(Tenant, MemberId)> = next.iter().map(|id| (tenant, *id)).collect();
        let (list, parameters) = member_list(conn, &of_tenant);
        let on = "t.tenant_id = k.column1 AND t.survivor_id = k.column2 AND t.undo_time IS NULL";
        let found = look_up(conn.get_database_backend(), &list, "member_merge", on);
        let sql = format!("SELECT absorbed_id FROM {found} ORDER BY absorbed_id");
        let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
        next = rows.iter().map(|row| row.id(0)).collect::<Result<_, Fault>>()?;
        led.extend(&next);
    }
    Ok(led)
}

fn past(row: &QueryResult) -> Result<PastMerge, Fault> {
    let moved: String = row.get("moved_identity_ids")?;
    let moved: Result<Vec<IdentityId>, _> = moved.split_whitespace().map(str::parse).collect();
    let brought: Option<String> = row.get("brought")?;
    let brought = brought.map(|text| read(&text)).transpose()?.unwrap_or_default();
    Ok(PastMerge {
        id: row.id("merge_id")?,
        absorbed: row.id("absorbed_id")?,
        survivor: row.id("survivor_id")?,
        brought: Brought {
            moved: moved.map_err(Fault::internal)?,
            ..brought
        },
        time: row.time("merge_time")?,
    })
}

fn joined(ids: &[IdentityId]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ids.join(" ")
}

/// The record of a merge, without the identities that moved, which have a column of their own.
#[derive(Serialize, Deserialize)]
struct BroughtText {
    left_behind: Vec<ClaimText>,
    replaced: Vec<ClaimText>,
    learned: Vec<LearnedText>,
    register_time: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct ClaimText {
    id: String,
    kind: String,
    scope: String,
    value: String,
    proof: String,
    source_channel: Option<String>,
    link_time: i64,
}

#[derive(Serialize, Deserialize)]
struct LearnedText {
    field: String,
    /// A value and its source.
    before: Option<(String, String)>,
    after: (String, String),
}

fn written(brought: &Brought) -> Result<String, Fault> {
    let attribute = |it: &Attribute| (it.value.clone(), it.source.code().to_owned());
    let learned = brought.learned.iter().map(|learned| LearnedText {
        field: learned.field.name().to_owned(),
        before: learned.before.as_ref().map(attribute),
        after: attribute(&learned.after),
    });
    let text = BroughtText {
        left_behind: brought.left_behind.iter().map(claim_text).collect(),
        replaced: brought.replaced.iter().map(claim_text).collect(),
        learned: learned.collect(),
        register_time: brought.register_time.map(Time::micros),
    };
    serde_json::to_string(&text).map_err(Fault::internal)
}

fn read(text: &str) -> Result<Brought, Fault> {
    let text: BroughtText = serde_json::from_str(text).map_err(Fault::internal)?;
    let claims = |claims: &[ClaimText]| claims.iter().map(claim).collect::<Result<Vec<Identity>, Fault>>();
    let learned: Result<Vec<Learned>, Fault> = text.learned.iter().map(learned).collect();
    Ok(Brought {
        moved: Vec::new(),
        left_behind: claims(&text.left_behind)?,
        replaced: claims(&text.replaced)?,
        learned: learned?,
        register_time: text.register_time.map(Time::from_micros),
    })
}

fn claim_text(claim: &Identity) -> ClaimText {
    ClaimText {
        id: claim.id.to_string(),
        kind: claim.key.kind.code().to_owned(),
        scope: claim.key.scope.clone(),
        value: claim.key.value.clone(),
        proof: claim.proof.code().to_owned(),
        source_channel: claim.source_channel.clone(),
        link_time: claim.link_time.micros(),
    }
}

fn claim(text: &ClaimText) -> Result<Identity, Fault> {
    let unreadable = || unreadable("member_merge", format!("the claim {}", text.id));
    Ok(Identity {
        id: text.id.parse().map_err(Fault::internal)?,
        key: Key {
            kind: Kind::from_code(&text.kind).ok_or_else(unreadable)?,
            scope: text.scope.clone(),
            value: text.value.clone(),
        },
        proof: Proof::from_code(&text.proof).ok_or_else(unreadable)?,
        verified: false,
        source_channel: text.source_channel.clone(),
        link_time: Time::from_micros(text.link_time),
    })
}

fn learned(text: &LearnedText) -> Result<Learned, Fault> {
    let attribute = |(value, source): &(String, String)| Attribute {
        value: value.clone(),
        source: Source::from_code(source),
    };
    let field = Field::from_name(&text.field);
    Ok(Learned {
        field: field.ok_or_else(|| unreadable("member_merge", format!("the field {}", text.field)))?,
        before: text.before.as_ref().map(attribute),
        after: attribute(&text.after),
    })
}
