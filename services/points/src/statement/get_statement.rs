use contracts_points::v1::{GetStatementRequest, GetStatementResponse, StatementTotal};
use fault::Fault;
use kernel::{Page, Time};
use ledger::AccountKey;
use rpc::Call;

use super::rows::{KindTotal, LastEntry, head, last_before, totals};
use crate::account::wire::entry_to_wire;
use crate::api::PointsApi;
use crate::asset::rows::asset;
use crate::posting::entries::entries_between;
use crate::wire::{parse_cursor, parse_id, parse_time, sum_to_wire};

impl PointsApi {
    pub(crate) async fn get_statement(&self, call: Call<GetStatementRequest>) -> Result<GetStatementResponse, Fault> {
        let key = AccountKey {
            tenant: call.tenant(),
            member: parse_id("member_id", &call.member_id)?,
            asset: call.asset_code.as_str().into(),
        };
        let start = parse_time("start_time", call.start_time.as_ref())?.unwrap_or(Time::from_micros(i64::MIN));
        let end = parse_time("end_time", call.end_time.as_ref())?.unwrap_or(Time::MAX);
        if end <= start {
            return Err(Fault::invalid("end_time", "must lie after start_time"));
        }
        let filter = format!(
            "statement {} {} {} {}",
            key.member,
            key.asset,
            start.micros(),
            end.micros()
        );
        let page = Page::parse(filter, call.page_size, &call.page_token)?;

        let db = self.db.read();
        let Some(head) = head(db, &key).await? else {
            asset(db, key.tenant, &key.asset).await?;
            return Ok(GetStatementResponse::default());
        };
        // Every page ends where the first one did, whatever is posted meanwhile.
        let (after, until) = match page.text()? {
            Some(cursor) => parse_place(&cursor)?,
            None => (None, head.sequence),
        };
        let opening = last_before(db, &key, until, start).await?;
        let closing = last_before(db, &key, until, end).await?;
        let from = after.unwrap_or(opening.sequence);
        let mut entries = entries_between(db, &key, from, closing.sequence, page.rows_max()).await?;
        let next_page_token = page.cut(&mut entries, |entry| format!("{} {until}", entry.sequence));
        let totals = match after {
            None => totals(db, &key, opening.sequence, closing.sequence).await?,
            Some(_) => Vec::new(),
        };
        answer(
            opening,
            closing,
            &totals,
            GetStatementResponse {
                entries: entries.iter().map(entry_to_wire).collect(),
                next_page_token,
                ..GetStatementResponse::default()
            },
        )
    }
}

fn answer(
    opening: LastEntry,
    closing: LastEntry,
    totals: &[KindTotal],
    page: GetStatementResponse,
) -> Result<GetStatementResponse, Fault> {
    let total = |it: &KindTotal| {
        Ok(StatementTotal {
            kind: it.kind.number(),
            amount: sum_to_wire("totals.amount", it.amount)?,
            entry_count: it.count,
        })
    };
    Ok(GetStatementResponse {
        opening_balance: opening.balance,
        closing_balance: closing.balance,
        totals: totals.iter().map(total).collect::<Result<_, Fault>>()?,
        ..page
    })
}

/// After which entry a page begins, and the account's last entry when the first page was asked for.
fn parse_place(cursor: &str) -> Result<(Option<i64>, i64), Fault> {
    let mut parts = cursor.split(' ');
    let after = parse_cursor(parts.next())?;
    Ok((Some(after), parse_cursor(parts.next())?))
}
