use std::collections::BTreeSet;
use std::time::Duration;

use fault::Fault;
use kernel::{Id, Tenant, Time};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Column, Columns, insert_rows, statement, unreadable, values};

use super::{Attempt, Delivery, Key, LastTry, Receiver, State, Webhooked};
use crate::fact::telling::Telling;
use crate::subscription::Webhook;

const COLUMNS: &str = "tenant_id, subscription_id, stream, position, delivery_id, fact_id, fact_type, subject, payload, \
     occur_time, state, due_time, attempts, first_try_time, last_try_time, last_code, last_micros, last_answer";

/// What is told in its order: one subject of one service, to one receiver.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lane {
    pub(crate) receiver: Receiver,
    pub(crate) stream: String,
    pub(crate) subject: String,
}

impl Lane {
    pub(crate) fn of(delivery: &Delivery) -> Self {
        Self {
            receiver: delivery.key.receiver,
            stream: delivery.key.stream.clone(),
            subject: delivery.told.subject.clone(),
        }
    }

    fn values(self) -> Vec<Value> {
        let (tenant, id) = self.receiver;
        vec![
            tenant.uuid().into(),
            id.uuid().into(),
            self.stream.into(),
            self.subject.into(),
        ]
    }
}

const LANE: [Column; 4] = [Column::Uuid, Column::Uuid, Column::Text, Column::Text];
const OF_LANE: &str = "t.tenant_id = k.column1 AND t.subscription_id = k.column2 AND t.stream = k.column3 \
     AND t.subject = k.column4 AND t.state <> 'delivered'";

/// Those of the lanes in which something is under way already.
pub(crate) async fn busy(conn: &impl ConnectionTrait, lanes: BTreeSet<Lane>) -> Result<BTreeSet<Lane>, Fault> {
    let found = first_of(conn, lanes).await?;
    Ok(found.into_iter().map(|(lane, _)| lane).collect())
}

/// The first position of each lane that is not delivered; lanes without one are left out.
async fn first_of(conn: &impl ConnectionTrait, lanes: BTreeSet<Lane>) -> Result<Vec<(Lane, i64)>, Fault> {
    if lanes.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = lanes.into_iter().map(Lane::values).collect();
    let (list, parameters) = values(conn.get_database_backend(), 1, &LANE, wanted);
    // One value of a row of an index for each lane, whatever the statistics of the table say.
    let sql = format!(
        "SELECT k.column1, k.column2, k.column3, k.column4, \
             (SELECT MIN(t.position) FROM webhook_delivery AS t WHERE {OF_LANE}) FROM {list} AS k"
    );
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut columns = Columns::of(row);
        let lane = Lane {
            receiver: (columns.tenant()?, columns.id()?),
            stream: columns.take()?,
            subject: columns.take()?,
        };
        if let Some(position) = columns.take::<Option<i64>>()? {
            found.push((lane, position));
        }
    }
    Ok(found)
}

/// Keeps new deliveries. One that is kept already stays as it is.
pub(crate) async fn insert(conn: &impl ConnectionTrait, deliveries: &[Delivery]) -> Result<(), Fault> {
    write(conn, deliveries, "ON CONFLICT DO NOTHING").await.map(drop)
}

/// Writes what became of deliveries over how they stood before this try; answers how many. Their subscriptions are locked, and
/// are there.
pub(crate) async fn settle(conn: &impl ConnectionTrait, deliveries: &[Delivery]) -> Result<u64, Fault> {
    const OVER: &str = "ON CONFLICT (tenant_id, subscription_id, stream, position) DO UPDATE SET state = excluded.state, \
         due_time = excluded.due_time, attempts = excluded.attempts, first_try_time = excluded.first_try_time, \
         last_try_time = excluded.last_try_time, last_code = excluded.last_code, last_micros = excluded.last_micros, \
         last_answer = excluded.last_answer \
         WHERE webhook_delivery.attempts = excluded.attempts - 1 AND webhook_delivery.state = 'due'";
    write(conn, deliveries, OVER).await
}

