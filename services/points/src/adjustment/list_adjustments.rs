use contracts_points::v1::{ListAdjustmentsRequest, ListAdjustmentsResponse};
use fault::Fault;
use kernel::Page;
use ledger::{AdjustmentId, AdjustmentState};
use rpc::Call;
use uuid::Uuid;

use super::rows::list_adjustments;
use super::wire::adjustment_to_wire;
use crate::api::PointsApi;
use crate::wire::parse_cursor;

impl PointsApi {
    pub(crate) async fn list_adjustments(
        &self,
        call: Call<ListAdjustmentsRequest>,
    ) -> Result<ListAdjustmentsResponse, Fault> {
        let filter = format!("adjustments {}", call.state);
        let page = Page::parse(filter, call.page_size, &call.page_token)?;
        let before = match page.text()? {
            Some(cursor) => parse_cursor(Some(&cursor))?,
            None => AdjustmentId::from_uuid(Uuid::max()),
        };
        let state = AdjustmentState::from_number(call.state);
        let mut rows = list_adjustments(self.db.read(), call.tenant(), state, before, page.rows_max()).await?;
        let next_page_token = page.cut(&mut rows, |adjustment| adjustment.id.to_string());
        Ok(ListAdjustmentsResponse {
            adjustments: rows.iter().map(adjustment_to_wire).collect(),
            next_page_token,
        })
    }
}
