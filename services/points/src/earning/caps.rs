//! What has been used of the caps of members and of the budgets of rules.

use std::collections::BTreeSet;

use fault::Fault;
use kernel::Tenant;
use ledger::{CounterKey, Counters, MemberId};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Value};
use store::{Column, Columns, Tx, for_update, insert_rows, look_up, statement, values};

use crate::store::row::{KEYS_MAX, select};

/// One of the two tables.
struct Table {
    name: &'static str,
    key: &'static str,
    /// Which row an item of a list of keys names.
    matches: &'static str,
    columns: &'static [Column],
    read: fn(&mut Columns<'_>) -> Result<CounterKey, Fault>,
}

const OF_MEMBERS: Table = Table {
    name: "rule_counter",
    key: "tenant_id, member_id, rule_code, period",
    matches: "t.tenant_id = k.column1 AND t.member_id = k.column2 AND t.rule_code = k.column3 AND t.period = k.column4",
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
    matches: "t.tenant_id = k.column1 AND t.rule_code = k.column2",
    columns: &[Column::Uuid, Column::Text],
    read: |columns| {
        Ok(CounterKey::Budget {
            tenant: columns.tenant()?,
            rule: columns.take()?,
        })
    },
};

/// Locks counters until the end of the transaction, all in the one order of their keys, and creates those that are not
/// there yet. A transaction that locks accounts, too, locks its counters before.
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

/// A member who was absorbed, and by whom.
pub(crate) type Absorbed = (Tenant, MemberId, MemberId);

/// Adds what absorbed members have used to what their survivors have, so that a merge opens no cap again; the limits, too,
/// since two members were allowed twice as much. The absorbed ones keep their own.
///
/// As an earn does: first what is missing is created, then all is locked, each in the one order of the keys. Were a
/// survivor's missing counter only inserted by the sum, a merge could wait for an earn that waits for the merge.
pub(crate) async fn merge_counters(tx: &Tx, merges: &[Absorbed]) -> Result<(), Fault> {
    const CREATE: &str = "INSERT INTO rule_counter (tenant_id, member_id, rule_code, period, used, limit_max) \
         SELECT tenant_id, $3, rule_code, period, 0, 0 FROM rule_counter \
         WHERE tenant_id = $1 AND member_id = $2 ORDER BY rule_code, period ON CONFLICT DO NOTHING";
    const MERGE: &str = "INSERT INTO rule_counter (tenant_id, member_id, rule_code, period, used, limit_max) \
         SELECT tenant_id, $3, rule_code, period, used, limit_max FROM rule_counter \
         WHERE tenant_id = $1 AND member_id = $2 ORDER BY rule_code, period \
         ON CONFLICT (tenant_id, member_id, rule_code, period) DO UPDATE \
         SET used = rule_counter.used + excluded.used, limit_max = rule_counter.limit_max + excluded.limit_max";
    let mut by_survivor = merges.to_vec();
    by_survivor.sort_by_key(|(tenant, absorbed, survivor)| (*tenant, *survivor, *absorbed));
    for merge in &by_survivor {
        tx.execute_raw(statement(&**tx, CREATE, parameters_of(merge))).await?;
    }
    lock_of_members(tx, merges).await?;
    for merge in merges {
        tx.execute_raw(statement(&**tx, MERGE, parameters_of(merge))).await?;
    }
    Ok(())
}

fn parameters_of((tenant, absorbed, survivor): &Absorbed) -> [Value; 3] {
    [tenant.uuid().into(), absorbed.uuid().into(), survivor.uuid().into()]
}

/// Takes from what the survivor of a merge has used what the restored member had brought, which its own counters still
/// say. What was used since the merge, and what was given back, is the survivor's.
pub(crate) async fn part_counters(
    tx: &Tx,
    tenant: Tenant,
    restored: MemberId,
    survivor: MemberId,
) -> Result<(), Fault> {
    const PART: &str = "UPDATE rule_counter SET \
         used = CASE WHEN rule_counter.used > own.used THEN rule_counter.used - own.used ELSE 0 END, \
         limit_max = CASE \
             WHEN rule_counter.used > own.used AND rule_counter.limit_max - own.limit_max < rule_counter.used - own.used \
                 THEN rule_counter.used - own.used \
             WHEN rule_counter.limit_max > own.limit_max THEN rule_counter.limit_max - own.limit_max ELSE 0 END \
         FROM rule_counter AS own WHERE own.tenant_id = $1 AND own.member_id = $2 \
         AND rule_counter.tenant_id = $1 AND rule_counter.member_id = $3 \
         AND rule_counter.rule_code = own.rule_code AND rule_counter.period = own.period";
    let parting = (tenant, restored, survivor);
    lock_of_members(tx, &[parting]).await?;
    tx.execute_raw(statement(&**tx, PART, parameters_of(&parting))).await?;
    Ok(())
}

/// Locks the counters of members who are merged or parted, in the one order of their keys. SQLite has one writer, who needs
/// no locks.
async fn lock_of_members(tx: &Tx, pairs: &[Absorbed]) -> Result<(), Fault> {
    let backend = tx.get_database_backend();
    if backend == DbBackend::Sqlite {
        return Ok(());
    }
    let members: BTreeSet<(Tenant, MemberId)> = pairs
        .iter()
        .flat_map(|(tenant, one, other)| [(*tenant, *one), (*tenant, *other)])
        .collect();
    let members: Vec<(Tenant, MemberId)> = members.into_iter().collect();
    for members in members.chunks(KEYS_MAX) {
        let rows = members
            .iter()
            .map(|(tenant, member)| vec![tenant.uuid().into(), member.uuid().into()])
            .collect();
        let (list, parameters) = values(backend, 1, &[Column::Uuid, Column::Uuid], rows);
        let of_member = format!(
            "t.tenant_id = k.column1 AND t.member_id = k.column2 ORDER BY t.rule_code, t.period{}",
            for_update(backend)
        );
        let sql = format!(
            "SELECT t.used FROM {}",
            look_up(backend, &list, "rule_counter", &of_member)
        );
        select(&**tx, &sql, parameters).await?;
    }
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
        matches,
        columns,
        read,
    } = table;
    let backend = conn.get_database_backend();
    // Read, and locked, in the order of the list, which is that of the keys.
    let on = format!("{matches}{lock}");
    for rows in rows.chunks(KEYS_MAX) {
        let (list, parameters) = values(backend, 1, columns, rows.to_vec());
        let sql = format!(
            "SELECT {key}, used, limit_max FROM {}",
            look_up(backend, &list, name, &on)
        );
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