async fn write(conn: &impl ConnectionTrait, deliveries: &[Delivery], tail: &str) -> Result<u64, Fault> {
    let head = format!("INSERT INTO webhook_delivery ({COLUMNS})");
    insert_rows(conn, &head, deliveries.iter().map(row).collect(), tail).await
}

/// Makes the next one of each lane due, if it waits.
pub(crate) async fn release(conn: &impl ConnectionTrait, lanes: BTreeSet<Lane>, now: Time) -> Result<bool, Fault> {
    const RELEASE: &str = "UPDATE webhook_delivery SET state = 'due', due_time = $5 WHERE tenant_id = $1 \
         AND subscription_id = $2 AND stream = $3 AND position = $4 AND state = 'waiting'";
    let next = first_of(conn, lanes).await?;
    for (lane, position) in &next {
        let (tenant, id) = lane.receiver;
        let parameters: [Value; 5] = [
            tenant.uuid().into(),
            id.uuid().into(),
            lane.stream.clone().into(),
            (*position).into(),
            now.micros().into(),
        ];
        conn.execute_raw(statement(conn, RELEASE, parameters)).await?;
    }
    Ok(!next.is_empty())
}

/// Notes tries that failed.
pub(crate) async fn note_failures(
    conn: &impl ConnectionTrait,
    failures: impl Iterator<Item = (&Delivery, &Attempt)>,
) -> Result<(), Fault> {
    const HEAD: &str = "INSERT INTO webhook_attempt \
         (tenant_id, subscription_id, delivery_id, number, start_time, micros, code, failure, answer)";
    let row = |(delivery, attempt): (&Delivery, &Attempt)| -> Vec<Value> {
        let (tenant, id) = delivery.key.receiver;
        vec![
            tenant.uuid().into(),
            id.uuid().into(),
            delivery.id.uuid().into(),
            delivery.attempts.into(),
            attempt.start.micros().into(),
            micros(attempt.took).into(),
            attempt.code.map_or(0, i64::from).into(),
            attempt.failure.clone().unwrap_or_default().into(),
            attempt.answer.clone().into(),
        ]
    };
    insert_rows(conn, HEAD, failures.map(row).collect(), "ON CONFLICT DO NOTHING").await?;
    Ok(())
}

/// The failed tries of a delivery, the newest first.
pub(crate) async fn failures(
    conn: &impl ConnectionTrait,
    (tenant, id): Receiver,
    delivery: Id<Webhooked>,
    rows_max: i64,
) -> Result<Vec<Attempt>, Fault> {
    const READ: &str = "SELECT start_time, micros, code, failure, answer FROM webhook_attempt \
         WHERE tenant_id = $1 AND subscription_id = $2 AND delivery_id = $3 ORDER BY number DESC LIMIT $4";
    let parameters: [Value; 4] = [
        tenant.uuid().into(),
        id.uuid().into(),
        delivery.uuid().into(),
        rows_max.into(),
    ];
    let rows = conn.query_all_raw(statement(conn, READ, parameters)).await?;
    let attempt = |row: &QueryResult| -> Result<Attempt, Fault> {
        let mut columns = Columns::of(row);
        Ok(Attempt {
            start: columns.time()?,
            took: duration(columns.take()?),
            code: u16::try_from(columns.take::<i64>()?).ok().filter(|code| *code > 0),
            failure: Some(columns.take()?),
            answer: columns.take()?,
            retry_after: None,
        })
    };
    rows.iter().map(attempt).collect()
}

