use contracts_points::v1::{ListFrozenAccountsRequest, ListFrozenAccountsResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::freezes::open_freezes;
use crate::api::PointsApi;
use crate::proof::wire::{format_account, freeze_to_wire, parse_account};

impl PointsApi {
    pub(crate) async fn list_frozen_accounts(
        &self,
        call: Call<ListFrozenAccountsRequest>,
    ) -> Result<ListFrozenAccountsResponse, Fault> {
        let page = Page::parse("frozen accounts", call.page_size, &call.page_token)?;
        let (member, asset) = parse_account(page.text()?.as_deref())?;
        let mut rows = open_freezes(self.db.read(), call.tenant(), (member, &asset), page.rows_max()).await?;
        let next_page_token = page.cut(&mut rows, |row| format_account(&row.key));
        Ok(ListFrozenAccountsResponse {
            frozen_accounts: rows.iter().map(freeze_to_wire).collect(),
            next_page_token,
        })
    }
}
