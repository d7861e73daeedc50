use std::collections::{BTreeSet, HashMap};

use fault::Fault;
use kernel::{Tenant, Time};
use ledger::{
    AccountKey, ActivityId, AdjustmentId, AssetCode, EarnedBy, Entry, EntryId, EntryKind, HoldId, LotAmount, LotId,
    MemberId,
};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Columns, look_up, values};
use uuid::Uuid;

use crate::store::row::{KEYS_MAX, LedgerColumns, select};

/// The columns of an entry, in the order in which [`entry_row`] reads them.
pub(crate) const ENTRY: &str = "e.entry_id, e.sequence, e.kind, e.amount, e.balance, e.post_time, e.lot_expire_time, \
     e.reference, e.reverses_entry_id, e.activity_id, e.rule_code, e.rule_version, e.inputs_digest, \
     e.counterpart_member_id, e.hold_id, e.debt, e.adjustment_id, e.cost_centre, e.acting_member_id";

/// An account's entries before a sequence, the latest first, each with its lots.
pub(crate) async fn list_entries(
    conn: &impl ConnectionTrait,
    key: &AccountKey,
    before: i64,
    limit: i64,
) -> Result<Vec<Entry>, Fault> {
    let sql = format!(
        "SELECT {ENTRY} FROM entry AS e WHERE tenant_id = $1 AND member_id = $2 AND asset_code = $3 AND sequence < $4 \
         ORDER BY sequence DESC LIMIT $5"
    );
    let [tenant, member, asset] = crate::account::rows::key_values(key);
    let parameters = [tenant, member, asset, before.into(), limit.into()];
    with_lots(conn, key, select(conn, &sql, parameters).await?).await
}

/// An account's entries after a sequence and up to one, the earliest first, each with its lots.
pub(crate) async fn entries_between(
    conn: &impl ConnectionTrait,
    key: &AccountKey,
    after: i64,
    until: i64,
    limit: i64,
) -> Result<Vec<Entry>, Fault> {
    let sql = format!(
        "SELECT {ENTRY} FROM entry AS e WHERE tenant_id = $1 AND member_id = $2 AND asset_code = $3 AND sequence > $4 AND sequence <= $5 \
         ORDER BY sequence LIMIT $6"
    );
    let [tenant, member, asset] = crate::account::rows::key_values(key);
    let parameters = [tenant, member, asset, after.into(), until.into(), limit.into()];
    with_lots(conn, key, select(conn, &sql, parameters).await?).await
}

async fn with_lots(conn: &impl ConnectionTrait, key: &AccountKey, rows: Vec<QueryResult>) -> Result<Vec<Entry>, Fault> {
    let entries = rows.iter().map(|row| entry_row(key, &mut Columns::of(row)));
    with_lots_of(conn, entries.collect::<Result<Vec<Entry>, Fault>>()?).await
}

/// The entries with the lots that are not their own.
pub(crate) async fn with_lots_of(conn: &impl ConnectionTrait, mut entries: Vec<Entry>) -> Result<Vec<Entry>, Fault> {
    let mut lots = lots_of(conn, &entries).await?;
    for entry in &mut entries {
        if let Some(lots) = lots.remove(&entry.id) {
            entry.lots = lots;
        }
    }
    Ok(entries)
}

pub(crate) fn entry_row(key: &AccountKey, columns: &mut Columns<'_>) -> Result<Entry, Fault> {
    let id = EntryId::from_uuid(columns.take()?);
    let sequence = columns.take()?;
    let kind = columns.entry_kind()?;
    let amount = columns.take()?;
    let balance = columns.take()?;
    let post_time = columns.time()?;
    let lot_expire_time = columns.optional_time()?;
    let reference = columns.take()?;
    let reverses = columns.take::<Option<Uuid>>()?.map(EntryId::from_uuid);
    let earned_by = earned_by(columns)?;
    let counterpart = columns.take::<Option<Uuid>>()?.map(MemberId::from_uuid);
    let hold = columns.take::<Option<Uuid>>()?.map(HoldId::from_uuid);
    let debt = columns.take()?;
    let adjustment = columns.take::<Option<Uuid>>()?.map(AdjustmentId::from_uuid);
    let cost_centre = columns.take::<Option<String>>()?.map(Into::into);
    let acting = columns.take::<Option<Uuid>>()?.map(MemberId::from_uuid);
    let own = lot_expire_time
        .filter(|_| kind == EntryKind::Earn)
        .map(|expire_time| own_lot(id, expire_time, amount));
    Ok(Entry {
        id,
        account: key.clone(),
        sequence,
        kind,
        amount,
        balance,
        post_time,
        lots: own.into_iter().collect(),
        lot_expire_time,
        reference,
        reverses,
        earned_by,
        counterpart,
        hold,
        debt,
        acting,
        adjustment,
        cost_centre,
    })
}

