use contracts_points::v1::{ListEntriesRequest, ListEntriesResponse};
use fault::Fault;
use kernel::Page;
use ledger::AccountKey;
use rpc::Call;

use crate::account::wire::entry_to_wire;
use crate::api::PointsApi;
use crate::posting::entries::list_entries;
use crate::wire::{parse_cursor, parse_id};

impl PointsApi {
    pub(crate) async fn list_entries(&self, call: Call<ListEntriesRequest>) -> Result<ListEntriesResponse, Fault> {
        let member = parse_id("member_id", &call.member_id)?;
        let filter = format!("entries {} {}", call.member_id, call.asset_code);
        let page = Page::parse(filter, call.page_size, &call.page_token)?;
        let before = match page.text()? {
            Some(cursor) => parse_cursor(Some(&cursor))?,
            None => i64::MAX,
        };
        let key = AccountKey {
            tenant: call.tenant(),
            member,
            asset: call.asset_code.as_str().into(),
        };
        let mut rows = list_entries(self.db.read(), &key, before, page.rows_max()).await?;
        let next_page_token = page.cut(&mut rows, |entry| entry.sequence.to_string());
        Ok(ListEntriesResponse {
            entries: rows.iter().map(entry_to_wire).collect(),
            next_page_token,
        })
    }
}