/// The receivers that have something due or to be tried later, each with the first time, in their order behind `after`.
pub(crate) async fn receivers(
    conn: &impl ConnectionTrait,
    after: Receiver,
    rows_max: i64,
) -> Result<Vec<(Receiver, Time)>, Fault> {
    // From one receiver to the next by the index, whatever lies between them.
    const NEXT: &str = "(SELECT t.tenant_id, t.subscription_id, t.due_time FROM webhook_delivery AS t \
         WHERE t.due_time IS NOT NULL AND (t.tenant_id, t.subscription_id) > ";
    const FIRST: &str = " ORDER BY t.tenant_id, t.subscription_id, t.due_time LIMIT 1)";
    let one = |of: &str, column: &str| format!("(SELECT n.{column} FROM {NEXT}({of}){FIRST} AS n)");
    let step = |of: &str| {
        let columns = ["tenant_id", "subscription_id", "due_time"].map(|column| one(of, column));
        columns.join(", ")
    };
    let sql = format!(
        "WITH RECURSIVE r (tenant_id, subscription_id, due_time, number) AS (SELECT {}, 1 UNION ALL \
             SELECT {}, r.number + 1 FROM r WHERE r.tenant_id IS NOT NULL AND r.number < $3) \
         SELECT r.tenant_id, r.subscription_id, r.due_time FROM r WHERE r.tenant_id IS NOT NULL",
        step("$1, $2"),
        step("r.tenant_id, r.subscription_id")
    );
    let parameters: [Value; 3] = [after.0.uuid().into(), after.1.uuid().into(), rows_max.into()];
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    let read = |row: &QueryResult| {
        let mut columns = Columns::of(row);
        Ok(((columns.tenant()?, columns.id()?), columns.time()?))
    };
    rows.iter().map(read).collect()
}

/// What is due of a receiver, that which is due first before the rest.
pub(crate) async fn due(
    conn: &impl ConnectionTrait,
    (tenant, id): Receiver,
    now: Time,
    rows_max: i64,
) -> Result<Vec<Delivery>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM webhook_delivery WHERE tenant_id = $1 AND subscription_id = $2 AND due_time IS NOT NULL \
         AND due_time <= $3 ORDER BY due_time LIMIT $4"
    );
    let parameters: [Value; 4] = [
        tenant.uuid().into(),
        id.uuid().into(),
        now.micros().into(),
        rows_max.into(),
    ];
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    rows.iter().map(delivery).collect()
}

/// Deliveries of a receiver, the newest first, from the one before `before`; those alone that stand so.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    (tenant, id): Receiver,
    state: Option<&'static str>,
    before: Option<Id<Webhooked>>,
    rows_max: i64,
) -> Result<Vec<Delivery>, Fault> {
    let standing = state.map_or_else(String::new, |state| format!(" AND state = '{state}'"));
    let sql = format!(
        "SELECT {COLUMNS} FROM webhook_delivery WHERE tenant_id = $1 AND subscription_id = $2 AND delivery_id < $3{standing} \
         ORDER BY delivery_id DESC LIMIT $4"
    );
    let before = before.map_or(uuid::Uuid::max(), Id::uuid);
    let parameters: [Value; 4] = [tenant.uuid().into(), id.uuid().into(), before.into(), rows_max.into()];
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    rows.iter().map(delivery).collect()
}

/// Lets everything be tried at once that a receiver is to be told later.
pub(crate) async fn hasten(conn: &impl ConnectionTrait, (tenant, id): Receiver, now: Time) -> Result<(), Fault> {
    const HASTEN: &str = "UPDATE webhook_delivery SET due_time = $3 WHERE tenant_id = $1 AND subscription_id = $2 \
         AND due_time IS NOT NULL AND due_time > $3";
    let parameters: [Value; 3] = [tenant.uuid().into(), id.uuid().into(), now.micros().into()];
    conn.execute_raw(statement(conn, HASTEN, parameters)).await?;
    Ok(())
}

