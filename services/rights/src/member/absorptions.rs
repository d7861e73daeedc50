//! What merges have to remember, so that they can be undone.

use std::collections::BTreeMap;

use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, Value};
use store::{Tx, among, insert_rows, statement};

use super::rows;
use super::{MemberId, MemberKey, ReachedTier, Standing};
use crate::store::Columns;
use crate::tier::roster::Absorption;

const GROW: &str = "INSERT INTO absorbed_growth (tenant_id, member_id, asset_code, amount)";
const GROW_MORE: &str =
    "ON CONFLICT (tenant_id, member_id, asset_code) DO UPDATE SET amount = absorbed_growth.amount + excluded.amount";

/// Remembers what absorbed members brought.
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

/// What is told late of members who have been absorbed was brought by them, and by those who absorbed them and were
/// absorbed themselves.
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
    row.map(|row| Ok((member.0, MemberId::from_uuid(Columns::of(&row).next()?))))
        .transpose()
}

/// What an absorbed member brought, which is forgotten by this. One who was absorbed before this was remembered brought
/// nothing that is known.
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
        let (code, time): (Option<String>, Option<i64>) = (columns.next()?, columns.next()?);
        absorption.brought.tier = code.zip(time).map(|(code, time)| ReachedTier {
            code,
            time: Time::from_micros(time),
        });
        absorption.brought.ladder_version = columns.next()?;
        absorption.survivor_tier = columns.next()?;
    }
    for row in tx
        .query_all_raw(statement(&**tx, TAKE_GROWTH, rows::parameters(&absorbed)))
        .await?
    {
        let mut columns = Columns::of(&row);
        absorption.brought.growth.insert(columns.next()?, columns.next()?);
    }
    Ok(absorption)
}

/// The tiers that members brought who are still with this one.
pub(crate) async fn tiers_brought_to(tx: &Tx, survivor: MemberKey) -> Result<Vec<String>, Fault> {
    const FIND: &str = "SELECT tier_code FROM absorbed_member \
         WHERE tenant_id = $1 AND survivor_id = $2 AND tier_code IS NOT NULL ORDER BY member_id";
    let rows = tx
        .query_all_raw(statement(&**tx, FIND, rows::parameters(&survivor)))
        .await?;
    rows.iter().map(|row| Columns::of(row).next()).collect()
}

/// Everything that was a member's, or one's who leads to it, goes back from the survivor: coupons, but those that were
/// redeemed since the merge; the count of what was issued; the history of tiers.
pub(crate) async fn give_back(
    tx: &Tx,
    tenant: Tenant,
    members: [MemberId; 2],
    led: &[MemberId],
    merge_time: Time,
) -> Result<(), Fault> {
    let [restored, survivor] = members;
    let own = || {
        led.iter()
            .chain([&restored])
            .map(|member| vec![member.uuid().into()])
            .collect()
    };
    let head = [tenant.uuid().into(), restored.uuid().into(), survivor.uuid().into()];
    let (list, mut parameters) = store::values(tx.get_database_backend(), 4, &[store::Column::Uuid], own());
    parameters.splice(0..0, head);
    let of_own = among("origin_id", &list);
    // Counted before the coupons go: they are counted as issued by whose they were at first, wherever they are.
    let count = format!(
        "SELECT template_code, COUNT(*) FROM coupon WHERE tenant_id = $1 AND member_id IN ($2, $3) \
         AND {} GROUP BY template_code",
        among("COALESCE(origin_id, member_id)", &list)
    );
    let rows = tx.query_all_raw(statement(&**tx, &count, parameters.clone())).await?;
    for row in &rows {
        let mut columns = Columns::of(row);
        crate::coupon::allowances::part(tx, tenant, restored, survivor, (columns.next()?, columns.next()?)).await?;
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
