//! What merges have to remember, so that they can be undone.

use std::collections::BTreeMap;

use fault::Fault;
use kernel::{Tenant, Time};
use store::{Row as _, Tx, insert_rows};

use super::MemberId;
use super::subject::Absorption;
use crate::store::{execute, query};
use crate::tag::member_tags::{COLUMNS, read, row};

/// Remembers what absorbed members brought. One who is told to be absorbed once more brings nothing more.
pub(crate) async fn save(tx: &Tx, tenant: Tenant, absorptions: &BTreeMap<MemberId, Absorption>) -> Result<(), Fault> {
    const HEAD: &str = "INSERT INTO absorbed_member (tenant_id, member_id, tier_code, tier_time)";
    const AGAIN: &str = "ON CONFLICT DO NOTHING";
    let members = absorptions.iter().map(|(member, absorption)| {
        vec![
            tenant.uuid().into(),
            member.uuid().into(),
            absorption.tier_code.clone().into(),
            absorption.tier_time.micros().into(),
        ]
    });
    insert_rows(&**tx, HEAD, members.collect(), AGAIN).await?;
    let tags = format!("INSERT INTO absorbed_tag (tenant_id, {COLUMNS}, of_survivor)");
    let rows = absorptions.iter().flat_map(|(member, absorption)| {
        let brought = absorption.brought.iter().map(|tag| (false, tag));
        let replaced = absorption.replaced.iter().map(|tag| (true, tag));
        brought.chain(replaced).map(move |(of_survivor, (code, tag))| {
            let mut values = row(tenant, &(*member, code.as_str(), tag));
            values.push(of_survivor.into());
            values
        })
    });
    insert_rows(&**tx, &tags, rows.collect(), AGAIN).await?;
    Ok(())
}

/// What an absorbed member brought, which is forgotten by this. One who was absorbed before this was remembered brought
/// nothing that is known.
pub(crate) async fn take(tx: &Tx, tenant: Tenant, member: MemberId) -> Result<Absorption, Fault> {
    const MEMBER: &str = "SELECT tier_code, tier_time FROM absorbed_member WHERE tenant_id = $1 AND member_id = $2";
    let key = [tenant.uuid().into(), member.uuid().into()];
    let mut absorption = Absorption {
        tier_code: String::new(),
        tier_time: Time::from_micros(i64::MIN),
        brought: BTreeMap::new(),
        replaced: BTreeMap::new(),
    };
    if let Some(row) = query(&**tx, MEMBER, key.clone()).await?.first() {
        absorption.tier_code = row.get(0)?;
        absorption.tier_time = row.time(1)?;
    }
    let tags = format!("SELECT {COLUMNS}, of_survivor FROM absorbed_tag WHERE tenant_id = $1 AND member_id = $2");
    for row in &query(&**tx, &tags, key.clone()).await? {
        let (code, tag) = read(row)?;
        let tags = match row.get(10)? {
            true => &mut absorption.replaced,
            false => &mut absorption.brought,
        };
        tags.insert(code, tag);
    }
    for table in ["absorbed_member", "absorbed_tag"] {
        let forget = format!("DELETE FROM {table} WHERE tenant_id = $1 AND member_id = $2");
        execute(&**tx, &forget, key.clone()).await?;
    }
    Ok(absorption)
}
