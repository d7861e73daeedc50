use std::collections::{BTreeSet, HashMap};

use fault::Fault;
use kernel::Tenant;
use ledger::MemberId;
use sea_orm::ConnectionTrait;
use store::{Column, Columns, Tx, insert_rows, look_up, values};

use crate::store::row::{KEYS_MAX, select};

/// The tier of a member, as rights has told it.
pub(crate) struct TierRow {
    pub(crate) tenant: Tenant,
    pub(crate) member: MemberId,
    pub(crate) tier_code: String,
}

/// The tiers of these members, of those that have one.
pub(crate) async fn tiers(
    conn: &impl ConnectionTrait,
    members: &BTreeSet<(Tenant, MemberId)>,
) -> Result<HashMap<(Tenant, MemberId), String>, Fault> {
    let members: Vec<&(Tenant, MemberId)> = members.iter().collect();
    let mut found = HashMap::new();
    for members in members.chunks(KEYS_MAX) {
        let rows = members
            .iter()
            .map(|(tenant, member)| vec![tenant.uuid().into(), member.uuid().into()])
            .collect();
        let backend = conn.get_database_backend();
        let (list, parameters) = values(backend, 1, &[Column::Uuid, Column::Uuid], rows);
        let on = "t.tenant_id = k.column1 AND t.member_id = k.column2";
        let sql = format!(
            "SELECT t.tenant_id, t.member_id, t.tier_code FROM {}",
            look_up(backend, &list, "member_tier", on)
        );
        for row in select(conn, &sql, parameters).await? {
            let mut columns = Columns::of(&row);
            found.insert(
                (columns.tenant()?, MemberId::from_uuid(columns.take()?)),
                columns.take()?,
            );
        }
    }
    Ok(found)
}

/// Writes the tiers of members, each of whom is named once.
pub(crate) async fn save_tiers(tx: &Tx, tiers: Vec<TierRow>) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO member_tier (tenant_id, member_id, tier_code)";
    const CHANGE: &str = "ON CONFLICT (tenant_id, member_id) DO UPDATE SET tier_code = excluded.tier_code";
    let rows = tiers
        .into_iter()
        .map(|row| vec![row.tenant.uuid().into(), row.member.uuid().into(), row.tier_code.into()]);
    insert_rows(&**tx, INSERT, rows.collect(), CHANGE).await?;
    Ok(())
}
