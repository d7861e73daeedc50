use contracts_points::v1::{Disagreement, ReconcileAccountsRequest, ReconcileAccountsResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::reconcile::rows::{ReconcileRow, reconcile};
use super::wire::parse_account;
use crate::api::PointsApi;
use crate::pool::wire::holder_to_wire;

/// How many accounts are checked where the caller names no number.
const ACCOUNTS_DEFAULT: i32 = 500;

impl PointsApi {
    pub(crate) async fn reconcile_accounts(
        &self,
        call: Call<ReconcileAccountsRequest>,
    ) -> Result<ReconcileAccountsResponse, Fault> {
        let size = if call.page_size == 0 {
            ACCOUNTS_DEFAULT
        } else {
            call.page_size
        };
        let page = Page::of_size(
            "reconcile",
            u64::try_from(size).map_err(Fault::internal)?,
            &call.page_token,
        )?;
        let (member, asset) = parse_account(page.text()?.as_deref())?;
        let mut rows = reconcile(self.db.read(), call.tenant(), (member, &asset), page.rows_max()).await?;
        let next_page_token = page.cut(&mut rows, |row| format!("{} {}", row.member, row.asset));
        let disagreements: Vec<Disagreement> = rows
            .iter()
            .filter(|row| !row.agrees())
            .map(disagreement_to_wire)
            .collect();
        for found in &disagreements {
            tracing::error!(tenant = %call.tenant(), disagreement = ?found, "an account does not agree with itself");
        }
        let checked_count = i32::try_from(rows.len()).map_err(Fault::internal)?;
        Ok(ReconcileAccountsResponse {
            checked_count,
            disagreements,
            next_page_token,
        })
    }
}

fn disagreement_to_wire(row: &ReconcileRow) -> Disagreement {
    Disagreement {
        member_id: holder_to_wire(row.member),
        asset_code: row.asset.to_string(),
        balance: row.balance,
        entries_sum: row.entries_sum,
        last_entry_balance: row.last_entry_balance,
        lots_sum: row.lots_sum,
        sequence: row.sequence,
        entry_count: row.entry_count,
        last_entry_sequence: row.last_entry_sequence,
        held: row.held,
        lots_held: row.lots_held,
        holds_sum: row.holds_sum,
        debt: row.debt,
        entries_debt: row.entries_debt,
        pending: row.pending,
        lots_pending: row.lots_pending,
    }
}