fn earned_by(columns: &mut Columns<'_>) -> Result<Option<EarnedBy>, Fault> {
    let activity = columns.take::<Option<Uuid>>()?.map(ActivityId::from_uuid);
    let rule_code = columns.take::<Option<String>>()?;
    let rule_version = columns.take::<Option<i32>>()?;
    let inputs_digest = columns.take::<Option<Vec<u8>>>()?;
    Ok(match (activity, rule_code, rule_version, inputs_digest) {
        (Some(activity), Some(rule_code), Some(rule_version), Some(inputs_digest)) => Some(EarnedBy {
            activity,
            rule_code,
            rule_version,
            inputs_digest,
        }),
        _ => None,
    })
}

/// The lot that an earn granted bears the entry's number.
fn own_lot(entry: EntryId, expire_time: Time, amount: i64) -> LotAmount {
    LotAmount {
        lot: LotId::from_uuid(entry.uuid()),
        expire_time,
        amount,
        regranted: false,
    }
}

async fn lots_of(conn: &impl ConnectionTrait, entries: &[Entry]) -> Result<HashMap<EntryId, Vec<LotAmount>>, Fault> {
    let with_rows = entries.iter().filter(|entry| entry.kind != EntryKind::Earn);
    let keys: Vec<Vec<Value>> = with_rows
        .map(|entry| vec![entry.account.tenant.uuid().into(), entry.id.uuid().into()])
        .collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = conn.get_database_backend();
    let (list, parameters) = values(backend, 1, &[Column::Uuid, Column::Uuid], keys);
    let on = "t.tenant_id = k.column1 AND t.entry_id = k.column2";
    let sql = format!(
        "SELECT t.entry_id, t.lot_id, t.expire_time, t.amount, t.regranted FROM {} \
         ORDER BY t.entry_id, t.expire_time, t.lot_id",
        look_up(backend, &list, "entry_lot", on)
    );
    let mut lots: HashMap<EntryId, Vec<LotAmount>> = HashMap::new();
    for row in select(conn, &sql, parameters).await? {
        let mut columns = Columns::of(&row);
        let entry = EntryId::from_uuid(columns.take()?);
        lots.entry(entry).or_default().push(LotAmount {
            lot: LotId::from_uuid(columns.take()?),
            expire_time: columns.time()?,
            amount: columns.take()?,
            regranted: columns.take()?,
        });
    }
    Ok(lots)
}

/// What an activity earned by a rule.
#[derive(Clone, Debug)]
pub(crate) struct EarnRow {
    pub(crate) tenant: Tenant,
    pub(crate) activity: ActivityId,
    pub(crate) rule_code: String,
    pub(crate) rule_version: i32,
    pub(crate) inputs_digest: Vec<u8>,
    pub(crate) entry: EntryId,
    pub(crate) member: MemberId,
    pub(crate) asset: AssetCode,
    pub(crate) amount: i64,
}

/// What these activities have earned by rules.
pub(crate) async fn earns_of_activities(
    conn: &impl ConnectionTrait,
    activities: &BTreeSet<(Tenant, ActivityId)>,
) -> Result<Vec<EarnRow>, Fault> {
    let activities: Vec<&(Tenant, ActivityId)> = activities.iter().collect();
    let mut found = Vec::new();
    for activities in activities.chunks(KEYS_MAX) {
        let rows = activities
            .iter()
            .map(|(tenant, id)| vec![tenant.uuid().into(), id.uuid().into()])
            .collect();
        let backend = conn.get_database_backend();
        let (list, parameters) = values(backend, 2, &[Column::Uuid, Column::Uuid], rows);
        let on = "t.tenant_id = k.column1 AND t.activity_id = k.column2 AND t.activity_id IS NOT NULL AND t.kind = $1";
        let sql = format!(
            "SELECT t.tenant_id, t.activity_id, t.rule_code, t.rule_version, t.inputs_digest, t.entry_id, t.member_id, \
             t.asset_code, t.amount FROM {} ORDER BY t.entry_id",
            look_up(backend, &list, "entry", on)
        );
        let parameters = std::iter::once(EntryKind::Earn.number().into()).chain(parameters);
        for row in select(conn, &sql, parameters).await? {
            let mut columns = Columns::of(&row);
            found.push(EarnRow {
                tenant: columns.tenant()?,
                activity: ActivityId::from_uuid(columns.take()?),
                rule_code: columns.take()?,
                rule_version: columns.take()?,
                inputs_digest: columns.take()?,
                entry: EntryId::from_uuid(columns.take()?),
                member: MemberId::from_uuid(columns.take()?),
                asset: columns.take::<String>()?.into(),
                amount: columns.take()?,
            });
        }
    }
    Ok(found)
}
