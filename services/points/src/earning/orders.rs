use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use fault::Fault;
use kernel::Tenant;
use ledger::{ActivityId, OrderMoney};
use sea_orm::ConnectionTrait;
use store::{Column, Columns, Tx, insert_rows, look_up, unreadable, values};
use uuid::Uuid;

use crate::store::row::{KEYS_MAX, select};

/// What is kept as refunded of an order that was given back as a whole.
const WHOLE: i64 = i64::MAX;

/// An order by its number in its channel: what a refund names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct OrderKey {
    pub(crate) tenant: Tenant,
    pub(crate) channel: String,
    pub(crate) source_id: String,
}

/// The money of an order: what was paid, and what has been given back so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OrderRow {
    /// The activity that paid it; none while only refunds of it have arrived.
    pub(crate) activity: Option<ActivityId>,
    pub(crate) money: OrderMoney,
}

/// The orders of these keys, those that are known.
pub(crate) async fn orders(
    conn: &impl ConnectionTrait,
    keys: &BTreeSet<OrderKey>,
) -> Result<HashMap<OrderKey, OrderRow>, Fault> {
    let keys: Vec<&OrderKey> = keys.iter().collect();
    let mut found = HashMap::new();
    for keys in keys.chunks(KEYS_MAX) {
        let rows = keys
            .iter()
            .map(|key| {
                vec![
                    key.tenant.uuid().into(),
                    key.channel.clone().into(),
                    key.source_id.clone().into(),
                ]
            })
            .collect();
        let columns = [Column::Uuid, Column::Text, Column::Text];
        let backend = conn.get_database_backend();
        let (list, parameters) = values(backend, 1, &columns, rows);
        let on = "t.tenant_id = k.column1 AND t.channel_code = k.column2 AND t.source_id = k.column3";
        let sql = format!(
            "SELECT t.tenant_id, t.channel_code, t.source_id, t.activity_id, t.paid, t.refunded, t.currency_code, \
             t.refunds FROM {}",
            look_up(backend, &list, "order_money", on)
        );
        for row in select(conn, &sql, parameters).await? {
            let mut columns = Columns::of(&row);
            let key = OrderKey {
                tenant: columns.tenant()?,
                channel: columns.take()?,
                source_id: columns.take()?,
            };
            let activity = columns.take::<Option<Uuid>>()?.map(ActivityId::from_uuid);
            let money = money(&mut columns)?;
            found.insert(key, OrderRow { activity, money });
        }
    }
    Ok(found)
}

fn money(columns: &mut Columns<'_>) -> Result<OrderMoney, Fault> {
    let (paid, refunded): (i64, i64) = (columns.take()?, columns.take()?);
    let (currency, refunds): (String, String) = (columns.take()?, columns.take()?);
    let whole = refunded == WHOLE;
    let refunds = if refunds.is_empty() && refunded > 0 && !whole {
        BTreeMap::from([(String::new(), refunded)])
    } else {
        let part = |part: &str| {
            let (currency, minor_units) = part.split_once(':')?;
            Some((currency.to_owned(), minor_units.parse().ok()?))
        };
        let parts = refunds.split_whitespace().map(part);
        parts
            .collect::<Option<_>>()
            .ok_or_else(|| unreadable("order_money", format!("the refunds {refunds}")))?
    };
    Ok(OrderMoney {
        paid,
        currency,
        refunds,
        whole,
    })
}

fn refunds(money: &OrderMoney) -> String {
    let parts = money.refunds.iter();
    let parts: Vec<String> = parts.map(|(currency, sum)| format!("{currency}:{sum}")).collect();
    parts.join(" ")
}

/// Which of these activities are refunds that were counted before.
pub(crate) async fn counted_refunds(
    conn: &impl ConnectionTrait,
    activities: &BTreeSet<(Tenant, ActivityId)>,
) -> Result<HashSet<(Tenant, ActivityId)>, Fault> {
    let activities: Vec<&(Tenant, ActivityId)> = activities.iter().collect();
    let mut found = HashSet::new();
    for activities in activities.chunks(KEYS_MAX) {
        let keys = activities
            .iter()
            .map(|(tenant, activity)| vec![tenant.uuid().into(), activity.uuid().into()])
            .collect();
        let backend = conn.get_database_backend();
        let (list, parameters) = values(backend, 1, &[Column::Uuid, Column::Uuid], keys);
        let on = "t.tenant_id = k.column1 AND t.activity_id = k.column2";
        let sql = format!(
            "SELECT t.tenant_id, t.activity_id FROM {}",
            look_up(backend, &list, "order_refund", on)
        );
        for row in select(conn, &sql, parameters).await? {
            let mut columns = Columns::of(&row);
            found.insert((columns.tenant()?, ActivityId::from_uuid(columns.take()?)));
        }
    }
    Ok(found)
}

/// Remembers refunds as counted.
pub(crate) async fn save_refunds(tx: &Tx, activities: &BTreeSet<(Tenant, ActivityId)>) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO order_refund (tenant_id, activity_id)";
    let rows = activities
        .iter()
        .map(|(tenant, activity)| vec![tenant.uuid().into(), activity.uuid().into()]);
    insert_rows(&**tx, INSERT, rows.collect(), "").await?;
    Ok(())
}

/// Writes orders as they are now.
pub(crate) async fn save_orders(tx: &Tx, orders: Vec<(&OrderKey, &OrderRow)>) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO order_money (tenant_id, channel_code, source_id, activity_id, paid, refunded, \
         currency_code, refunds)";
    const CHANGE: &str = "ON CONFLICT (tenant_id, channel_code, source_id) DO UPDATE SET \
         activity_id = excluded.activity_id, paid = excluded.paid, refunded = excluded.refunded, \
         currency_code = excluded.currency_code, refunds = excluded.refunds";
    let rows = orders.into_iter().map(|(key, order)| {
        vec![
            key.tenant.uuid().into(),
            key.channel.clone().into(),
            key.source_id.clone().into(),
            order.activity.map(kernel::Id::uuid).into(),
            order.money.paid.into(),
            order.money.refunded().into(),
            order.money.currency.clone().into(),
            refunds(&order.money).into(),
        ]
    });
    insert_rows(&**tx, INSERT, rows.collect(), CHANGE).await?;
    Ok(())
}
