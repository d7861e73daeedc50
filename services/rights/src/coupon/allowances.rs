//! The counts of coupons that each member was issued of a template, which the cap for one member bounds.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use fault::Fault;
use kernel::{Exact, Tenant};
use sea_orm::{ConnectionTrait, Value};
use store::{Column, Columns, Tx, insert_rows, look_up, looked_up, statement, values};

use crate::coupon_template::CouponTemplate;
use crate::member;
use crate::member::{MemberId, MemberKey};

const INSERT: &str = "INSERT INTO allowance (tenant_id, template_code, member_id, issued, allowed)";

/// How many coupons of a template some members were issued.
pub(crate) async fn issued(
    tx: &Tx,
    tenant: Tenant,
    template_code: &str,
    of: &BTreeSet<MemberKey>,
) -> Result<HashMap<MemberId, i64>, Fault> {
    let rows = of.iter().map(|(_, member)| vec![member.uuid().into()]).collect();
    let backend = tx.get_database_backend();
    let (list, mut parameters) = values(backend, 3, &[Column::Uuid], rows);
    let mut all: Vec<Value> = vec![tenant.uuid().into(), template_code.into()];
    all.append(&mut parameters);
    let on = "t.tenant_id = $1 AND t.template_code = $2 AND t.member_id = k.column1";
    let found = look_up(backend, &list, "allowance", on);
    let sql = format!("SELECT t.member_id, t.issued FROM {found}");
    let rows = tx.query_all_raw(statement(&**tx, &sql, all)).await?;
    let read = |row| {
        let mut columns = Columns::of(row);
        Ok((columns.id()?, columns.take()?))
    };
    rows.iter().map(read).collect()
}

/// Counts issued coupons. The database refuses to count past the template's cap for one member.
pub(crate) async fn add(
    tx: &Tx,
    tenant: Tenant,
    template: &CouponTemplate,
    issued: &BTreeMap<MemberId, i64>,
) -> Result<(), Fault> {
    const ADD: &str = "ON CONFLICT (tenant_id, template_code, member_id) DO UPDATE \
         SET issued = allowance.issued + excluded.issued, allowed = excluded.allowed";
    let allowed = template.member_cap.unwrap_or(i64::MAX);
    let row = |(member, issued): (&MemberId, &i64)| {
        vec![
            tenant.uuid().into(),
            template.code.clone().into(),
            member.uuid().into(),
            (*issued).into(),
            allowed.into(),
        ]
    };
    insert_rows(&**tx, INSERT, issued.iter().map(row).collect(), ADD).await?;
    Ok(())
}

/// Moves a part of a survivor's count back to the restored member.
pub(crate) async fn part(
    tx: &Tx,
    tenant: Tenant,
    restored: MemberId,
    survivor: MemberId,
    (template_code, issued): (String, i64),
) -> Result<(), Fault> {
    const TAKE: &str = "UPDATE allowance SET issued = CASE WHEN issued > $4 THEN issued - $4 ELSE 0 END \
         WHERE tenant_id = $1 AND template_code = $2 AND member_id = $3";
    const GIVE: &str = "ON CONFLICT (tenant_id, template_code, member_id) DO UPDATE \
         SET issued = excluded.issued, allowed = excluded.allowed";
    let parameters: [Value; 4] = [
        tenant.uuid().into(),
        template_code.clone().into(),
        survivor.uuid().into(),
        issued.into(),
    ];
    tx.execute_raw(statement(&**tx, TAKE, parameters)).await?;
    let row = vec![
        tenant.uuid().into(),
        template_code.into(),
        restored.uuid().into(),
        issued.into(),
        issued.into(),
    ];
    insert_rows(&**tx, INSERT, vec![row], GIVE).await?;
    Ok(())
}

/// Adds the counts of absorbed members to those of their survivors. A merge may bring a member above a cap; then the member
/// is issued nothing more.
pub(crate) async fn move_members(tx: &Tx, merges: &BTreeMap<MemberKey, MemberKey>) -> Result<(), Fault> {
    const ADD: &str = "ON CONFLICT (tenant_id, template_code, member_id) DO UPDATE \
         SET issued = allowance.issued + excluded.issued, \
         allowed = CASE WHEN allowance.allowed < allowance.issued + excluded.issued \
         THEN allowance.issued + excluded.issued ELSE allowance.allowed END";
    let mut brought: BTreeMap<(MemberKey, String), i64> = BTreeMap::new();
    for (tenant, absorbed) in member::rows::by_tenant(merges.keys()) {
        let (list, parameters) = member::rows::of_tenant(&**tx, tenant, absorbed);
        let key = ["tenant_id", "template_code", "member_id"];
        let found = looked_up(
            tx.get_database_backend(),
            &list,
            "allowance",
            &key,
            member::rows::OF_TENANT,
        );
        let sql = format!("DELETE FROM allowance WHERE {found} RETURNING member_id, template_code, issued");
        for row in tx.query_all_raw(statement(&**tx, &sql, parameters)).await? {
            let mut columns = Columns::of(&row);
            let key = (tenant, columns.id()?);
            let survivor = merges.get(&key).copied().unwrap_or(key);
            let sum = brought.entry((survivor, columns.take()?)).or_default();
            *sum = sum.exact_add(columns.take()?);
        }
    }
    let row = |(((tenant, member), template_code), issued): ((MemberKey, String), i64)| {
        vec![
            tenant.uuid().into(),
            template_code.into(),
            member.uuid().into(),
            issued.into(),
            issued.into(),
        ]
    };
    insert_rows(&**tx, INSERT, brought.into_iter().map(row).collect(), ADD).await?;
    Ok(())
}
