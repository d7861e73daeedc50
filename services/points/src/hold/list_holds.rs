use contracts_points::v1::{ListHoldsRequest, ListHoldsResponse};
use fault::Fault;
use kernel::Page;
use ledger::{AccountKey, HoldId};
use rpc::Call;
use uuid::Uuid;

use super::rows::list_holds;
use super::wire::hold_to_wire;
use crate::api::PointsApi;
use crate::wire::{parse_cursor, parse_id};

impl PointsApi {
    pub(crate) async fn list_holds(&self, call: Call<ListHoldsRequest>) -> Result<ListHoldsResponse, Fault> {
        let member = parse_id("member_id", &call.member_id)?;
        let filter = format!("holds {} {} {}", call.member_id, call.asset_code, call.open_only);
        let page = Page::parse(filter, call.page_size, &call.page_token)?;
        let before = match page.text()? {
            Some(cursor) => parse_cursor(Some(&cursor))?,
            None => HoldId::from_uuid(Uuid::max()),
        };
        let key = AccountKey {
            tenant: call.tenant(),
            member,
            asset: call.asset_code.as_str().into(),
        };
        let mut rows = list_holds(self.db.read(), &key, call.open_only, before, page.rows_max()).await?;
        let next_page_token = page.cut(&mut rows, |hold| hold.id.to_string());
        Ok(ListHoldsResponse {
            holds: rows.iter().map(hold_to_wire).collect(),
            next_page_token,
        })
    }
}