/// Deletes up to so many deliveries that were taken before a time, or whose subscription is gone, from the one behind `after`;
/// answers the last one that was looked at, and how many were deleted; none where there is no more to look at.
pub(crate) async fn delete_old(
    conn: &impl ConnectionTrait,
    after: &(Tenant, Id<Webhook>, Id<Webhooked>),
    before: Time,
    rows_max: i64,
) -> Result<Option<((Tenant, Id<Webhook>, Id<Webhooked>), u64)>, Fault> {
    const LOOK: &str = "SELECT d.tenant_id, d.subscription_id, d.delivery_id, \
         (CASE WHEN d.state = 'delivered' AND d.last_try_time < $4 THEN TRUE ELSE s.subscription_id IS NULL END) \
         FROM webhook_delivery AS d LEFT JOIN webhook_subscription AS s \
             ON s.tenant_id = d.tenant_id AND s.subscription_id = d.subscription_id \
         WHERE (d.tenant_id, d.subscription_id, d.delivery_id) > ($1, $2, $3) \
         ORDER BY d.tenant_id, d.subscription_id, d.delivery_id LIMIT $5";
    let parameters: [Value; 5] = [
        after.0.uuid().into(),
        after.1.uuid().into(),
        after.2.uuid().into(),
        before.micros().into(),
        rows_max.into(),
    ];
    let rows = conn.query_all_raw(statement(conn, LOOK, parameters)).await?;
    let (mut last, mut old) = (None, Vec::new());
    for row in &rows {
        let mut columns = Columns::of(row);
        let key = (columns.tenant()?, columns.id()?, columns.id()?);
        if columns.take::<bool>()? {
            old.push(key);
        }
        last = Some(key);
    }
    let mut deleted: u64 = 0;
    for table in ["webhook_attempt", "webhook_delivery"] {
        deleted = delete(conn, table, &old).await?;
    }
    Ok(last.map(|last| (last, deleted)))
}

async fn delete(
    conn: &impl ConnectionTrait,
    table: &str,
    old: &[(Tenant, Id<Webhook>, Id<Webhooked>)],
) -> Result<u64, Fault> {
    let sql = format!("DELETE FROM {table} WHERE tenant_id = $1 AND subscription_id = $2 AND delivery_id = $3");
    let mut deleted: u64 = 0;
    for (tenant, subscription, delivery) in old {
        let key: [Value; 3] = [tenant.uuid().into(), subscription.uuid().into(), delivery.uuid().into()];
        let outcome = conn.execute_raw(statement(conn, &sql, key)).await?;
        deleted = deleted.saturating_add(outcome.rows_affected());
    }
    Ok(deleted)
}

fn row(delivery: &Delivery) -> Vec<Value> {
    let Delivery { key, told, last, .. } = delivery;
    let due = match delivery.state {
        State::Due(time) => Some(time.micros()),
        State::Waiting | State::Delivered => None,
    };
    vec![
        key.receiver.0.uuid().into(),
        key.receiver.1.uuid().into(),
        key.stream.clone().into(),
        key.position.into(),
        delivery.id.uuid().into(),
        told.id.into(),
        told.kind.clone().into(),
        told.subject.clone().into(),
        told.payload.clone().into(),
        told.time.micros().into(),
        delivery.state.name().into(),
        due.into(),
        delivery.attempts.into(),
        delivery.first_try.map(Time::micros).into(),
        last.as_ref().map(|last| last.start.micros()).into(),
        last.as_ref().map_or(0, |last| last.code).into(),
        last.as_ref().map_or(0, |last| micros(last.took)).into(),
        last.as_ref()
            .map_or_else(String::new, |last| last.answer.clone())
            .into(),
    ]
}

fn delivery(row: &QueryResult) -> Result<Delivery, Fault> {
    let mut columns = Columns::of(row);
    let tenant = columns.tenant()?;
    let key = Key {
        receiver: (tenant, columns.id()?),
        stream: columns.take()?,
        position: columns.take()?,
    };
    let id = columns.id()?;
    let told = Telling {
        id: columns.take()?,
        tenant,
        kind: columns.take()?,
        subject: columns.take()?,
        payload: columns.take()?,
        time: columns.time()?,
    };
    let state = state(&columns.take::<String>()?, columns.optional_time()?)?;
    let (attempts, first_try) = (columns.take()?, columns.optional_time()?);
    let start = columns.optional_time()?;
    let (code, took, answer) = (columns.take()?, duration(columns.take()?), columns.take()?);
    let last = start.map(|start| LastTry {
        start,
        code,
        took,
        answer,
    });
    Ok(Delivery {
        key,
        id,
        told,
        state,
        attempts,
        first_try,
        last,
    })
}

fn state(name: &str, due: Option<Time>) -> Result<State, Fault> {
    match (name, due) {
        ("waiting", None) => Ok(State::Waiting),
        ("delivered", None) => Ok(State::Delivered),
        ("due", Some(time)) => Ok(State::Due(time)),
        (other, _) => Err(unreadable("webhook_delivery", other)),
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn duration(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}
