//! The records of merges, from which they are undone.

use std::collections::BTreeMap;

use fault::Fault;
use kernel::Time;
use lineage::Undo;
use sea_orm::{ConnectionTrait, Value};
use store::{Columns, Tx, among, insert_rows, statement};

use super::rows;
use super::{Member, MemberKey, ReachedTier, Standing};
use crate::tier::roster::Absorption;

const GROW: &str = "INSERT INTO absorbed_growth (tenant_id, member_id, asset_code, amount)";
const GROW_MORE: &str =
    "ON CONFLICT (tenant_id, member_id, asset_code) DO UPDATE SET amount = absorbed_growth.amount + excluded.amount";

/// Records the standings of members that were absorbed.
pub(crate) async fn save(tx: &Tx, absorptions: &[Absorption]) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO absorbed_member \
         (tenant_id, member_id, survivor_id, tier_code, reach_time, ladder_version, survivor_tier_code)";
    let rows = absorptions.iter().map(|absorption| {
        let [tenant, member] = rows::parameters(&absorption.absorbed);
        let tier = absorption.brought.tier.as_ref();
        vec![
            tenant,
            member,
            absorption.survivor.1.uuid().into(),
            tier.map(|tier| tier.code.clone()).into(),
            tier.map(|tier| tier.time.micros()).into(),
            absorption.brought.ladder_version.into(),
            absorption.survivor_tier.clone().into(),
        ]
    });
    insert_rows(&**tx, INSERT, rows.collect(), "").await?;
    let growth = absorptions.iter().flat_map(|absorption| {
        let of = absorption.brought.growth.iter();
        of.map(|(asset_code, amount)| growth_row(&absorption.absorbed, asset_code, *amount))
    });
    insert_rows(&**tx, GROW, growth.collect(), GROW_MORE).await?;
    Ok(())
}

/// Adds growth that was told after its member was absorbed to the record of that merge, and to those of later merges in
/// which a survivor was absorbed itself: each undo gives it back.
pub(crate) async fn grow(tx: &Tx, grown: &BTreeMap<(MemberKey, String), i64>) -> Result<(), Fault> {
    for ((member, asset_code), amount) in grown {
        let mut next = Some(*member);
        while let Some(member) = next {
            let survivor = survivor_of(tx, member).await?;
            if survivor.is_some() {
                insert_rows(&**tx, GROW, vec![growth_row(&member, asset_code, *amount)], GROW_MORE).await?;
            }
            next = survivor;
        }
    }
    Ok(())
}

fn growth_row(member: &MemberKey, asset_code: &str, amount: i64) -> Vec<Value> {
    let [tenant, member] = rows::parameters(member);
    vec![tenant, member, asset_code.into(), amount.into()]
}

async fn survivor_of(tx: &Tx, member: MemberKey) -> Result<Option<MemberKey>, Fault> {
    const FIND: &str = "SELECT survivor_id FROM absorbed_member WHERE tenant_id = $1 AND member_id = $2";
    let row = tx
        .query_one_raw(statement(&**tx, FIND, rows::parameters(&member)))
        .await?;
    row.map(|row| Ok((member.0, Columns::of(&row).id()?))).transpose()
}

/// Takes the record of a merge out of the tables. A merge from before there were records has an empty one.
pub(crate) async fn take(tx: &Tx, absorbed: MemberKey, survivor: MemberKey) -> Result<Absorption, Fault> {
    const TAKE: &str = "DELETE FROM absorbed_member WHERE tenant_id = $1 AND member_id = $2 \
         RETURNING tier_code, reach_time, ladder_version, survivor_tier_code";
    const TAKE_GROWTH: &str =
        "DELETE FROM absorbed_growth WHERE tenant_id = $1 AND member_id = $2 RETURNING asset_code, amount";
    let row = tx
        .query_one_raw(statement(&**tx, TAKE, rows::parameters(&absorbed)))
        .await?;
    let mut absorption = Absorption {
        absorbed,
        survivor,
        brought: Standing::default(),
        survivor_tier: None,
    };
    if let Some(row) = row {
        let mut columns = Columns::of(&row);
        let (code, time): (Option<String>, _) = (columns.take()?, columns.optional_time()?);
        absorption.brought.tier = code.zip(time).map(|(code, time)| ReachedTier { code, time });
        absorption.brought.ladder_version = columns.take()?;
        absorption.survivor_tier = columns.take()?;
    }
    for row in tx
        .query_all_raw(statement(&**tx, TAKE_GROWTH, rows::parameters(&absorbed)))
        .await?
    {
        let mut columns = Columns::of(&row);
        absorption.brought.growth.insert(columns.take()?, columns.take()?);
    }
    Ok(absorption)
}

/// The tiers of members that are still merged into this one.
pub(crate) async fn tiers_brought_to(tx: &Tx, survivor: MemberKey) -> Result<Vec<String>, Fault> {
    const FIND: &str = "SELECT tier_code FROM absorbed_member \
         WHERE tenant_id = $1 AND survivor_id = $2 AND tier_code IS NOT NULL ORDER BY member_id";
    let rows = tx
        .query_all_raw(statement(&**tx, FIND, rows::parameters(&survivor)))
        .await?;
    rows.iter().map(|row| Columns::of(row).take()).collect()
}

/// Moves from the survivor back to the restored member all that was its own or of a member that leads to it: coupons,
/// except those redeemed since the merge; the counts of issued coupons; the history of tiers.
pub(crate) async fn give_back(tx: &Tx, undo: &Undo<Member>, merge_time: Time) -> Result<(), Fault> {
    let (tenant, restored, survivor) = (undo.tenant, undo.restored, undo.survivor);
    let own = undo.led.iter().chain([&restored]);
    let own = own.map(|member| vec![member.uuid().into()]).collect();
    let head = [tenant.uuid().into(), restored.uuid().into(), survivor.uuid().into()];
    let (list, mut parameters) = store::values(tx.get_database_backend(), 4, &[store::Column::Uuid], own);
    parameters.splice(0..0, head);
    let of_own = among("origin_id", &list);
    // Counted before the coupons move, by their first holder: a coupon counts for its first holder, even if it stays.
    let count = format!(
        "SELECT template_code, COUNT(*) FROM coupon WHERE tenant_id = $1 AND member_id IN ($2, $3) \
         AND {} GROUP BY template_code",
        among("COALESCE(origin_id, member_id)", &list)
    );
    let rows = tx.query_all_raw(statement(&**tx, &count, parameters.clone())).await?;
    for row in &rows {
        let mut columns = Columns::of(row);
        crate::coupon::allowances::part(tx, tenant, restored, survivor, (columns.take()?, columns.take()?)).await?;
    }
    let mut with_time = parameters.clone();
    with_time.push(merge_time.micros().into());
    let coupons = format!(
        "UPDATE coupon SET member_id = $2 WHERE tenant_id = $1 AND member_id = $3 AND {of_own} \
         AND (redeem_time IS NULL OR redeem_time <= ${})",
        with_time.len()
    );
    tx.execute_raw(statement(&**tx, &coupons, with_time)).await?;
    let changes = format!("UPDATE tier_change SET member_id = $2 WHERE tenant_id = $1 AND member_id = $3 AND {of_own}");
    tx.execute_raw(statement(&**tx, &changes, parameters)).await?;
    Ok(())
}
