//! What has been used of the caps of members and of the budgets of rules.

use std::collections::BTreeSet;

use fault::Fault;
use kernel::Tenant;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Tx, for_update, insert_rows, statement, values};

use super::row::{Columns, KEYS_MAX, select};
use crate::domain::{CounterKey, Counters, MemberId};

/// One of the two tables.
struct Table {
    name: &'static str,
    key: &'static str,
    columns: &'static [Column],
    read: fn(&mut Columns<'_>) -> Result<CounterKey, Fault>,
}

const OF_MEMBERS: Table = Table {
    name: "rule_counter",
    key: "tenant_id, member_id, rule_code, period",
    columns: &[Column::Uuid, Column::Uuid, Column::Text, Column::Text],
    read: |columns| {
        Ok(CounterKey::Member {
            tenant: columns.tenant()?,
            member: MemberId::from_uuid(columns.take()?),
            rule: columns.take()?,
            period: columns.take()?,
        })
    },
};

const BUDGETS: Table = Table {
    name: "rule_budget",
    key: "tenant_id, rule_code",
    columns: &[Column::Uuid, Column::Text],
    read: |columns| {
        Ok(CounterKey::Budget {
            tenant: columns.tenant()?,
            rule: columns.take()?,
        })
    },
};

/// Locks counters until the end of the transaction, all in the one order of their keys, and creates those that are not
/// there yet. Whoever locks accounts too, locks its counters before.
pub(crate) async fn lock_counters(tx: &Tx, keys: &BTreeSet<CounterKey>) -> Result<Counters, Fault> {
    let mut counters = Counters::default();
    for (table, rows) in by_table(keys) {
        let with_nothing_used = |row: &Vec<Value>| row.iter().cloned().chain([0_i64.into(), 0_i64.into()]).collect();
        let insert = format!("INSERT INTO {} ({}, used, limit_max)", table.name, table.key);
        let missing = rows.iter().map(with_nothing_used).collect();
        insert_rows(&**tx, &insert, missing, "ON CONFLICT DO NOTHING").await?;
        read(
            &**tx,
            &table,
            rows,
            for_update(tx.get_database_backend()),
            &mut counters,
        )
        .await?;
    }
    Ok(counters)
}

/// Counters as they are, those that there are.
pub(crate) async fn read_counters(conn: &impl ConnectionTrait, keys: &BTreeSet<CounterKey>) -> Result<Counters, Fault> {
    let mut counters = Counters::default();
    for (table, rows) in by_table(keys) {
        read(conn, &table, rows, "", &mut counters).await?;
    }
    Ok(counters)
}

/// Writes the counters that have changed.
pub(crate) async fn save_counters(tx: &Tx, counters: &Counters) -> Result<(), Fault> {
    for table in [OF_MEMBERS, BUDGETS] {
        let insert = format!("INSERT INTO {} ({}, used, limit_max)", table.name, table.key);
        let change = format!(
            "ON CONFLICT ({}) DO UPDATE SET used = excluded.used, limit_max = excluded.limit_max",
            table.key
        );
        let changed = counters.changed().filter(|(key, _)| table_of(key).name == table.name);
        let rows = changed.map(|(key, counter)| {
            let mut row = key_values(key);
            row.extend([counter.used.into(), counter.limit.into()]);
            row
        });
        insert_rows(&**tx, &insert, rows.collect(), &change).await?;
    }
    Ok(())
}

/// Adds what an absorbed member has used to what the survivor has, so that a merge opens no cap again; the limits, too,
/// since two members were allowed twice as much. The absorbed one keeps its own.
pub(crate) async fn merge_counters(
    tx: &Tx,
    tenant: Tenant,
    absorbed: MemberId,
    survivor: MemberId,
) -> Result<(), Fault> {
    const MERGE: &str = "INSERT INTO rule_counter (tenant_id, member_id, rule_code, period, used, limit_max) \
         SELECT tenant_id, $3, rule_code, period, used, limit_max FROM rule_counter \
         WHERE tenant_id = $1 AND member_id = $2 ORDER BY rule_code, period \
         ON CONFLICT (tenant_id, member_id, rule_code, period) DO UPDATE \
         SET used = rule_counter.used + excluded.used, limit_max = rule_counter.limit_max + excluded.limit_max";
    let lock = format!(
        "SELECT used FROM rule_counter WHERE tenant_id = $1 AND member_id IN ($2, $3) \
         ORDER BY tenant_id, member_id, rule_code, period{}",
        for_update(tx.get_database_backend())
    );
    let parameters: [Value; 3] = [tenant.uuid().into(), absorbed.uuid().into(), survivor.uuid().into()];
    select(&**tx, &lock, parameters.clone()).await?;
    tx.execute_raw(statement(&**tx, MERGE, parameters)).await?;
    Ok(())
}

async fn read(
    conn: &impl ConnectionTrait,
    table: &Table,
    rows: Vec<Vec<Value>>,
    lock: &str,
    counters: &mut Counters,
) -> Result<(), Fault> {
    let Table {
        name,
        key,
        columns,
        read,
    } = table;
    for rows in rows.chunks(KEYS_MAX) {
        let (list, parameters) = values(conn.get_database_backend(), 1, columns, rows.to_vec());
        let sql = format!("SELECT {key}, used, limit_max FROM {name} WHERE ({key}) IN {list} ORDER BY {key}{lock}");
        for row in &select(conn, &sql, parameters).await? {
            let (key, used, limit) = counter_row(row, *read)?;
            counters.load(key, used, limit);
        }
    }
    Ok(())
}

fn counter_row(
    row: &QueryResult,
    read: fn(&mut Columns<'_>) -> Result<CounterKey, Fault>,
) -> Result<(CounterKey, i64, i64), Fault> {
    let mut columns = Columns::of(row);
    Ok((read(&mut columns)?, columns.take()?, columns.take()?))
}

/// The keys of each table, in their order; members before budgets. A table without keys is not in it.
fn by_table(keys: &BTreeSet<CounterKey>) -> Vec<(Table, Vec<Vec<Value>>)> {
    let tables = [OF_MEMBERS, BUDGETS].into_iter().map(|table| {
        let of_table = keys.iter().filter(|key| table_of(key).name == table.name);
        let rows = of_table.map(key_values).collect();
        (table, rows)
    });
    tables
        .filter(|(_, rows): &(Table, Vec<Vec<Value>>)| !rows.is_empty())
        .collect()
}

fn table_of(key: &CounterKey) -> Table {
    match key {
        CounterKey::Member { .. } => OF_MEMBERS,
        CounterKey::Budget { .. } => BUDGETS,
    }
}

fn key_values(key: &CounterKey) -> Vec<Value> {
    match key {
        CounterKey::Member {
            tenant,
            member,
            rule,
            period,
        } => vec![
            tenant.uuid().into(),
            member.uuid().into(),
            rule.clone().into(),
            period.clone().into(),
        ],
        CounterKey::Budget { tenant, rule } => vec![tenant.uuid().into(), rule.clone().into()],
    }
}
