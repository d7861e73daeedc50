//! Entries in bulk, page by page.

use fault::Fault;
use kernel::{Tenant, Time};
use ledger::{AccountKey, Entry, EntryId, MemberId};
use sea_orm::{ConnectionTrait, Value};
use store::Columns;
use uuid::Uuid;

use crate::posting::entries::{ENTRY, entry_row, with_lots_of};
use crate::store::row::select;

/// An asset's entries after one and before one, in the order of their ids, each with its lots. What else of the tenant lies
/// between is read over: the page ends after so many entries of any asset, and its last id is answered with it.
pub(crate) struct AssetPage {
    pub(crate) entries: Vec<Entry>,
    /// The last entry that was read, of whatever asset; none at the end.
    pub(crate) last: Option<EntryId>,
}

/// Reads a page of an asset's entries that were posted within a time.
pub(crate) async fn export_asset(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    asset: &str,
    (after, before): (EntryId, EntryId),
    (start, end): (Time, Time),
    limit: i64,
) -> Result<AssetPage, Fault> {
    // The limit is on what the index gives, so that a page costs the same however seldom the asset is.
    let sql = format!(
        "SELECT e.member_id, e.asset_code, {ENTRY} FROM entry AS e WHERE e.tenant_id = $1 AND e.entry_id > $2 \
         AND e.entry_id < $3 ORDER BY e.tenant_id, e.entry_id LIMIT $4"
    );
    let parameters: [Value; 4] = [
        tenant.uuid().into(),
        after.uuid().into(),
        before.uuid().into(),
        limit.into(),
    ];
    let rows = select(conn, &sql, parameters).await?;
    let mut entries = Vec::with_capacity(rows.len());
    let mut last = None;
    for row in &rows {
        let mut columns = Columns::of(row);
        let key = AccountKey {
            tenant,
            member: MemberId::from_uuid(columns.take::<Uuid>()?),
            asset: columns.take::<String>()?.into(),
        };
        let entry = entry_row(&key, &mut columns)?;
        last = Some(entry.id);
        if &*key.asset == asset && start <= entry.post_time && entry.post_time < end {
            entries.push(entry);
        }
    }
    Ok(AssetPage {
        entries: with_lots_of(conn, entries).await?,
        last,
    })
}
