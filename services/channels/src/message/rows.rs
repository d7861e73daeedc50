use channel_protocols::Message;
use fault::Fault;
use kernel::{Tenant, Time};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Columns, statement, stuck, unreadable};

use super::hand_on::HAND_ON;
use super::{Kept, MessageId, Settled, State};
use crate::account::AccountId;

const COLUMNS: &str = "message_id, account_id, source_id, kind, content, event_time, receive_time, state, problem, settle_time, \
     replays";

/// Keeps a message that has not come before; answers whether it has not.
pub(crate) async fn insert_once(conn: &impl ConnectionTrait, tenant: Tenant, kept: &Kept) -> Result<bool, Fault> {
    let sql = format!(
        "INSERT INTO channel_message (tenant_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         ON CONFLICT (tenant_id, account_id, source_id) DO NOTHING"
    );
    let parameters: [Value; 12] = [
        tenant.uuid().into(),
        kept.id.uuid().into(),
        kept.account_id.uuid().into(),
        kept.message.source_id.clone().into(),
        kept.message.kind.clone().into(),
        kept.message.content.to_string().into(),
        kept.message.event_time.map(Time::micros).into(),
        kept.receive_time.micros().into(),
        kept.state.name().into(),
        kept.problem.clone().into(),
        kept.settle_time.map(Time::micros).into(),
        kept.replays.into(),
    ];
    let inserted = conn.execute_raw(statement(conn, &sql, parameters)).await?;
    Ok(inserted.rows_affected() == 1)
}

pub(crate) async fn find(conn: &impl ConnectionTrait, tenant: Tenant, id: MessageId) -> Result<Option<Kept>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM channel_message WHERE tenant_id = $1 AND message_id = $2");
    let row = conn
        .query_one_raw(statement(conn, &sql, [tenant.uuid().into(), id.uuid().into()]))
        .await?;
    row.as_ref().map(kept).transpose()
}

/// The message that an account's platform knows by an id.
pub(crate) async fn find_by_source(
    conn: &impl ConnectionTrait,
    tenant: Tenant,
    (account_id, source_id): (AccountId, &str),
) -> Result<Option<Kept>, Fault> {
    let sql =
        format!("SELECT {COLUMNS} FROM channel_message WHERE tenant_id = $1 AND account_id = $2 AND source_id = $3");
    let parameters: [Value; 3] = [tenant.uuid().into(), account_id.uuid().into(), source_id.into()];
    let row = conn.query_one_raw(statement(conn, &sql, parameters)).await?;
    row.as_ref().map(kept).transpose()
}

/// Messages of an account in the order in which they came, from the one after `after`; of one state, or of all.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    (tenant, account_id): (Tenant, AccountId),
    state: Option<State>,
    after: Option<MessageId>,
    rows_max: i64,
) -> Result<Vec<Kept>, Fault> {
    let of_state = match state {
        Some(_) => " AND state = $5",
        None => "",
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM channel_message WHERE tenant_id = $1 AND account_id = $2 AND message_id > $3{of_state} \
         ORDER BY message_id LIMIT $4"
    );
    let parameters: [Value; 4] = [
        tenant.uuid().into(),
        account_id.uuid().into(),
        after.map(MessageId::uuid).unwrap_or_default().into(),
        rows_max.into(),
    ];
    let parameters = parameters.into_iter().chain(state.map(|state| state.name().into()));
    let rows = conn.query_all_raw(statement(conn, &sql, parameters)).await?;
    rows.iter().map(kept).collect()
}

/// Messages of one tenant that wait to be handed on and are not set aside: of the first one after another tenant that has any.
pub(crate) async fn waiting_after(
    conn: &impl ConnectionTrait,
    turn: Tenant,
    now: Time,
    rows_max: i64,
) -> Result<Option<(Tenant, Vec<Kept>)>, Fault> {
    let item = stuck::id_text(conn.get_database_backend(), "channel_message.message_id");
    let is_free = stuck::is_free(HAND_ON, "channel_message.tenant_id", &item, "$2");
    let first = format!(
        "SELECT tenant_id FROM channel_message WHERE state = 'received' AND tenant_id > $1 AND {is_free} \
         ORDER BY tenant_id, message_id LIMIT 1"
    );
    let parameters: [Value; 2] = [turn.uuid().into(), now.micros().into()];
    let Some(row) = conn.query_one_raw(statement(conn, &first, parameters)).await? else {
        return Ok(None);
    };
    let tenant = Columns::of(&row).tenant()?;
    let page = format!(
        "SELECT {COLUMNS} FROM channel_message WHERE state = 'received' AND tenant_id = $1 AND {is_free} \
         ORDER BY message_id LIMIT $3"
    );
    let parameters: [Value; 3] = [tenant.uuid().into(), now.micros().into(), rows_max.into()];
    let rows = conn.query_all_raw(statement(conn, &page, parameters)).await?;
    let waiting: Vec<Kept> = rows.iter().map(kept).collect::<Result<_, _>>()?;
    Ok(Some((tenant, waiting)))
}

/// Writes down what became of a message that waited.
pub(crate) async fn settle(
    conn: &impl ConnectionTrait,
    (tenant, id): (Tenant, MessageId),
    settled: &Settled,
    now: Time,
) -> Result<(), Fault> {
    const SETTLE: &str = "UPDATE channel_message SET state = $3, problem = $4, settle_time = $5 \
         WHERE tenant_id = $1 AND message_id = $2 AND state = 'received'";
    let parameters: [Value; 5] = [
        tenant.uuid().into(),
        id.uuid().into(),
        settled.state().name().into(),
        settled.problem().into(),
        now.micros().into(),
    ];
    conn.execute_raw(statement(conn, SETTLE, parameters)).await?;
    Ok(())
}

/// Lets a message wait again that was not handed on; answers whether it does.
pub(crate) async fn take_up(
    conn: &impl ConnectionTrait,
    (tenant, account_id): (Tenant, AccountId),
    id: MessageId,
) -> Result<bool, Fault> {
    const TAKE_UP: &str = "UPDATE channel_message SET state = 'received', problem = '', settle_time = NULL, \
         replays = replays + 1 \
         WHERE tenant_id = $1 AND account_id = $2 AND message_id = $3 AND state IN ('not_understood', 'refused')";
    let parameters: [Value; 3] = [tenant.uuid().into(), account_id.uuid().into(), id.uuid().into()];
    let updated = conn.execute_raw(statement(conn, TAKE_UP, parameters)).await?;
    Ok(updated.rows_affected() == 1)
}

fn kept(row: &QueryResult) -> Result<Kept, Fault> {
    let mut columns = Columns::of(row);
    let (id, account_id) = (columns.id()?, columns.id()?);
    let (source_id, kind): (String, String) = (columns.take()?, columns.take()?);
    let content: String = columns.take()?;
    let message = Message {
        source_id,
        kind,
        content: serde_json::from_str(&content).map_err(Fault::internal)?,
        event_time: columns.optional_time()?,
    };
    let receive_time = columns.time()?;
    let state: String = columns.take()?;
    let known = State::ALL.into_iter().find(|known| known.name() == state);
    Ok(Kept {
        id,
        account_id,
        message,
        state: known.ok_or_else(|| unreadable("channel_message", state))?,
        problem: columns.take()?,
        receive_time,
        settle_time: columns.optional_time()?,
        replays: columns.take()?,
    })
}
